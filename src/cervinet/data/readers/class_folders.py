"""A folder a class: `root/Type_1/a.jpg`, or `root/train/Type_1/a.jpg` beside `root/test/…`."""

from pathlib import Path

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
    rows, ignored, filled = [], [], set()
    parts = split_folders(root) or {None: root}
    for split, folder in parts.items():
        for path, reason in scan(folder):
            below = path.parts[len(folder.parts) :]
            if not reason and len(below) < 2:
                reason = "not in a class folder"
            if not reason and sublabels and len(below) < 3:
                reason = "not in a subclass folder"
            if reason:
                ignored.append((path, reason))
                continue
            filled.add(folder / below[0])
            image = "/".join(path.parts[len(root.parts) :])
            sublabel = below[1] if sublabels else None
            rows.append({"image": image, "label": below[0], "sublabel": sublabel, "split": split})
    empty = [f for folder in parts.values() for f in folders_in(folder) if f not in filled]
    if empty:
        raise DataError(f"the class folder {empty[0]} has no pictures in it; add some, or remove the folder")
    return Manifest(table_of(rows), root, ignored=ignored_table(root, ignored))
