"""How the pictures under a folder lie: which reader would read them, with which options."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from cervinet.data.folders import folders_in, scan, split_folders, why_ignored
from cervinet.data.manifest import IMAGE_SUFFIXES
from cervinet.data.readers.image_mask_pairs import DEFAULT_SUFFIX, mask_pattern
from cervinet.data.readers.kaggle_cervix import CLASSES, SOLUTION, additional_folders
from cervinet.data.readers.pixel_cells import header_of
from cervinet.data.readers.pixel_table import is_pixel_column
from cervinet.data.readers.table import read_table
from cervinet.errors import DataError

# What the columns of medical image tables are usually called, best guess first.
_COLUMNS = {
    "image": ("image", "image_id", "image_name", "filename", "file_name", "file", "path", "image_path", "img", "id"),
    "label": ("label", "class", "diagnosis", "dx", "target", "category", "type", "y"),
    "group": ("patient_id", "patient", "subject_id", "subject", "case_id", "case", "group", "lesion_id"),
    "site": ("site", "clinic", "hospital", "center", "centre"),
    "split": ("split", "set", "fold", "subset"),
    "mask": ("mask", "masks", "mask_path"),
}
_BOXES = (("x", "y", "w", "h"), ("x", "y", "width", "height"), ("box_x", "box_y", "box_w", "box_h"))
_SAMPLED = 200
_UNUSED_SHOWN = 8
_TABLES = (".csv", ".csv.gz", ".parquet", ".pq")


@dataclass(frozen=True)
class Layout:
    """A reader for the pictures.

    Attributes:
        reader: the name of a registered reader.
        root: `data.root` for it.
        options: of the reader.
        found: what was concluded from what, for people.
    """

    reader: str
    root: Path
    options: dict[str, Any] = field(default_factory=dict)
    found: str = ""


def find_layout(folder: Path) -> Layout:
    """Kaggle's cervix pictures, a table if there is one of pixels or of pictures and labels, else a folder a class.

    Raises:
        DataError: there is neither.
    """
    if folder.is_file():
        if folder.suffix.lower() in IMAGE_SUFFIXES:
            raise DataError(f"{folder} is a picture; name the folder that holds the pictures, or a table of them")
        return _table_layout(folder, folder.parent)
    if not folder.is_dir():
        raise DataError(f"there is no folder or table {folder}; name the folder that holds the pictures")
    if kaggle := _kaggle_layout(folder):
        return kaggle
    tables = [p for p in sorted(folder.iterdir()) if p.name.lower().endswith(_TABLES) and p.is_file()]
    problems = []
    for path in tables:
        if _is_predictions(path):
            continue
        try:
            return _table_layout(path, folder)
        except DataError as error:
            problems.append(error)
    classes = [p for p in folders_in(folder) if _has_picture(p)]
    if classes and not (problems and len(classes) == 1):
        layout = _folder_layout(folder)
        return replace(layout, found=f"{layout.found}, and not by a table: {problems[0]}") if problems else layout
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


def _kaggle_layout(folder: Path) -> Layout | None:
    """The competition's, if there is more than its class folders, which class_folders would not understand."""
    train = folder / "train" if (folder / "train" / CLASSES[0]).is_dir() else folder
    if not all((train / label).is_dir() for label in CLASSES):
        return None
    boxes = [place.name for place in folders_in(folder) if any(place.glob("Type_*_bbox.tsv"))]
    additional = bool(additional_folders(folder))
    test = (folder / SOLUTION).is_file() and (folder / "test").is_dir()
    if not (boxes or additional or test or (folder / "test_stg2").is_dir()):
        return None
    options: dict[str, Any] = ({"boxes": boxes[0]} if boxes else {}) | ({"test": True} if test else {})
    found = "read as Kaggle's cervix pictures"
    found += f", with the boxes in {boxes[0]}" if boxes else ""
    found += ", tested on the labelled pictures of test" if test else ""
    found += ", without the additional ones (additional: true takes them)" if additional else ""
    return Layout("kaggle_cervix", folder, options, found)


def _folder_layout(folder: Path) -> Layout:
    """Class folders, with or without masks and folders of finer classes."""
    splits = split_folders(folder)
    names = ", ".join(str(name) for name in splits)
    found = f"read as folders for {names} with a folder a class" if splits else "read as a folder a class"
    options: dict[str, Any] = {}
    class_folders = [one for part in splits.values() or [folder] for one in folders_in(part) if _has_picture(one)]
    if class_folders and all(map(_holds_subclasses, class_folders)):
        options = {"sublabels": True}
        found += ", in it a folder a subclass (if these are patients, set sublabels: false and take groups from them)"
    if any(map(_has_masks, class_folders)):
        return Layout("image_mask_pairs", folder, options, f"{found}, with masks (…{DEFAULT_SUFFIX}.png) beside them")
    return Layout("class_folders", folder, options, found)


def _holds_subclasses(folder: Path) -> bool:
    """Whether a class folder holds pictures in folders only."""
    return not any(not why_ignored(p.name) and p.is_file() for p in folder.iterdir())


def _has_masks(folder: Path) -> bool:
    pattern = mask_pattern(DEFAULT_SUFFIX)
    paths = [os.fspath(path) for path, reason in scan(folder) if not reason]
    stems = {os.path.splitext(path)[0] for path in paths}
    return any(match["stem"] in stems for path in paths if (match := pattern.fullmatch(path)))


def _is_pixel_table(path: Path) -> bool:
    if path.suffix.lower() in (".parquet", ".pq"):
        return False
    try:
        header, _ = header_of(path)
    except DataError:
        return False  # the reader of tables says what is wrong with it
    return sum(map(is_pixel_column, header)) > len(header) / 2


def _table_layout(path: Path, folder: Path) -> Layout:
    if _is_pixel_table(path):
        found = f"read by the table of pixels {path.name}: a picture in each row"
        return Layout("pixel_table", folder, {"file": path.relative_to(folder).as_posix()}, found)
    frame = read_table(path)
    by_lower = {str(column).lower(): str(column) for column in frame.columns}
    columns = {
        role: next((by_lower[name] for name in names if name in by_lower), None) for role, names in _COLUMNS.items()
    }
    if columns["label"] and columns["label"].lower() == "y" and "x" in by_lower:
        columns["label"] = None  # x and y are places
    box = next(([by_lower[side] for side in sides] for sides in _BOXES if set(sides) <= set(by_lower)), [])
    for role in ("image", "label"):
        if columns[role] is None:
            raise DataError(
                f"{path} must have a column of {role}s; none of its columns ({', '.join(map(str, frame.columns))}) is "
                f"called {', '.join(_COLUMNS[role][:4])} …: rename it, or name it by data.reader.table.{role}"
            )
    if columns["split"] and not set(frame[columns["split"]].dropna()) <= {"train", "val", "test"}:
        columns["split"] = None
    names = frame[columns["image"]].dropna().tolist()
    root, suffix = _place_of(names[:: max(len(names) // _SAMPLED, 1)], folder, path)
    if columns["mask"] and not _are_files(frame[columns["mask"]], root):
        columns["mask"] = None
    # The reader's own defaults need not be said; other columns have none.
    named = {role: c for role, c in columns.items() if c and (c != role or role not in ("image", "label"))}
    options: dict[str, Any] = {"file": Path(os.path.relpath(path, root)).as_posix(), **named}
    options |= ({"box": box} if box else {}) | ({"suffix": suffix} if suffix else {})
    roles = [f"{role} in '{column}'" for role, column in columns.items() if column]
    roles += [f"box in {', '.join(box)}"] if box else []
    unused = [
        str(column) for column in frame.columns if column and column not in (*named.values(), *columns.values(), *box)
    ]
    rest = (
        f"; not used: {', '.join(unused[:_UNUSED_SHOWN])}{' …' if len(unused) > _UNUSED_SHOWN else ''}"
        if unused
        else ""
    )
    return Layout("table", root, options, f"read by the table {path.name}: {', '.join(roles)}{rest}")


def _are_files(names: pd.Series, root: Path) -> bool:
    """Whether most of the cells that are not empty are paths of files, several in a cell with `;` between."""
    cells = names.dropna().tolist()
    sampled = cells[:: max(len(cells) // _SAMPLED, 1)]
    first: list[Path] = [root / cell.split(";")[0].strip().replace("\\", "/") for cell in sampled]
    return sum(path.is_file() for path in first) > len(first) / 2


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
