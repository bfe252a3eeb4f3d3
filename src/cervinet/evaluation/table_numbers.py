"""Numbers of a table of predictions, each checked for what it has to be."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cervinet.csv_table import Table
from cervinet.errors import DataError

SUM_TOLERANCE = 1e-3


def probabilities(table: Table, columns: Sequence[str], images: Sequence[str], normalize: bool) -> NDArray[np.float64]:
    """float64 `(rows, columns)`, not negative, each row with a sum within 1e-3 of one, or divided by it to `normalize`.

    Raises:
        DataError: for the first row that is not so.
    """
    values = table.numbers(columns)
    totals = values.sum(axis=1, keepdims=True)
    problems = [
        (~np.isfinite(values), "a probability that is not a finite number", ""),
        (values < 0, "a negative probability", ""),
        (totals <= 0, "no probability above zero", ""),
    ]
    if not normalize:
        hint = "; --normalize divides each row by its sum"
        problems.append((np.abs(totals - 1) > SUM_TOLERANCE, "probabilities that do not sum to one", hint))
    for wrong, what, hint in problems:
        for row in np.flatnonzero(wrong.any(axis=1))[:1]:
            found = ", ".join(f"{value:g}" for value in values[row])
            raise DataError(f"{table.path}:{table.lines[row]} has {what} for {images[row]!r}: {found}{hint}")
    return values / totals if normalize else values


def sum_to_one(table: Table, columns: Sequence[str]) -> bool:
    """Whether columns of numbers could be probabilities."""
    values = table.numbers(columns)
    return bool(np.all((values >= 0) & (np.abs(values.sum(axis=1, keepdims=True) - 1) <= SUM_TOLERANCE)))


def are_numbers(table: Table, column: str) -> bool:
    try:
        table.numbers([column])
    except DataError:
        return False
    return True


def finite(table: Table, columns: Sequence[str]) -> NDArray[np.float64]:
    """float64 `(rows, columns)`. Raises DataError for a cell that is no finite number."""
    values = table.numbers(columns)
    for row, column in np.argwhere(~np.isfinite(values))[:1]:
        place, found = f"{table.path}:{table.lines[row]}", f"{values[row, column]:g}"
        raise DataError(f"{place} must hold a finite number in column '{columns[column]}'; got {found}")
    return values


def whole(table: Table, column: str) -> NDArray[np.int64]:
    """int64 `(rows,)`. Raises DataError for a cell that is no whole number."""
    values = finite(table, [column])[:, 0]
    for row in np.flatnonzero(values != np.floor(values))[:1]:
        place = f"{table.path}:{table.lines[row]}"
        raise DataError(f"{place} must hold a whole number in column '{column}'; got {values[row]:g}")
    return values.astype(np.int64)
