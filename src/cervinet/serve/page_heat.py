"""A picture under its heat map, for a reader who fades the map and measures the heat in boxes."""

import base64
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from cervinet.data.preprocess import as_uint8
from cervinet.report.html import Html, element, name, paragraph, text
from cervinet.report.overlay import jpeg, picture
from cervinet.serve.service import Heat

CELLS = 128
"""Cells of the longer side of the grid at most, by which the heat in a box is told."""

_LEVELS = 65535


def heat_figure(found: Heat, label: str, classes: Sequence[str]) -> Html:
    """The picture as the network sees it, the heat for a class over it, and what to work it with.

    The layer's opacity at its hottest is what the slider says; 70 % gives the overlay of reports.
    """
    seen, layer = _file("jpeg", jpeg(picture(found.image))), _file("png", _layer(found.heat))
    cells = grid(found.heat)
    layers = element(
        "div",
        element("img", class_="picture", src=seen, alt="The picture as the network sees it", draggable="false"),
        element("img", class_="layer", src=layer, alt=f"Heat map of what speaks for {label}", draggable="false"),
        element("div", class_="region", hidden=True),
        class_="layers",
        data_cells=base64.b64encode(cells.astype("<u2").tobytes()).decode("ascii"),
        data_rows=str(cells.shape[0]),
        data_columns=str(cells.shape[1]),
    )
    asked = [element("option", text(one), value=one, selected=one == label) for one in classes]
    controls = element(
        "div",
        element("label", text("Heat for "), element("select", *asked, class_="asked")),
        element(
            "label",
            text("Opacity "),
            element("input", type="range", min="0", max="100", value="70", class_="opacity"),
        ),
        element("button", text("Measure a box"), type="button", class_="measure", aria_pressed="false"),
        class_="controls",
    )
    caption = element(
        "figcaption",
        text("Grad-CAM: where the picture speaks for "),
        name(label),
        text(", little in blue, much in yellow; it shows what the network used, not where disease is."),
        class_="faint",
    )
    nothing = text("") if cells.any() else paragraph(text("Nothing in the picture speaks for this class."))
    share = element("p", class_="share", role="status")
    return element("figure", layers, controls, share, nothing, caption, class_="heat")


def no_heat() -> Html:
    """In its place, where a run has none."""
    return paragraph(text("There is no heat map of this picture: the run's files for it are not there."), style="faint")


def grid(heat: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Mean heat of the cells of a grid, as levels of the largest.

    Args:
        heat: float32 (height, width), not negative.

    Returns:
        uint16 (rows, columns), at most `CELLS` each; all 0 where there is no heat.
    """
    height, width = heat.shape
    shrunk = min(1.0, CELLS / max(height, width))
    size = (max(1, round(width * shrunk)), max(1, round(height * shrunk)))
    means = np.asarray(cv2.resize(heat, size, interpolation=cv2.INTER_AREA), np.float64)
    largest = means.max()
    if not largest > 0:
        return np.zeros(means.shape, np.uint16)
    levels: NDArray[np.uint16] = np.rint(means / largest * _LEVELS).astype(np.uint16)
    return levels


def _layer(heat: NDArray[np.float32]) -> bytes:
    """A PNG in viridis, the less opaque the less heat there is."""
    levels = grid(heat) // 257
    colours = cv2.applyColorMap(as_uint8(levels.astype(np.uint8)), cv2.COLORMAP_VIRIDIS)
    _, data = cv2.imencode(".png", np.dstack([colours, levels.astype(np.uint8)]))
    return bytes(data.tobytes())


def _file(kind: str, data: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"
