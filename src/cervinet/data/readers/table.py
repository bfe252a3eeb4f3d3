"""A table with a row a picture: CSV or Parquet."""

import os
from pathlib import Path

import pandas as pd

from cervinet.data.manifest import BOX_COLUMNS, Manifest, table_of
from cervinet.errors import DataError
from cervinet.registry import did_you_mean, register


@register("reader")
def table(
    root: Path,
    *,
    file: str | None = None,
    image: str = "image",
    label: str = "label",
    sublabel: str | None = None,
    group: str | None = None,
    split: str | None = None,
    box: tuple[str, str, str, str] | None = None,
    suffix: str = "",
) -> Manifest:
    """A CSV or Parquet file with an image and a label column.

    Args:
        root: the table, or the folder that image paths are relative to.
        file: the table, relative to `root`; not needed when `root` is the table.
        image: column of paths.
        label: column of classes.
        sublabel: column of finer classes.
        group: column of groups (patients).
        split: column of train, val and test.
        box: the columns of x, y, width and height of a region of interest in pixels.
        suffix: put behind each path, such as ".jpg" where the column holds bare ids.
    """
    path = root / file if file else root
    folder = root if file else root.parent
    if path.is_dir():
        raise DataError(f"{path} is a folder; name the table in it: data.reader.table.file=labels.csv")
    frame = read_table(path)
    named = {"image": image, "label": label, "sublabel": sublabel, "group": group, "split": split}
    wanted = {role: column for role, column in named.items() if column}
    wanted |= dict(zip(BOX_COLUMNS, box, strict=True)) if box else {}
    for role, column in wanted.items():
        if column not in frame.columns:
            option = "box" if role in BOX_COLUMNS else role
            raise DataError(
                f"{path} has no column '{column}'{did_you_mean(column, map(str, frame.columns))}; "
                f"set data.reader.table.{option}"
            )
    rows = pd.DataFrame({role: frame[column] for role, column in wanted.items()})
    for role in rows.columns.intersection(["image", "label", "sublabel", "group", "split"]):
        rows[role] = rows[role].where(rows[role].notna(), None)
    if rows["image"].isna().any():
        line = rows.index[rows["image"].isna()][0]
        raise DataError(f"{path}:{line} has no path in the column '{image}'; fill it or remove the row")
    rows["image"] = [os.path.normpath(name.replace("\\", "/") + suffix) for name in rows["image"]]
    for column in rows.columns.intersection(list(BOX_COLUMNS)):
        numbers = pd.to_numeric(rows[column], errors="coerce")
        bad = numbers.isna() & rows[column].notna()
        if bad.any():
            line = rows.index[bad][0]
            raise DataError(f"{path}:{line} must have a number in '{wanted[column]}'; got '{rows[column][line]}'")
        rows[column] = numbers
    return Manifest(table_of(rows), folder)


def read_table(path: Path) -> pd.DataFrame:
    """A CSV or Parquet file with every cell as text, as it was written: `007` stays `007`, `NA` stays `NA`.

    Empty cells are None. Rows are numbered by their line in the file. A CSV may use commas, semicolons (as Excel
    writes in much of Europe) or tabs.
    """
    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            frame = pd.read_parquet(path)
            frame.index = pd.RangeIndex(2, len(frame) + 2)
            return frame.astype(object).map(lambda cell: None if pd.isna(cell) else str(cell))
        with path.open(encoding="utf-8-sig") as file:
            separator = max(",;\t", key=file.readline().count)
        # The header is read as a row: pandas would rename a repeated column and shift rows that are too long.
        frame = pd.read_csv(
            path,
            header=None,
            sep=separator,
            dtype=str,
            keep_default_na=False,
            encoding="utf-8-sig",
            skip_blank_lines=False,
        )
    except FileNotFoundError:
        raise DataError(f"there is no table {path}; check data.root and data.reader.table.file") from None
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(f"{path} must be a CSV or Parquet table; it cannot be read as one: {reason}") from None
    frame.index += 1
    frame = frame.astype(object).where(frame.notna() & (frame != ""), None).dropna(how="all")
    header = list(frame.iloc[0])
    twice = [column for column in header if column and header.count(column) > 1]
    if twice:
        raise DataError(f"{path} has two columns called '{twice[0]}'; rename one")
    return frame.iloc[1:].set_axis(header, axis=1)
