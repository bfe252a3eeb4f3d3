"""What lies below a folder: pictures, split and class folders, and what is passed over and why."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd

from cervinet.data.manifest import IMAGE_SUFFIXES
from cervinet.errors import DataError
from cervinet.escape import for_terminal

_SPLIT_FOLDERS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}


def check_root(root: Path) -> None:
    """Raises a DataError unless it is a folder."""
    if not root.is_dir():
        where = "" if root.is_absolute() else f" (looked for in {Path.cwd()})"
        raise DataError(f"data.root must be a folder; {root} is {'a file' if root.exists() else 'not there' + where}")


def folders_in(folder: Path) -> list[Path]:
    """The folders in a folder that are not hidden, by name."""
    return sorted(p for p in folder.iterdir() if not p.name.startswith(".") and p.is_dir())


def split_folders(root: Path) -> dict[str | None, Path]:
    """The folders called train, val, test (or a usual variant) if the first folders are these and no others."""
    folders = folders_in(root)
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

    Links are followed. A hidden folder is passed over as one thing.

    Raises:
        DataError: a folder cannot be read, or a link leads back to a folder around it.
    """
    # Each folder goes with the real places of the folders around it that links were found in.
    waiting: list[tuple[Path, tuple[Path, ...]]] = [(folder, ())]
    while waiting:
        parent, around = waiting.pop()
        below: list[tuple[Path, tuple[Path, ...]]] = []
        for entry in _entries(parent):
            path = Path(parent, entry.name)
            if _is_folder(entry, path):
                if entry.name.startswith("."):
                    yield path, "hidden"
                    continue
                if not why_ignored(entry.name):
                    yield path, "a folder called like a picture"
                below.append((path, _followed(path, around) if entry.is_symlink() else around))
            elif not (reason := why_ignored(entry.name)) and not (entry.is_file() or _is_broken(entry)):
                yield path, "a pipe, socket or device"
            else:
                yield path, reason
        waiting += reversed(below)


def ignored_table(root: Path, ignored: Iterable[tuple[Path, str]]) -> pd.DataFrame:
    """Paths below `root` and the reason each was passed over, as a manifest keeps them."""
    rows = [{"image": path.relative_to(root).as_posix(), "reason": reason} for path, reason in ignored]
    return pd.DataFrame(rows, columns=["image", "reason"], dtype=object)


def why_ignored(name: str) -> str:
    """Why a file of this name is no picture, or an empty text. `._x.jpg` is macOS's companion of `x.jpg`."""
    if name.startswith("."):
        return "hidden"
    if name.lower() in ("thumbs.db", "desktop.ini"):
        return "of the file browser"
    return "" if os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES else "not an image"


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """Files by name, then folders by name."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise DataError(
            f"the folder {for_terminal(folder)} cannot be read: {error.strerror}; "
            "change its permissions, or take it out of the data"
        ) from None


def _is_folder(entry: os.DirEntry[str], path: Path) -> bool:
    try:
        return entry.is_dir()
    except OSError as error:  # a link to itself
        raise DataError(
            f"the link {for_terminal(path)} leads nowhere: {error.strerror}; remove it, or correct what it leads to"
        ) from None


def _is_broken(entry: os.DirEntry[str]) -> bool:
    """Whether it is a link to nothing; the check of the files names it."""
    return entry.is_symlink() and not os.path.exists(entry.path)


def _followed(link: Path, around: tuple[Path, ...]) -> tuple[Path, ...]:
    """The places around what a link leads to. A walk is endless only through a link to a folder around it."""
    target, places = link.resolve(), (*around, link.parent.resolve())
    if any(place.is_relative_to(target) for place in places):
        raise DataError(
            f"the link {for_terminal(link)} leads to {for_terminal(target)}, a folder around it, and so without end; "
            "remove the link, or name a folder without it"
        )
    return places
