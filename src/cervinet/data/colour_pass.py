"""One pass over the colours: brightness, contrast, saturation and hue as one 3 × 4 matrix, and gamma as one table.

Brightness, contrast and saturation extrapolate between the picture and a plainer one (Haeberli & Voorhies 1994,
"Image Processing by Linear Interpolation and Extrapolation"); all of them are matrices (Haeberli 1993, "Matrix
Operations for Image Processing"), so one product does them all.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

# Grey of R, G, B by ITU-R BT.601, and the YIQ axes of the NTSC (FCC 1953) in whose plane I, Q the hue turns.
_GREY = np.array([0.299, 0.587, 0.114])
_YIQ = np.array([_GREY, [0.595716, -0.274453, -0.321263], [0.211456, -0.522591, 0.311135]])
_RGB = np.linalg.inv(_YIQ)
_MIDDLE = 127.5


@dataclass(frozen=True)
class Tint:
    """What happens to the colours of one picture.

    Attributes:
        brightness: added, as a share of the full range.
        contrast: factor of the distance from mid-grey.
        saturation: factor of the distance from the grey of the same pixel.
        degrees: turn of the hue.
        gamma: power of the values on the scale 0–1; below 1 is lighter.
    """

    brightness: float = 0.0
    contrast: float = 1.0
    saturation: float = 1.0
    degrees: float = 0.0
    gamma: float = 1.0


def tinted(image: NDArray[np.uint8], tint: Tint) -> NDArray[np.uint8]:
    """The picture in other colours, uint8 (height, width, 3) RGB; the same array where nothing changes."""
    result: Any = image
    if (tint.brightness, tint.contrast, tint.saturation, tint.degrees) != (0, 1, 1, 0):
        result = cv2.transform(result, colour_matrix(tint))
    if tint.gamma != 1:
        result = cv2.LUT(result, gamma_table(tint.gamma))
    return result  # type: ignore[no-any-return]


def colour_matrix(tint: Tint) -> NDArray[np.float64]:
    """(3, 4): saturation and hue, which leave greys as they are; then contrast; then brightness; on values 0–255."""
    turned = np.eye(3)
    if tint.degrees or tint.saturation != 1:
        angle = np.deg2rad(tint.degrees)
        cosine, sine = tint.saturation * np.cos(angle), tint.saturation * np.sin(angle)
        turned = _RGB @ np.array([[1, 0, 0], [0, cosine, -sine], [0, sine, cosine]]) @ _YIQ
    offset = _MIDDLE * (1 - tint.contrast) + 255 * tint.brightness
    return np.column_stack([tint.contrast * turned, np.full(3, offset)])


def gamma_table(gamma: float) -> NDArray[np.uint8]:
    """Where each of the 256 values goes; 0 and 255 stay."""
    table: NDArray[np.uint8] = np.rint(255 * (np.arange(256) / 255) ** gamma).astype(np.uint8)
    return table
