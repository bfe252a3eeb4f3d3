"""A table with a row a picture: CSV or Parquet."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from cervinet.data.manifest import BOX_COLUMNS, Manifest, table_of
from cervinet.data.readers.sample import Row, Sample, write_pictures
from cervinet.errors import DataError
from cervinet.registry import did_you_mean, register

_SPREADSHEETS = (".xlsx", ".xls", ".ods", ".numbers")


def _sample(root: Path) -> Sample:
    rows: list[Row] = [
        {"image": f"scans/{n}.png", "label": label, "sublabel": fine, "group": f"00{n // 2}", "site": f"clinic {n % 2}"}
        for n, (label, fine) in enumerate([("brain", "glioma"), ("brain", "pituitary"), ("lung", "squamous")] * 2)
    ]
    rows[0] |= {"box_x": 4.0, "box_y": 2.5, "box_w": 10.0, "box_h": 8.0, "masks": ("scans/0_a.png", "scans/0_b.png")}
    write_pictures(root, [row["image"] for row in rows] + list(rows[0]["masks"]))
    frame = pd.DataFrame(rows)
    frame["masks"] = ["scans\\0_a.png; scans/0_b.png", *[""] * 5]
    frame.to_csv(root / "labels.csv", index=False)
    own = {role: role for role in ("sublabel", "group", "site")}
    return Sample(root, {"file": "labels.csv", **own, "mask": "masks", "box": list(BOX_COLUMNS)}, rows)


@register("reader", sample=_sample)
def table(
    root: Path,
    *,
    file: str | None = None,
    image: str = "image",
    label: str = "label",
    sublabel: str | None = None,
    group: str | None = None,
    site: str | None = None,
    split: str | None = None,
    box: tuple[str, str, str, str] | None = None,
    mask: str | None = None,
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
        site: column of the places pictures come from (clinics, devices).
        split: column of train, val and test.
        box: the columns of x, y, width and height of a region of interest in pixels.
        mask: column of paths of masks, several in one cell with `;` between them.
        suffix: put behind each path of a picture, such as ".jpg" where the column holds bare ids.
    """
    path = root / file if file else root
    folder = root if file else root.parent
    if path.is_dir():
        raise DataError(f"{path} is a folder; name the table in it: data.reader.table.file=labels.csv")
    frame = read_table(path)
    texts = {"image": image, "label": label, "sublabel": sublabel, "group": group, "site": site, "split": split}
    wanted = {role: column for role, column in (texts | {"mask": mask}).items() if column}
    wanted |= dict(zip(BOX_COLUMNS, box, strict=True)) if box else {}
    check_columns(path, frame.columns, wanted)
    rows = pd.DataFrame({role: frame[column] for role, column in wanted.items()})
    for role in rows.columns.difference(list(BOX_COLUMNS)):
        rows[role] = rows[role].where(rows[role].notna(), None)
    if rows["image"].isna().any():
        line = rows.index[rows["image"].isna()][0]
        raise DataError(f"{path}:{line} has no path in the column '{image}'; fill it or remove the row")
    rows["image"] = [_normal(name + suffix) for name in rows["image"]]
    if mask:
        rows["masks"] = pd.Series([_several(cell) for cell in rows["mask"]], rows.index, dtype=object)
    if box:
        rows[list(BOX_COLUMNS)] = _boxes(rows[list(BOX_COLUMNS)], path, wanted)
    return Manifest(table_of(rows), folder)


def check_columns(path: Path, found: Iterable[object], wanted: Mapping[str, str], reader: str = "table") -> None:
    """Raises a DataError for the first column that a table lacks, with the option that names it."""
    known = list(map(str, found))
    for role, column in wanted.items():
        if column not in known:
            option = "box" if role in BOX_COLUMNS else role
            raise DataError(
                f"{path} has no column '{column}'{did_you_mean(column, known)}; set data.reader.{reader}.{option}"
            )


def _normal(name: str) -> str:
    return os.path.normpath(name.replace("\\", "/"))


def _several(cell: str | None) -> tuple[str, ...] | None:
    return tuple(_normal(name.strip()) for name in (cell or "").split(";") if name.strip()) or None


def _boxes(cells: pd.DataFrame, path: Path, wanted: Mapping[str, str]) -> pd.DataFrame:
    """The cells as numbers, every row with four of them or none."""
    numbers = pd.DataFrame({role: pd.to_numeric(cells[role], errors="coerce") for role in BOX_COLUMNS}, dtype="float64")
    for role in BOX_COLUMNS:
        bad = ~np.isfinite(numbers[role]) & cells[role].notna()
        if bad.any():
            line = cells.index[bad][0]
            raise DataError(f"{path}:{line} must have a number in '{wanted[role]}'; got '{cells[role][line]}'")
    there = numbers.notna()
    partial = there.any(axis=1) & ~there.all(axis=1)
    if partial.any():
        line, columns = cells.index[partial][0], [wanted[role] for role in BOX_COLUMNS]
        raise DataError(f"{path}:{line} must have all of {', '.join(columns)} or none; fill the empty ones")
    for role in ("box_w", "box_h"):
        if (numbers[role] <= 0).any():
            line = cells.index[numbers[role] <= 0][0]
            raise DataError(f"{path}:{line} must have a number above 0 in '{wanted[role]}'; got '{cells[role][line]}'")
    return numbers


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
        if path.suffix.lower() in _SPREADSHEETS and path.is_file():
            raise DataError(f"{path} must be a CSV or Parquet table, but it is a spreadsheet; save it as 'CSV UTF-8'")
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
    except UnicodeDecodeError:
        raise DataError(
            f"{path} must be a CSV or Parquet table; it is no text in UTF-8: save it as 'CSV UTF-8'"
        ) from None
    except pd.errors.EmptyDataError:
        raise DataError(f"{path} is empty; a header and a row for each picture were expected") from None
    except (OSError, ValueError) as error:
        reason = (
            str(error).splitlines()[0].removeprefix("Error tokenizing data. C error: ")
            if str(error)
            else type(error).__name__
        )
        raise DataError(f"{path} must be a CSV or Parquet table; it cannot be read as one: {reason}") from None
    frame.index += 1
    frame = frame.astype(object).where(frame.notna() & (frame != ""), None).dropna(how="all")
    header = list(frame.iloc[0])
    twice = [column for column in header if column and header.count(column) > 1]
    if twice:
        raise DataError(f"{path} has two columns called '{twice[0]}'; rename one")
    return frame.iloc[1:].set_axis(header, axis=1)
