"""A contact sheet: pictures of each class as the network gets them, beside augmented views of the same pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from cervinet.report.plots.canvas import DPI, FAINT, INK, literal, page, shown
from cervinet.report.thumbnails import shrunk

ROWS_OF_A_BLOCK = 13
BLOCKS = 3
"""A sheet holds at most `BLOCKS` columns of `ROWS_OF_A_BLOCK` pictures; more would not be read on a screen."""

_CELL = 0.95
_GAP = 0.06
_LABEL = 1.7
_LETTERS = 20
_LINE = 0.16


@dataclass(frozen=True, eq=False)
class PreviewRow:
    """One picture and what augmentation makes of it; all are of one size, on the whole sheet too.

    Attributes:
        label: its class.
        prepared: uint8 (H, W, 3) RGB, as it is in the store.
        views: uint8 (views, H, W, 3) RGB.
    """

    label: str
    prepared: NDArray[np.uint8]
    views: NDArray[np.uint8]


def pictures_of_a_class(classes: int) -> int:
    """How many pictures of each class, 1 to 4, leave a sheet of up to 26 classes at two blocks."""
    return int(np.clip(ROWS_OF_A_BLOCK // -(-classes // 2), 1, 4))


def preview_sheet(rows: Sequence[PreviewRow], note: str = "") -> Figure:
    """Rows of the prepared picture and its augmented views, labelled by class, in one to three blocks side by side.

    Args:
        rows: one at least, those of a class in a row, with equally many views; see `pictures_of_a_class`. Rows
            beyond what a sheet holds are left out, which the sheet says.
        note: what a reader must know of the data, such as "synthetic phantoms".
    """
    blocks = _blocks(rows)
    kept = [row for block in blocks for row in block]
    longest = max(map(len, blocks))
    height, width, _ = kept[0].prepared.shape
    # The longer side of a picture fills a cell; a strip must not become a line.
    cell = (_CELL * max(0.4, min(1, height / width)), _CELL * max(0.4, min(1, width / height)))
    block_width = _LABEL + (1 + len(kept[0].views)) * (cell[1] + _GAP) + _GAP
    block_height = longest * (cell[0] + _GAP) + 2 * _LINE
    figure = page(
        len(blocks) * block_width + 0.2,
        block_height + 0.75,
        "Pictures as the network gets them" + (", and augmented" if len(kept[0].views) else ""),
        f"{_count(len({row.label for row in kept}), 'class', 'classes')}, {_count(len(kept), 'picture', 'pictures')}",
        None if len(kept[0].views) else "no augmentation is set",
        None if len(kept) == len(rows) else f"the first of {len(rows):,}",
        note and shown(note, 60),
    )
    panels = figure.subplots(1, len(blocks), squeeze=False).flat
    for axes, block in zip(panels, blocks, strict=True):
        axes.set(xlim=(0, block_width), ylim=(block_height, 0), aspect="equal")
        axes.axis("off")
        _block(axes, block, cell)
    return literal(figure)


def _count(number: int, one: str, several: str) -> str:
    return f"{number} {one if number == 1 else several}"


def _blocks(rows: Sequence[PreviewRow]) -> list[list[PreviewRow]]:
    """As few blocks as hold the rows, as even as they can be with every class in one of them; at most `BLOCKS`."""
    classes = [list(group)[:ROWS_OF_A_BLOCK] for _, group in groupby(rows, key=lambda row: row.label)]
    fewest = len(_filled(classes, ROWS_OF_A_BLOCK))
    limits = range(max(map(len, classes)), ROWS_OF_A_BLOCK + 1)
    return next(filled for limit in limits if len(filled := _filled(classes, limit)) == fewest)[:BLOCKS]


def _filled(classes: Sequence[list[PreviewRow]], limit: int) -> list[list[PreviewRow]]:
    blocks: list[list[PreviewRow]] = [[]]
    for rows in classes:
        if len(blocks[-1]) + len(rows) > limit:
            blocks.append([])
        blocks[-1] += rows
    return blocks


def _block(axes: Axes, rows: Sequence[PreviewRow], cell: tuple[float, float]) -> None:
    """Draw rows, in inches from the upper left corner."""
    step = cell[1] + _GAP
    views = len(rows[0].views)
    _head(axes, _LABEL + cell[1] / 2, cell[1], "prepared")
    if views:
        _head(axes, _LABEL + step + (views * step - _GAP) / 2, views * step - _GAP, "augmented")
    top = 2 * _LINE
    for label, group in groupby(rows, key=lambda row: row.label):
        axes.text(0, top + cell[0] / 2, _wrapped(label), fontsize=8.5, color=INK, va="center")
        for row in group:
            for place, image in enumerate((row.prepared, *row.views)):
                _picture(axes, image, _LABEL + place * step, top, cell)
            top += cell[0] + _GAP
        axes.plot([0, _LABEL + (1 + views) * step - _GAP], [top - _GAP / 2] * 2, color="#D9D9D9", linewidth=0.8)


def _head(axes: Axes, middle: float, width: float, text: str) -> None:
    axes.text(middle, _LINE, text, fontsize=8.5, color=INK, ha="center", va="center")
    axes.plot([middle - width / 2, middle + width / 2], [1.75 * _LINE] * 2, color=FAINT, linewidth=0.8)


def _wrapped(label: str) -> str:
    """A class name on at most two lines."""
    name = shown(label, 2 * _LETTERS - 2)
    if len(name) <= _LETTERS:
        return name
    # At a gap between words where there is one near the middle, else where the line is full.
    gaps = [place for place in range(len(name) - _LETTERS, _LETTERS) if name[place] in " _-/…"]
    cut = min(gaps, key=lambda place: abs(place - len(name) / 2)) + 1 if gaps else _LETTERS
    return f"{name[:cut].rstrip()}\n{name[cut:]}"


def _picture(axes: Axes, image: NDArray[np.uint8], left: float, top: float, cell: tuple[float, float]) -> None:
    # No sharper than the sheet: a hundred pictures of 800 × 600 would fill the memory when drawn.
    small = shrunk(image, round(_CELL * DPI))
    height, width = image.shape[:2]
    scale = min(cell[0] / height, cell[1] / width)
    x, y = left + (cell[1] - width * scale) / 2, top + (cell[0] - height * scale) / 2
    interpolation = "nearest" if max(height, width) < _CELL * DPI else "antialiased"
    axes.imshow(small, extent=(x, x + width * scale, y + height * scale, y), interpolation=interpolation)
