"""How a picture looks, in a few numbers: its colours, and how much detail it has at each scale."""

import cv2
import numpy as np
from numpy.typing import NDArray

LOOK = 21
"""How many numbers."""

_SIDE = 64
_SCALES = 4
_PAIRS = np.triu_indices(3, 1)

# Keeps correlations of colours that do not vary near 0, where they would be noise.
_FLOOR = 4.0


def look(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Of prepared pictures, squashed to 64 × 64 and taken apart into lightness and two colours (CIE L*a*b*).

    What a picture is of matters little to these numbers, what kind of picture it is much: a trained network has learnt
    to ignore just that.

    Args:
        images: uint8 (n, height, width, 3) RGB.

    Returns:
        float32 (n, 21): mean and logarithm of the standard deviation of each channel, the three correlations between
        them, and for sides of 64, 32, 16 and 8 pixels the logarithm of the standard deviation of each channel's
        Laplacian. Logarithms are those of 1 + the value.
    """
    return np.array([_look(image) for image in images], np.float32).reshape(len(images), LOOK)


def _look(image: NDArray[np.uint8]) -> list[float]:
    small = cv2.resize(image, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB).astype(np.float32)
    mean, spread = cv2.meanStdDev(lab)
    colours = lab.reshape(-1, 3) - mean.T.astype(np.float32)
    covariance = colours.T @ colours / len(colours) + _FLOOR * np.eye(3)
    deviation = np.sqrt(np.diag(covariance))
    correlation = (covariance / np.outer(deviation, deviation))[_PAIRS]
    detail = []
    for _ in range(_SCALES):
        detail.append(cv2.meanStdDev(cv2.Laplacian(lab, cv2.CV_32F))[1][:, 0])
        lab = cv2.pyrDown(lab).astype(np.float32)
    return [*mean[:, 0], *np.log1p(spread[:, 0]), *correlation, *np.log1p(np.concatenate(detail))]
