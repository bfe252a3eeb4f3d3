"""Boxes drawn round the cervix: `Type_1_bbox.tsv`, … and the frames they were drawn in, `sizes.csv`.

A line is `Type_1\\0.jpg 2 x y w h x y w h`: the picture, without the folder of its split, the number of boxes, and
the boxes in pixels of the picture they were drawn on. The region of interest is the box round all of them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from cervinet.csv_table import read_table
from cervinet.data.headers import picture_size
from cervinet.data.picture import Box
from cervinet.errors import DataError, ImageError

FRAMES = "sizes.csv"
_FRAME_COLUMNS = ("frame_width", "frame_height")
_PARTS_OF_A_PIXEL = 64


@dataclass(frozen=True)
class CervixBoxes:
    """The box round all boxes of a picture by its name, and the (width, height) of the frame it was drawn in."""

    boxes: dict[str, Box]
    frames: dict[str, tuple[float, float]]


def read_boxes(folder: Path) -> CervixBoxes:
    """Every `Type_…_bbox.tsv` of a folder.

    Raises:
        DataError: no such table, or lines that are not as they must be.
    """
    tables = sorted(folder.glob("Type_*_bbox.tsv"))
    if not tables:
        raise DataError(
            f"{folder} has no tables of boxes such as Type_1_bbox.tsv; correct data.reader.kaggle_cervix.boxes"
        )
    boxes: dict[str, Box] = {}
    for path in tables:
        bad: list[tuple[int, str]] = []
        for number, line in enumerate(path.read_text(encoding="utf-8-sig", errors="replace").splitlines(), start=1):
            if not line.strip():
                continue
            found = _parse(line)
            if found is None:
                bad.append((number, line))
                continue
            name, drawn = found
            drawn += [boxes[name]] if name in boxes else []
            if drawn:
                boxes[name] = _around(drawn)
        if bad:
            number, line = bad[0]
            more = f" ({len(bad)} such lines)" if len(bad) > 1 else ""
            raise DataError(
                f"{path}:{number} must be a picture, the number of its boxes, and x, y, width and height of each, "
                f"the last two above 0; got {line.strip()[:80]!r}{more}"
            )
    return CervixBoxes(boxes, _frames(folder / FRAMES))


def scaled_boxes(
    drawn: CervixBoxes, root: Path, pictures: Sequence[tuple[str, str]]
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """The box of each picture in its own pixels.

    Args:
        drawn: boxes and frames as read.
        root: of the pictures.
        pictures: of each, what the boxes call it, and its path from `root`.

    Returns:
        x, y, width and height, float64 (n, 4), NaN where there is no box; and what a person should be told.
    """
    found = np.full((len(pictures), 4), np.nan)
    leaving = unread = 0
    for row, (name, image) in enumerate(pictures):
        if name not in drawn.boxes:
            continue
        try:
            height, width = picture_size(root / image)
        except ImageError:
            unread += 1  # the reading of its pixels says what is wrong with it
            continue
        frame = drawn.frames.get(name, (width, height))
        x, y, w, h = drawn.boxes[name]
        if x < 0 or y < 0 or x + w > frame[0] or y + h > frame[1]:
            leaving += 1
            continue
        left, right = _scaled((x, x + w), width / frame[0], width)
        top, bottom = _scaled((y, y + h), height / frame[1], height)
        found[row] = left, top, right - left, bottom - top
    strangers = len(drawn.boxes.keys() - {name for name, _ in pictures})
    remarks = (
        (leaving, "boxes leave the picture they were drawn on and count as none"),
        (unread, "boxes count as none, for the headers of their pictures cannot be read"),
        (strangers, "boxes are of pictures that were not taken"),
    )
    return found, tuple(f"{count} {what}" for count, what in remarks if count)


def _scaled(edges: tuple[float, float], scale: float, side: int) -> list[float]:
    """Edges in the picture's own pixels.

    In whole 64ths, which add up without rounding: a box that touches the edge must not seem to leave the picture.
    """
    return [min(round(edge * scale * _PARTS_OF_A_PIXEL) / _PARTS_OF_A_PIXEL, side) for edge in edges]


def _parse(line: str) -> tuple[str, list[Box]] | None:
    """The picture and its boxes, or None where the line is not as it must be."""
    name, *cells = line.split()
    try:
        count, *numbers = map(float, cells)
    except ValueError:
        return None
    boxes = [(numbers[n], numbers[n + 1], numbers[n + 2], numbers[n + 3]) for n in range(0, len(numbers) - 3, 4)]
    whole = len(numbers) == 4 * len(boxes) == 4 * count and all(map(math.isfinite, numbers))
    if not whole or any(w <= 0 or h <= 0 for _, _, w, h in boxes):
        return None
    return PurePosixPath(name.replace("\\", "/")).as_posix(), boxes


def _around(boxes: Sequence[Box]) -> Box:
    left, top = min(x for x, _, _, _ in boxes), min(y for _, y, _, _ in boxes)
    return left, top, max(x + w for x, _, w, _ in boxes) - left, max(y + h for _, y, _, h in boxes) - top


def _frames(path: Path) -> dict[str, tuple[float, float]]:
    if not path.exists():
        return {}
    table = read_table(path)
    for column in ("image", *_FRAME_COLUMNS):
        if column not in table.header:
            raise DataError(f"{path} must have the columns image, {', '.join(_FRAME_COLUMNS)}; '{column}' is missing")
    sizes = table.numbers(_FRAME_COLUMNS)
    for line, size in zip(table.lines, sizes.tolist(), strict=True):
        if not all(0 < side < math.inf for side in size):
            raise DataError(f"{path}:{line} must have a width and a height above 0; got {size[0]:g} and {size[1]:g}")
    names = (name.replace("\\", "/") for name in table.text("image"))
    return {name: (width, height) for name, (width, height) in zip(names, sizes.tolist(), strict=True)}
