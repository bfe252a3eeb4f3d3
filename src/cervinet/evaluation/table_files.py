"""A CSV or Parquet file of any tool as text cells."""

import csv
from pathlib import Path
from typing import Any

from cervinet.csv_table import Table, read_table
from cervinet.errors import DataError

PARQUET = (".parquet", ".pq")
_SPREADSHEETS = (".xlsx", ".xls", ".ods", ".numbers")


def read_cells(path: Path) -> Table:
    """Read a table with a header and at least one row, every cell as it was written.

    A CSV may use commas, semicolons (as Excel writes in much of Europe) or tabs. Rows of Parquet are numbered like the
    lines of a CSV, from 2.

    Raises:
        DataError: no such file, no table, no rows, a column named twice, a row of another length.
    """
    if path.suffix.lower() in _SPREADSHEETS:
        raise DataError(f"{path} must be a CSV or Parquet table, but it is a spreadsheet; save it as 'CSV UTF-8'")
    return _parquet(path) if path.suffix.lower() in PARQUET else read_table(path, _separator(path))


def _separator(path: Path) -> str:
    """The one that divides the first line into most columns; a comma where it makes no difference."""
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            first = file.readline()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    return max(",;\t", key=lambda separator: len(next(csv.reader([first], delimiter=separator), [])))


def _parquet(path: Path) -> Table:
    import pandas as pd

    try:
        with path.open("rb") as file:
            frame = pd.read_parquet(file)
    except ValueError as error:  # Arrow's errors are ValueErrors, some of them OSErrors without a number
        raise DataError(f"{path} is not Parquet: {str(error).splitlines()[0]}") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or str(error).splitlines()[0]}") from error
    if any(frame.index.names):
        frame = frame.reset_index()
    if frame.empty:
        raise DataError(f"{path} has a header but no rows; a row for each image was expected")
    cells = [[_text(cell) for cell in frame[name].astype(object)] for name in frame.columns]
    rows = [list(row) for row in zip(*cells, strict=True)]
    return Table(path, list(map(str, frame.columns)), list(range(2, len(rows) + 2)), rows)


def _text(cell: Any) -> str:
    import pandas as pd

    return "" if pd.api.types.is_scalar(cell) and pd.isna(cell) else str(cell)
