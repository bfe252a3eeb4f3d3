"""How good a picture is to look at, whatever is on it: brightness, sharpness, size."""

from dataclasses import dataclass
from math import sqrt
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

TINY_ENLARGEMENT = 2.0
"""A picture is tiny where both sides must at least double; up to there, enlarging is usual and harmless."""


@dataclass(frozen=True)
class Quality:
    """Of one picture.

    Attributes:
        brightness: mean of the grey picture as the network gets it, without plain borders, 0–255.
        sharpness: variance of its Laplacian, grey levels squared, not negative.
        enlargement: by how much the smaller picture was enlarged for the network; below 1 where it was shrunk.
    """

    brightness: float
    sharpness: float
    enlargement: float


def quality(image: NDArray[np.uint8], sides: tuple[int, int]) -> Quality:
    """Of a prepared picture.

    Plain borders are left out: rows at the top and columns on the left that have the grey level of that corner
    throughout, and likewise at the bottom and on the right, such as those that `letterbox` adds. They would make a
    picture darker, and the step between them and the picture would pass for detail.

    The enlargement is the square root of that of the area: the same for a picture and its turn by 90°, whether its
    proportions were kept or not.

    Args:
        image: uint8 (height, width, 3) RGB, as the network gets it.
        sides: height and width of what was resized to it, in pixels.

    Reference: the variance of the Laplacian as a measure of focus is LAPV in Pertuz, Puig & Garcia, Analysis of focus
        measure operators for shape-from-focus, Pattern Recognition 46:1415, 2013.
    """
    grey = _without_borders(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))
    detail = cv2.meanStdDev(cv2.Laplacian(grey, cv2.CV_16S))[1]
    height, width = image.shape[:2]
    return Quality(
        brightness=float(cv2.mean(grey)[0]),
        sharpness=float(detail[0, 0]) ** 2,
        enlargement=sqrt(height * width / (sides[0] * sides[1])),
    )


def _without_borders(grey: Any) -> Any:
    """The whole picture where it is plain throughout."""
    if all((edge != edge[0]).any() for edge in (grey[0], grey[:, 0], grey[-1], grey[:, -1])):
        return grey  # as most are, and at once
    first, last = grey != grey[0, 0], grey != grey[-1, -1]
    if not first.any():
        return grey
    top, left = first.any(axis=1).argmax(), first.any(axis=0).argmax()
    bottom, right = last.any(axis=1)[::-1].argmax(), last.any(axis=0)[::-1].argmax()
    part = grey[top : len(grey) - bottom, left : grey.shape[1] - right]
    return np.ascontiguousarray(part) if part.size else grey
