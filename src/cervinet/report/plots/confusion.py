"""The confusion matrix as counts and as shares of each true class."""

import textwrap
from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from cervinet.report.plots.canvas import FAINT, INK, counted, literal, page, shown, titled
from cervinet.report.unit import PICTURE

MANY_CLASSES = 10
"""Above it cells are small: zeros are left out, names stand upright, rows are named on both sides."""

_LETTER = 0.08
"""Width of an average letter of a label, in inches."""


def confusion_matrix(
    confusion: NDArray[np.int64],
    classes: Sequence[str],
    *,
    split: str = "test",
    groups: int | None = None,
    note: str | None = None,
    unit: str = PICTURE,
) -> Figure:
    """Two panels: how many pictures of each class were predicted as which, and the same as shares of each row.

    Args:
        confusion: int64 `(classes, classes)`; rows are the truth, columns the predicted class.
        classes: names in the order of the rows.
        split: such as "test".
        groups: how many groups they are from.
        note: what a reader must know of the data, such as "synthetic phantoms".
        unit: the word for one of them, "picture" or "group".
    """
    count, many = len(classes), len(classes) > MANY_CLASSES
    cell = float(np.clip(4.2 / count, 0.4, 1.1))
    support = confusion.sum(axis=1)
    rows, columns, upright = _labels(classes, cell, many)
    rows = [f"{name} ({number:,})" for name, number in zip(rows, support, strict=True)]
    beside = (2 if many else 1) * (_longest(rows) * _LETTER + 0.3)
    below = _longest(columns) * _LETTER if upright else 0.5
    figure = page(
        2 * cell * count + beside + 0.5,
        cell * count + below + 1.0,
        titled("Confusion matrix", split),
        counted(int(confusion.sum()), groups, unit),
        note and shown(note, 60),
    )
    left, right = figure.subplots(1, 2)
    _counts(left, confusion, cell, many, unit)
    _shares(right, confusion, cell, many, unit)
    for axes in (left, right):
        axes.set_xticks(range(count), columns, rotation=90 if upright else 0)
        axes.set_xlabel("Predicted class", color=INK)
    left.set_yticks(range(count), rows)
    left.set_ylabel(f"True class ({unit}s)", color=INK)
    right.set_yticks(range(count), rows if many else [""] * count)
    right.yaxis.tick_right()
    return literal(figure)


def _labels(classes: Sequence[str], cell: float, many: bool) -> tuple[list[str], list[str], bool]:
    """Names for the rows and for the columns, and whether those of the columns must stand upright."""
    if many:
        names = [shown(name) for name in classes]
        return names, names, True
    names = [shown(name, 44) for name in classes]
    width = int(cell / _LETTER)
    upright = max(len(word) for name in names for word in [*name.split(), ""]) > width
    wrapped = [textwrap.fill(name, 26 if upright else width) for name in names]
    return [textwrap.fill(name, 26) for name in names], wrapped, upright


def _longest(labels: Sequence[str]) -> int:
    return max(len(line) for label in labels for line in label.split("\n"))


def _counts(axes: Axes, confusion: NDArray[np.int64], cell: float, many: bool, unit: str) -> None:
    axes.set_title(f"{unit.capitalize()}s", fontsize=9.5, color=INK)
    inks = _cells(axes, confusion / max(1, confusion.max()), cell)
    for (row, column), number in np.ndenumerate(confusion):
        if number or not many:
            _write(axes, column, row, f"{number:,}", _size(cell), inks[row, column])


def _shares(axes: Axes, confusion: NDArray[np.int64], cell: float, many: bool, unit: str) -> None:
    axes.set_title("Share of each true class" + (", %" if many else ""), fontsize=9.5, color=INK)
    support = confusion.sum(axis=1, keepdims=True)
    shares = np.where(support > 0, confusion / np.maximum(support, 1), np.nan)
    inks, size = _cells(axes, shares, cell), _size(cell)
    line = size / (72 * cell)
    for (row, column), number in np.ndenumerate(confusion):
        if np.isnan(shares[row, column]) or (many and not number):
            continue
        share = f"{100 * shares[row, column]:.0f}" + ("" if many else " %")
        _write(axes, column, row - 0.6 * line, share, size, inks[row, column])
        _write(axes, column, row + 0.8 * line, f"{number:,}", 0.72 * size, inks[row, column])
    for row in np.flatnonzero(support == 0):
        _write(axes, (len(confusion) - 1) / 2, int(row), f"no {unit}s of this class", min(size, 9), FAINT)


def _size(cell: float) -> float:
    return float(np.clip(cell * 13, 7, 11))


def _cells(axes: Axes, shares: NDArray[np.float64], cell: float) -> dict[tuple[int, int], str]:
    """Colour cells by shares in [0, 1], grey where NaN; for each cell the ink that is read best on it."""
    # Blues darkens evenly, so that order survives colour-blindness and grey print.
    colours = matplotlib.colormaps["Blues"].with_extremes(bad="#F0F0F0")
    axes.imshow(shares, cmap=colours, vmin=0, vmax=1)
    between = np.arange(len(shares) - 1) + 0.5
    axes.set_xticks(between, minor=True)
    axes.set_yticks(between, minor=True)
    axes.grid(which="minor", color="white", linewidth=1)
    axes.tick_params(which="both", length=0, labelsize=min(_size(cell), 9), colors=INK)
    axes.spines[:].set_color(FAINT)
    lightness = colours(np.ma.masked_invalid(shares))[..., :3] @ (0.299, 0.587, 0.114)
    return {at: "white" if light < 0.52 else INK for at, light in np.ndenumerate(lightness)}


def _write(axes: Axes, x: float, y: float, text: str, size: float, ink: str) -> None:
    # Inside the panel by construction; measuring 2,000 of these for the layout would take seconds.
    axes.text(x, y, text, ha="center", va="center", fontsize=size, color=ink).set_in_layout(False)
