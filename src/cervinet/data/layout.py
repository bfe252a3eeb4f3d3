"""How the pictures under a folder lie: which reader would read them, with which options."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cervinet.data.folders import split_folders, why_ignored
from cervinet.data.manifest import IMAGE_SUFFIXES
from cervinet.data.readers.table import read_table
from cervinet.errors import DataError

# What the columns of medical image tables are usually called, best guess first.
_COLUMNS = {
    "image": ("image", "image_id", "image_name", "filename", "file_name", "file", "path", "image_path", "img", "id"),
    "label": ("label", "class", "diagnosis", "dx", "target", "category", "type", "y"),
    "group": ("patient_id", "patient", "subject_id", "subject", "case_id", "case", "group", "lesion_id"),
    "split": ("split", "set", "fold", "subset"),
}
_SAMPLED = 200


@dataclass(frozen=True)
class Layout:
    """A reader for the pictures.

    Attributes:
        reader: class_folders or table.
        root: `data.root` for it.
        options: of the reader.
        found: what was concluded from what, for people.
    """

    reader: str
    root: Path
    options: dict[str, str] = field(default_factory=dict)
    found: str = ""


def find_layout(folder: Path) -> Layout:
    """A table if there is one that names its pictures and labels, else a folder a class.

    Raises:
        DataError: there is neither.
    """
    if folder.is_file():
        if folder.suffix.lower() in IMAGE_SUFFIXES:
            raise DataError(f"{folder} is a picture; name the folder that holds the pictures, or a table of them")
        return _table_layout(folder, folder.parent)
    if not folder.is_dir():
        raise DataError(f"there is no folder or table {folder}; name the folder that holds the pictures")
    tables = [p for p in sorted(folder.iterdir()) if p.suffix.lower() in (".csv", ".parquet", ".pq")]
    problems = []
    for path in tables:
        if _is_predictions(path):
            continue
        try:
            return _table_layout(path, folder)
        except DataError as error:
            problems.append(error)
    classes = [p for p in folder.iterdir() if p.is_dir() and not p.name.startswith(".") and _has_picture(p)]
    if classes and not (problems and len(classes) == 1):
        splits = ", ".join(str(name) for name in split_folders(folder))
        found = f"read as folders for {splits} with a folder a class" if splits else "read as a folder a class"
        return Layout("class_folders", folder, found=found)
    if problems:
        raise problems[0]
    raise DataError(
        f"{folder} has neither class folders with pictures (FOLDER/class/picture.jpg) nor a table of them; "
        "arrange the pictures in a folder a class, or bring a CSV with the columns image and label"
    )


def _is_predictions(path: Path) -> bool:
    """Whether a table is what `cervinet predict --csv` writes, and so no table of labels."""
    with path.open("rb") as file:
        return file.readline().startswith(b"image,class,p_")


def _table_layout(path: Path, folder: Path) -> Layout:
    frame = read_table(path)
    by_lower = {str(column).lower(): str(column) for column in frame.columns}
    columns = {
        role: next((by_lower[name] for name in names if name in by_lower), None) for role, names in _COLUMNS.items()
    }
    for role in ("image", "label"):
        if columns[role] is None:
            raise DataError(
                f"{path} must have a column of {role}s; none of its columns ({', '.join(map(str, frame.columns))}) is "
                f"called {', '.join(_COLUMNS[role][:4])} …: rename it, or name it by data.reader.table.{role}"
            )
    if columns["split"] and not set(frame[columns["split"]].dropna()) <= {"train", "val", "test"}:
        columns["split"] = None
    root, suffix = _place_of(frame[columns["image"]].dropna().head(_SAMPLED).tolist(), folder, path)
    # The reader's own defaults need not be said, but group and split have none.
    named = {role: c for role, c in columns.items() if c and (c != role or role in ("group", "split"))}
    options = {"file": Path(os.path.relpath(path, root)).as_posix(), **named} | ({"suffix": suffix} if suffix else {})
    roles = ", ".join(f"{role} in '{column}'" for role, column in columns.items() if column)
    return Layout("table", root, options, f"read by the table {path.name}: {roles}")


def _place_of(names: Sequence[str], folder: Path, table: Path) -> tuple[Path, str]:
    """The folder that most of the names lead from, and the suffix they need: `folder`, or the nearest one below."""
    names = [name.replace("\\", "/") for name in names]
    below = (Path(parent, name) for parent, folders, _ in os.walk(folder) for name in sorted(folders))
    for root in (folder, *below):
        for suffix in ("", *sorted(IMAGE_SUFFIXES)):
            if names and sum((root / f"{name}{suffix}").is_file() for name in names) > len(names) / 2:
                return root, suffix
    first = names[0] if names else ""
    raise DataError(
        f"{table} names pictures such as '{first}', most of which are in no one folder under {folder}; "
        "name them by their path from the folder of the table"
    )


def _has_picture(folder: Path) -> bool:
    return any(not why_ignored(name) for _, _, files in os.walk(folder) for name in files)
