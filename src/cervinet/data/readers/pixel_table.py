"""A table of pixels: `pixel0000,pixel0001,…,label`, a row a picture, as Kaggle's `hmnist_28_28_RGB.csv`."""

import math
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv as arrow_csv

from cervinet.data.manifest import Manifest, table_of
from cervinet.data.readers.pixel_cells import first_fault, header_of, is_gzipped
from cervinet.data.readers.sample import Sample
from cervinet.data.readers.table import check_columns
from cervinet.errors import DataError
from cervinet.registry import register

_PIXEL = re.compile(r"pixel[ _]?(\d+)", re.IGNORECASE)
_BLOCK_BYTES = 16 << 20


def _sample(root: Path) -> Sample:
    pixels = np.random.default_rng(5).integers(0, 256, (4, 8 * 8 * 3), np.uint8)
    lines = [",".join(map(str, [*row, n % 2])) for n, row in enumerate(pixels.tolist())]
    header = ",".join([*(f"pixel{n:04d}" for n in range(pixels.shape[1])), "label"])
    (root / "pixels.csv").write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    rows = [{"image": f"pixels.csv:{n + 2}", "label": ("akiec", "bcc")[n % 2]} for n in range(4)]
    return Sample(root, {"file": "pixels.csv", "names": ["akiec", "bcc"]}, rows, pixels.reshape(4, 8, 8, 3))


@register("reader", sample=_sample)
def pixel_table(
    root: Path,
    *,
    file: str | None = None,
    label: str = "label",
    names: list[str] | None = None,
    group: str | None = None,
    split: str | None = None,
) -> Manifest:
    """A CSV file, plain or gzipped, with a column for each pixel of square pictures, grey or RGB.

    The columns `pixel0000`, `pixel0001`, … go row by row, column by column, and through R, G and B of each pixel.

    Args:
        root: the table, or the folder it is in.
        file: the table, relative to `root`; not needed when `root` is the table.
        label: column of classes.
        names: the classes by number, where the column holds 0, 1, 2, …
        group: column of groups (patients).
        split: column of train, val and test.
    """
    path = root / file if file else root
    if path.is_dir():
        raise DataError(f"{path} is a folder; name the table in it: data.reader.pixel_table.file=hmnist_28_28_RGB.csv")
    header, separator = header_of(path)
    pixel_columns = [name for name in header if is_pixel_column(name)]
    texts = {role: name for role, name in {"label": label, "group": group, "split": split}.items() if name}
    check_columns(path, [name for name in header if name not in pixel_columns], texts, "pixel_table")
    shape = _shape(path, pixel_columns)
    data = _read(path, separator, header, pixel_columns, list(texts.values()))
    pixels = _pixels(data, pixel_columns).reshape(-1, *shape)
    rows = {role: [cell or None for cell in data[name].to_pylist()] for role, name in texts.items()}
    rows["image"] = [f"{file or path.name}:{line}" for line in range(2, len(pixels) + 2)]
    rows["label"] = _named(rows["label"], names, path, label)
    unread = [name for name in header if name not in (*pixel_columns, *texts.values())]
    remarks = (f"{path.name} has columns that are not read: {', '.join(unread)}",) if unread else ()
    colour = pixels if shape[2] == 3 else np.repeat(pixels, 3, axis=3)
    folder = root if file else root.parent
    return Manifest(table_of(_as_rows(rows)), folder, tuple(names or ()), pixels=colour, remarks=remarks)


def is_pixel_column(name: str) -> bool:
    return bool(_PIXEL.fullmatch(name))


def _shape(path: Path, columns: Sequence[str]) -> tuple[int, int, int]:
    """(height, width, channels) of the pictures from their number of columns."""
    numbers = [int(match[1]) for name in columns if (match := _PIXEL.fullmatch(name))]
    if not numbers:
        raise DataError(f"{path} has no pixel columns; pixel0000, pixel0001, … were expected in its header")
    if numbers != list(range(numbers[0], numbers[0] + len(numbers))):
        at = next(n for n, number in enumerate(numbers) if number != numbers[0] + n)
        raise DataError(
            f"{path} must have its pixel columns in the order of their numbers; got '{columns[at]}' after "
            f"'{columns[at - 1]}'"
        )
    for channels in (3, 1):
        side = math.isqrt(len(numbers) // channels)
        if side * side * channels == len(numbers):
            return side, side, channels
    side = max(math.isqrt(len(numbers) // 3), 1)
    raise DataError(
        f"{path} has {len(numbers):,} pixel columns, which make no square picture; side × side for grey or "
        f"side × side × 3 for RGB were expected, such as {side}×{side}×3 = {3 * side * side:,}"
    )


def _read(path: Path, separator: str, header: list[str], pixels: list[str], texts: list[str]) -> pa.Table:
    """Pixel columns as uint8, the others as text.

    Raises:
        DataError: names the line and the column of the first cell that is not as it must be.
    """
    types = {name: pa.uint8() for name in pixels} | {name: pa.string() for name in header if name not in pixels}
    try:
        with pa.input_stream(str(path), compression="gzip" if is_gzipped(path) else None) as stream:
            return arrow_csv.read_csv(
                stream,
                arrow_csv.ReadOptions(block_size=_BLOCK_BYTES),
                arrow_csv.ParseOptions(delimiter=separator, ignore_empty_lines=False),
                arrow_csv.ConvertOptions(column_types=types, include_columns=[*pixels, *texts], null_values=[]),
            )
    except (pa.ArrowInvalid, OSError) as error:
        problem = first_fault(path, separator, header, frozenset(pixels))
        reason = str(error).splitlines()[0]
        raise DataError(problem or f"{path} cannot be read as a table of pixels: {reason}") from None


def _pixels(data: pa.Table, columns: Sequence[str]) -> NDArray[np.uint8]:
    """uint8 (rows, columns)."""
    pixels = np.empty((data.num_rows, len(columns)), np.uint8)
    start = 0
    for batch in data.select(columns).to_batches():
        pixels[start : start + batch.num_rows] = np.stack([column.to_numpy() for column in batch.columns], axis=1)
        start += batch.num_rows
    return pixels


def _named(labels: list[str | None], names: list[str] | None, path: Path, column: str) -> list[str | None]:
    if not names:
        return labels
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise DataError(f"data.reader.pixel_table.names must name each class once; got '{twice}' twice")
    by_number = {str(number): name for number, name in enumerate(names)}
    for line, cell in enumerate(labels, start=2):
        if cell is not None and cell not in by_number:
            raise DataError(
                f"{path}:{line} must have a whole number from 0 to {len(names) - 1} in '{column}', for "
                f"data.reader.pixel_table.names has {len(names)} names; got '{cell}'"
            )
    return [None if cell is None else by_number[cell] for cell in labels]


def _as_rows(columns: dict[str, list[str | None]]) -> list[dict[str, str | None]]:
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
