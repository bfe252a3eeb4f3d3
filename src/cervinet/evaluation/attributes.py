"""What else is known of the images: columns of a table, such as site, age or device, joined by image or by group."""

from collections.abc import Sequence
from pathlib import Path

from cervinet.csv_table import Table, read_table
from cervinet.errors import DataError
from cervinet.evaluation.predictions import Predictions


def attributes_of(predictions: Predictions, columns: Sequence[str], path: Path | None) -> dict[str, tuple[str, ...]]:
    """Each column from the table where it has it, else from what the predictions know themselves.

    Raises:
        DataError: a column is known from neither, or the table cannot be joined.
    """
    if path is not None:
        header = read_table(path).header
        own = {name: predictions.attributes[name] for name in columns if name in predictions.attributes}
        outside = [name for name in columns if name in header or name not in own]
        return own | (attributes_from(path, predictions, outside) if outside else {})
    for name in columns:
        if name not in predictions.attributes:
            known = ", ".join(predictions.attributes) or "none"
            raise DataError(
                f"nothing says the '{name}' of the images (known: {known}); "
                "name a CSV with this column by --subgroups or evaluation.subgroup_file"
            )
    return {name: predictions.attributes[name] for name in columns}


def attributes_from(path: Path, predictions: Predictions, columns: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Columns of a CSV for each image, joined by its column `image`, or `group` where it has no `image`.

    Args:
        path: CSV with `image` or `group`, each value in one row.
        predictions: `n` rows.
        columns: names of those that are wanted.

    Returns:
        name → `n` texts without spaces around them, in the order of the predictions; empty where the image has no row
        or its cell is empty.

    Raises:
        DataError: not CSV, a column that is not there, a row without a key or with one of an earlier row, or not one
            row for these images.
    """
    table = read_table(path)
    key = next((name for name in ("image", "group") if name in table.header), None)
    if key is None:
        raise DataError(
            f"{path} must have a column 'image' or 'group' to be joined by; its columns are {', '.join(table.header)}"
        )
    for name in columns:
        if name not in table.header:
            raise DataError(f"{path} has no column '{name}'; its columns are {', '.join(table.header)}")
    rows = _rows(table, key)
    wanted = predictions.images if key == "image" else predictions.groups
    if not rows.keys() & set(wanted):
        raise DataError(
            f"{path} has no row for any of the {len(set(wanted))} {key}s of the predictions: its first {key} is "
            f"{next(iter(rows))!r}, theirs is {wanted[0]!r}; name them as the column '{key}' of the predictions does"
        )
    found = {name: [cell.strip() for cell in table.text(name)] for name in columns}
    places = [rows.get(one) for one in wanted]
    return {name: tuple("" if place is None else cells[place] for place in places) for name, cells in found.items()}


def _rows(table: Table, key: str) -> dict[str, int]:
    """Value of the key → its row."""
    rows: dict[str, int] = {}
    for row, (line, value) in enumerate(zip(table.lines, table.text(key), strict=True)):
        if not value:
            raise DataError(f"{table.path}:{line} has no {key}; name it, or take the row out")
        if rows.setdefault(value, row) != row:
            raise DataError(
                f"{table.path}:{line} repeats the {key} {value!r} of line {table.lines[rows[value]]}; keep one of them"
            )
    return rows
