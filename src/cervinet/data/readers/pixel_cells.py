"""A table of pixels looked at cell by cell: its header, and where its first fault is. Slow, and so for errors only."""

import csv
import gzip
import zlib
from collections.abc import Set
from pathlib import Path
from typing import TextIO

from cervinet.errors import DataError

_GZIP = b"\x1f\x8b"


def header_of(path: Path) -> tuple[list[str], str]:
    """The names of the columns, and what separates them.

    Raises:
        DataError: the file cannot be read, its first line holds no names, or a name stands there twice.
    """
    try:
        with _open(path) as file:
            line = file.readline()
    except FileNotFoundError:
        raise DataError(f"there is no table {path}; check data.root and data.reader.pixel_table.file") from None
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise DataError(f"{path} must be a CSV file, plain or gzipped; it cannot be read as one: {error}") from None
    separator = max(",;\t", key=line.count)
    header = next(csv.reader([line], delimiter=separator), [])
    if not header or all(cell.strip().isdecimal() for cell in header):
        first = f"'{header[0]}'" if header else "nothing"
        raise DataError(
            f"{path} has no header: its first line must name the columns, pixel0000, pixel0001, … and label; "
            f"it begins with {first}"
        )
    seen: set[str] = set()
    for name in header:
        if name in seen:
            raise DataError(f"{path} has two columns called '{name}'; rename one")
        seen.add(name)
    return header, separator


def is_gzipped(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == _GZIP


def first_fault(path: Path, separator: str, header: list[str], pixels: Set[str]) -> str:
    """What is wrong with the first row that is not as it must be, or an empty text."""
    reader = None
    try:
        with _open(path) as file:
            reader = csv.reader(file, delimiter=separator)
            next(reader)
            for row in reader:
                problem = _fault(row, header, pixels)
                if problem:
                    return f"{path}:{reader.line_num} {problem}"
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        return f"{path}:{reader.line_num + 1 if reader else 1} cannot be read: {error}"
    return ""


def _fault(row: list[str], header: list[str], pixels: Set[str]) -> str:
    if not row:
        return "is an empty line; remove it"
    if len(row) != len(header):
        return f"has {len(row):,} cells; the header has {len(header):,}"
    for name, cell in zip(header, row, strict=True):
        whole = cell.strip()
        if name in pixels and not (whole.isascii() and whole.isdecimal() and int(whole[:9]) <= 255):
            return f"must have a whole number from 0 to 255 in column '{name}'; got '{cell[:40]}'"
    return ""


def _open(path: Path) -> TextIO:

    if is_gzipped(path):
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")
