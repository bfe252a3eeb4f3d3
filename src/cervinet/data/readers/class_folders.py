"""A folder a class: `root/Type_1/a.jpg`, or `root/train/Type_1/a.jpg` beside `root/test/…`."""

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pandas as pd

from cervinet.data.manifest import IMAGE_SUFFIXES, Manifest, table_of
from cervinet.errors import DataError
from cervinet.registry import register

_SPLIT_FOLDERS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}


@register("reader")
def class_folders(root: Path, *, sublabels: bool = False) -> Manifest:
    """A folder a class; where the first folders are called train, val and test, those are the splits.

    Args:
        root: the folder of the class folders, or of the split folders.
        sublabels: the second folder is a finer class (`class/subclass/image`); otherwise deeper folders
            belong to the class of the first.
    """
    if not root.is_dir():
        where = "" if root.is_absolute() else f" (looked for in {Path.cwd()})"
        raise DataError(f"data.root must be a folder; {root} is {'a file' if root.exists() else 'not there' + where}")
    rows, ignored = [], []
    parts = split_folders(root) or {None: root}
    for split, folder in parts.items():
        for path, reason in scan(folder):
            image = path.relative_to(root).as_posix()
            below = PurePosixPath(path.relative_to(folder).as_posix()).parts
            if not reason and len(below) < 2:
                reason = "not in a class folder"
            if not reason and sublabels and len(below) < 3:
                reason = "not in a subclass folder"
            if reason:
                ignored.append({"image": image, "reason": reason})
                continue
            sublabel = below[1] if sublabels else None
            rows.append({"image": image, "label": below[0], "sublabel": sublabel, "split": split})
    empty = [f for folder in parts.values() for f in _class_folders(folder) if not _has_row(f, root, rows)]
    if empty:
        raise DataError(f"the class folder {empty[0]} has no pictures in it; add some, or remove the folder")
    return Manifest(table_of(rows), root, ignored=pd.DataFrame(ignored, columns=["image", "reason"], dtype=object))


def split_folders(root: Path) -> dict[str | None, Path]:
    """The folders called train, val, test (or a usual variant) if the first folders are these and no others."""
    folders = _class_folders(root)
    splits = {_SPLIT_FOLDERS.get(folder.name.lower()): folder for folder in folders}
    if "train" not in splits or len(folders) < 2:
        return {}
    if None in splits:
        raise DataError(
            f"{root} has the folder {splits['train'].name} beside {splits[None].name}: is it a split or a class? "
            f"Move {splits[None].name} away if it is a split, or rename {splits['train'].name} if it is a class"
        )
    if len(splits) < len(folders):
        names = ", ".join(folder.name for folder in folders)
        raise DataError(f"{root} must have one folder for each split; got {names}: merge those that mean the same")
    return {s: splits[s] for s in ("train", "val", "test") if s in splits}


def scan(folder: Path) -> Iterator[tuple[Path, str]]:
    """Every file below a folder in a fixed order, with the reason to ignore it or an empty text.

    A hidden folder is passed over as one thing.
    """
    for parent, folders, files in os.walk(folder, followlinks=True):
        yield from ((Path(parent, f), "hidden") for f in sorted(folders) if f.startswith("."))
        folders[:] = sorted(f for f in folders if not f.startswith(".") and not _leads_back(Path(parent, f)))
        for name in sorted(files):
            yield Path(parent, name), why_ignored(name)


def _leads_back(folder: Path) -> bool:
    """Whether it is a link to a folder around it, which would never end."""
    return folder.is_symlink() and folder.parent.resolve().is_relative_to(folder.resolve())


def why_ignored(name: str) -> str:
    """Why a file of this name is no picture, or an empty text. `._x.jpg` is macOS's companion of `x.jpg`."""
    if name.startswith("."):
        return "hidden"
    if name.lower() in ("thumbs.db", "desktop.ini"):
        return "of the file browser"
    suffix = Path(name).suffix.lower()
    if suffix in (".dcm", ".dicom"):
        return "DICOM, to be converted first"
    return "" if suffix in IMAGE_SUFFIXES else "not an image"


def _class_folders(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))


def _has_row(folder: Path, root: Path, rows: list[dict[str, str | None]]) -> bool:
    prefix = folder.relative_to(root).as_posix() + "/"
    return any(str(row["image"]).startswith(prefix) for row in rows)
