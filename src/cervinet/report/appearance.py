"""Sizes, brightness, sharpness and colour of the pictures of each class and split: where shortcuts show."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from cervinet.data.manifest import SPLITS, Manifest
from cervinet.report.data_overview import NO_LABEL, counted
from cervinet.report.html import Html, drawing, faint, joined, name, paragraph, section, table, text

Numbers = NDArray[np.float64]
_Part = tuple[Html, NDArray[np.bool_]]

_WIDTH, _HEIGHT = 120, 16
_INSET = 3
_BOX, _LINE = "#56B4E9", "#222222"


class Measurements(Protocol):
    """What is known of every picture; all arrays have n rows, and hold 0 where a picture cannot be read."""

    @property
    def height(self) -> NDArray[Any]:
        """(n,) pixels of the upright picture."""

    @property
    def width(self) -> NDArray[Any]:
        """(n,) pixels of the upright picture."""

    @property
    def mean(self) -> NDArray[Any]:
        """(n, 3) mean of red, green and blue, 0 to 255."""

    @property
    def brightness(self) -> NDArray[Any]:
        """(n,) mean of all three, 0 to 255."""

    @property
    def sharpness(self) -> NDArray[Any]:
        """(n,) 0 or more; higher is sharper."""


def appearance_section(manifest: Manifest, measured: Measurements, splits: Sequence[str | None]) -> Html:
    """A row for each class and each split.

    Args:
        manifest: the pictures.
        measured: a row for each.
        splits: of each picture; None where it is in none.
    """
    labels = manifest.table["label"].fillna("").to_numpy(str)
    of = np.array([split or "" for split in splits], dtype=str)
    classes = [(name(label), labels == label) for label in manifest.classes or sorted(set(labels) - {""})]
    classes += [(text(NO_LABEL), labels == "")] if (labels == "").any() else []
    parts = [(text(split), of == split) for split in SPLITS if (of == split).any()]
    legend = (
        "A line spans 90 % of the pictures, the box half of them, and the bar in it is the median, "
        "which stands below with the range of the line. What tells classes or splits apart here without having to do "
        "with the disease can be learnt as a shortcut."
    )
    return section("appearance", text("Sizes and colours"), paragraph(text(legend)), _table(classes, parts, measured))


def _table(classes: Sequence[_Part], splits: Sequence[_Part], measured: Measurements) -> Html:
    readable = np.asarray(measured.height) > 0
    longer = np.maximum(measured.height, measured.width).astype(float)
    brightness, sharpness = np.asarray(measured.brightness, float), np.asarray(measured.sharpness, float)
    scales = [(longer, _range(longer[readable])), (brightness, (0.0, 255.0)), (sharpness, _range(sharpness[readable]))]
    rows = []
    for head, chosen in (*classes, *splits):
        rows_of = chosen & readable
        if not rows_of.any():
            rows.append([head, *(text("–") for _ in range(5))])
            continue
        spreads = [_spread(values[rows_of], *scale) for values, scale in scales]
        rows.append([head, _sizes(measured, rows_of), *spreads, _colour(np.asarray(measured.mean)[rows_of])])
    columns = [
        "class or split" if splits else "class",
        "width × height",
        "longer side, pixels",
        "brightness, 0 to 255",
        "sharpness",
        "mean red, green, blue",
    ]
    caption = "By class" + (" and by split" if splits else "")
    return table(text(caption), [text(column) for column in columns], rows, style="words", ruled=len(classes))


def _range(values: Numbers) -> tuple[float, float]:
    values = values[np.isfinite(values)]
    return (float(np.quantile(values, 0.01)), float(np.quantile(values, 0.99))) if len(values) else (0.0, 1.0)


def _sizes(measured: Measurements, rows: NDArray[np.bool_]) -> Html:
    """The commonest size and its share, and how many others there are."""
    pairs = zip(np.asarray(measured.width)[rows].tolist(), np.asarray(measured.height)[rows].tolist(), strict=True)
    sizes = Counter(pairs)
    (width, height), times = sizes.most_common(1)[0]
    # Rounded down: "100 %" is said of all only.
    share = f"{int(100 * times / sizes.total())} %"
    others = f", and {counted(len(sizes) - 1, 'other size')}" if len(sizes) > 1 else ""
    return joined(text(f"{width:.0f}×{height:.0f}"), faint(f"{share}{others}"))


def _spread(values: Numbers, low: float, high: float) -> Html:
    """A box plot on a common scale, and the median and 5 and 95 % quantiles in figures."""
    values = values[np.isfinite(values)]
    if not len(values):
        return text("–")
    quantiles = np.quantile(values, [0.05, 0.25, 0.5, 0.75, 0.95])
    span = high - low
    places = np.clip((quantiles - low) / span, 0, 1) if span > 0 else np.full(5, 0.5)
    a, b, c, d, e = _INSET + places * (_WIDTH - 2 * _INSET)
    middle = _HEIGHT / 2
    shapes = (
        f'<rect x="0" y="{middle - 0.5}" width="{_WIDTH}" height="1" fill="#e3e3e3"/>',
        f'<rect x="{a:.1f}" y="{middle - 1}" width="{max(1.0, e - a):.1f}" height="2" fill="{_LINE}"/>',
        f'<rect x="{b - 1:.1f}" y="2" width="{d - b + 2:.1f}" height="{_HEIGHT - 4}" fill="{_BOX}"/>',
        f'<rect x="{c - 1:.1f}" y="1" width="2" height="{_HEIGHT - 2}" fill="{_LINE}"/>',
    )
    lower, _, median, _, upper = (f"{value:,.{_decimals(float(quantiles[-1]))}f}" for value in quantiles)
    alt = f"median {median}, 90 % between {lower} and {upper}"
    return joined(drawing(_WIDTH, _HEIGHT, alt, *shapes), faint(f"{median} ({lower} – {upper})"))


def _decimals(largest: float) -> int:
    return 0 if largest >= 100 else 1 if largest >= 10 else 2 if largest >= 1 else 4


def _colour(colours: Numbers) -> Html:
    mean = np.nanmean(colours, axis=0)
    red, green, blue = (round(float(value)) for value in mean)
    fill = f"#{red:02x}{green:02x}{blue:02x}"
    said = f"{red}, {green}, {blue}"
    frame = f'<rect x="0.5" y="0.5" width="47" height="15" rx="3" fill="{fill}" stroke="#767676"/>'
    return joined(drawing(48, 16, f"colour {said}", frame), faint(said))
