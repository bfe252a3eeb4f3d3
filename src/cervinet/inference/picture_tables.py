"""A CSV or Parquet table that names pictures, and the boxes in them if it has any."""

import math
import os
from collections.abc import Iterator
from pathlib import Path

from cervinet.csv_table import Table
from cervinet.data.picture import Box, Picture
from cervinet.errors import DataError
from cervinet.escape import for_terminal
from cervinet.evaluation.table_files import read_cells

SUFFIXES = (".csv", ".tsv", ".parquet", ".pq", ".xlsx", ".xls", ".ods", ".numbers")
"""What is called so is a table of pictures and no picture; of a spreadsheet it is said what to do."""

_IMAGE = ("image", "image_path", "path", "filepath", "file_path", "filename", "file_name", "file", "image_name", "img")
_BOX = (("x", "y", "w", "h"), ("x", "y", "width", "height"), ("box_x", "box_y", "box_w", "box_h"))


def pictures_in(path: Path) -> list[Picture]:
    """The pictures that a table names, in its order, each once.

    The paths stand in its column `image`, or in the first that it has of image_path, path, filepath, file_path,
    filename, file_name, file, image_name and img, in letters of any case. They are relative to the table's folder. The
    columns x, y, w, h (or x, y, width, height, or box_x, box_y, box_w, box_h) are a box where there are all four.

    Raises:
        DataError: no table, no such column, a row without a path, a box that is none, a picture with two boxes, or
            not one of the pictures is there.
    """
    table = read_cells(path)
    found = dict[Path, tuple[int, Picture]]()
    for line, name, box in zip(table.lines, table.text(_image_column(table)), _boxes(table), strict=True):
        if not name.strip():
            raise DataError(f"{path}:{line} has no path of a picture; fill it or remove the row")
        picture = Picture(_located(path.parent, name), box=box)
        first, known = found.setdefault(picture.path, (line, picture))
        if known.box != box:
            raise DataError(
                f"{path}:{line} has another box for {for_terminal(name)} than line {first}; keep one of them"
            )
    pictures = [picture for _, picture in found.values()]
    if not any(os.path.lexists(one.path) for one in pictures):
        raise DataError(
            f"none of the {len(pictures)} pictures that {path} names is there, the first is "
            f"{for_terminal(pictures[0].path)}; paths must be relative to the folder of the table, or absolute"
        )
    return pictures


def _image_column(table: Table) -> str:
    by_lower = {name.lower(): name for name in reversed(table.header)}
    found = next((by_lower[name] for name in _IMAGE if name in by_lower), None)
    if found is None:
        raise DataError(
            f"{table.path} must have a column 'image' with the paths of pictures; its columns are "
            f"{', '.join(table.header)}"
        )
    return found


def _located(folder: Path, name: str) -> Path:
    if "\\" in name and not os.path.lexists(folder / name):
        name = name.replace("\\", "/")  # written on Windows
    return folder / name


def _boxes(table: Table) -> Iterator[Box | None]:
    columns = next((names for names in _BOX if set(names) <= set(table.header)), None)
    if columns is None:
        yield from [None] * len(table.rows)
        return
    places = [table.header.index(name) for name in columns]
    for line, row in zip(table.lines, table.rows, strict=True):
        cells = [row[place].strip() for place in places]
        yield _box(f"{table.path}:{line}", cells) if any(cells) else None


def _box(where: str, cells: list[str]) -> Box:
    try:
        x, y, w, h = map(float, cells)
    except ValueError:
        x, y, w, h = [math.nan] * 4
    if not all(map(math.isfinite, (x, y, w, h))) or min(w, h) <= 0:
        raise DataError(f"{where} must have a box with a positive width and height; got {','.join(cells)}")
    return x, y, w, h
