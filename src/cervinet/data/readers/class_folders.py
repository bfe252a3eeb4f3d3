"""A folder a class: `root/Type_1/a.jpg`, or `root/train/Type_1/a.jpg` beside `root/test/…`."""

from pathlib import Path, PurePosixPath

from cervinet.data.folders import check_root, folders_in, ignored_table, scan, split_folders
from cervinet.data.manifest import Manifest, table_of
from cervinet.data.readers.sample import Sample, write_pictures
from cervinet.errors import DataError
from cervinet.registry import register


def _sample(root: Path) -> Sample:
    rows = [
        {"image": f"{split}/{label}/{kind}/{n}.png", "label": label, "sublabel": kind, "split": split}
        for split in ("train", "test")
        for label, kind in (("brain", "glioma"), ("brain", "pituitary"), ("lung", "squamous"))
        for n in (1, 2)
    ]
    write_pictures(root, [row["image"] for row in rows])
    return Sample(root, {"sublabels": True}, rows)


@register("reader", sample=_sample)
def class_folders(root: Path, *, sublabels: bool = False) -> Manifest:
    """A folder a class; where the first folders are called train, val and test, those are the splits.

    Args:
        root: the folder of the class folders, or of the split folders.
        sublabels: the second folder is a finer class (`class/subclass/image`); otherwise deeper folders
            belong to the class of the first.
    """
    check_root(root)
    rows, ignored = [], []
    parts = split_folders(root) or {None: root}
    for split, folder in parts.items():
        for path, reason in scan(folder):
            below = PurePosixPath(path.relative_to(folder).as_posix()).parts
            if not reason and len(below) < 2:
                reason = "not in a class folder"
            if not reason and sublabels and len(below) < 3:
                reason = "not in a subclass folder"
            if reason:
                ignored.append((path, reason))
                continue
            image = path.relative_to(root).as_posix()
            sublabel = below[1] if sublabels else None
            rows.append({"image": image, "label": below[0], "sublabel": sublabel, "split": split})
    empty = [f for folder in parts.values() for f in folders_in(folder) if not _has_row(f, root, rows)]
    if empty:
        raise DataError(f"the class folder {empty[0]} has no pictures in it; add some, or remove the folder")
    return Manifest(table_of(rows), root, ignored=ignored_table(root, ignored))


def _has_row(folder: Path, root: Path, rows: list[dict[str, str | None]]) -> bool:
    prefix = folder.relative_to(root).as_posix() + "/"
    return any(str(row["image"]).startswith(prefix) for row in rows)
