"""A CSV file as text cells that come back as they were written, and that no spreadsheet runs as formulas."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from cervinet.errors import DataError
from cervinet.files import replacing

# A spreadsheet runs a cell that begins with one of these as a formula (OWASP, "CSV Injection"). Such a cell
# gets an apostrophe in front; one that has apostrophes there already gets one more, so that undoing is
# unambiguous.
_FORMULA = re.compile("'*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")


def escape(cell: str) -> str:
    """The cell as text that no spreadsheet takes for a formula."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unescape(cell: str) -> str:
    """What `escape` was given."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


@dataclass(frozen=True)
class Table:
    """The rows of a CSV file, each with the number of its line for messages.

    Attributes:
        path: the file.
        header: distinct column names.
        lines: the line each row ends on, from 2.
        rows: as many text cells as the header has.
    """

    path: Path
    header: list[str]
    lines: list[int]
    rows: list[list[str]]

    def text(self, name: str) -> list[str]:
        """The cells of a column, unescaped; empty ones if there is no such column."""
        if name not in self.header:
            return [""] * len(self.rows)
        index = self.header.index(name)
        return [unescape(row[index]) for row in self.rows]

    def where(self, keep: Sequence[bool]) -> "Table":
        """The rows that are to be kept."""
        kept = [index for index, wanted in enumerate(keep) if wanted]
        return Table(self.path, self.header, [self.lines[i] for i in kept], [self.rows[i] for i in kept])

    def numbers(self, names: Sequence[str]) -> NDArray[np.float64]:
        """float64 `(rows, names)`.

        Raises:
            DataError: a cell is not a number.
        """
        columns = [self.header.index(name) for name in names]
        cells = [[row[index] for index in columns] for row in self.rows]
        try:
            return np.array(cells, dtype=np.float64).reshape(len(cells), len(columns))
        except ValueError:
            for line, row in zip(self.lines, cells, strict=True):
                for name, cell in zip(names, row, strict=True):
                    if not _is_number(cell):
                        raise DataError(
                            f"{self.path}:{line} must hold a number in column '{name}'; got {cell!r}"
                        ) from None
            raise


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def read_table(path: Path, separator: str = ",") -> Table:
    """Read a CSV file with a header and at least one row.

    Raises:
        DataError: no such file, not CSV, no rows, a column named twice, a row of another length.
    """
    try:
        # File names that are not UTF-8 reach Python as lone surrogates; surrogateescape keeps their bytes.
        with open(path, encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            reader = csv.reader(file, delimiter=separator, strict=True)
            table = [(reader.line_num, row) for row in reader if row]
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    except csv.Error as error:
        raise DataError(f"{path}:{reader.line_num} is not CSV: {error}") from error
    if not table:
        raise DataError(f"{path} is empty; a header and a row for each image were expected")
    header = table[0][1]
    repeated = next((name for name in header if header.count(name) > 1), None)
    if repeated is not None:
        raise DataError(f"{path} has two columns named '{repeated}'")
    if len(table) == 1:
        raise DataError(f"{path} has a header but no rows; a row for each image was expected")
    for line, row in table[1:]:
        if len(row) != len(header):
            raise DataError(f"{path}:{line} has {len(row)} cells; the header has {len(header)}")
    return Table(path, header, [line for line, _ in table[1:]], [row for _, row in table[1:]])


Write = Callable[[Sequence[str | float]], None]


@contextmanager
def writing_table(path: Path) -> Iterator[Write]:
    """Rows, the header first, one by one: an old file stays whole until the block ends without an error.

    Python floats are written by repr, the shortest text that reads back as the same bits.
    """
    with (
        replacing(path) as temporary,
        open(temporary, "w", encoding="utf-8", errors="surrogateescape", newline="") as file,
    ):
        yield _row_writer(file)


def write_table(path: Path, rows: Iterable[Sequence[str | float]]) -> None:
    """The same of rows that are at hand."""
    with writing_table(path) as write:
        for row in rows:
            write(row)


def as_text(rows: Iterable[Sequence[str | float]]) -> str:
    """The same rows, as they would stand in the file."""
    file = io.StringIO(newline="")
    write = _row_writer(file)
    for row in rows:
        write(row)
    return file.getvalue()


def _row_writer(file: TextIO) -> Write:
    plain = csv.writer(file, lineterminator="\n")
    # The csv module of Python 3.11 leaves a bare carriage return unquoted, which ends the row on reading.
    quoted = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)

    def write(row: Sequence[str | float]) -> None:
        has_return = any("\r" in cell for cell in row if isinstance(cell, str))
        (quoted if has_return else plain).writerow(row)

    return write
