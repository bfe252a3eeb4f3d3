"""A heat map over the picture that it explains."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cervinet.data.preprocess import as_uint8

SIDE = 320
"""Pixels of the longer side up to which a smaller picture is enlarged, by a whole number, so that lines stay thin."""

_MOST_OPAQUE = 0.7
_QUALITY = 90


def overlay(
    image: NDArray[np.uint8], heat: NDArray[np.floating[Any]], region: NDArray[np.bool_] | None = None
) -> NDArray[np.uint8]:
    """The picture with its heat in viridis, and the outline of the region of interest.

    Viridis (blue over green to yellow) is even to the eye and is read by the colour-blind, and none of its colours is
    that of tissue. The heat is divided by its own maximum; the less there is of it the more shows of the picture, which
    stays as it is where there is none.

    Args:
        image: uint8 (H, W, 3) RGB.
        heat: float (H, W), not negative.
        region: bool (H, W); None where none is known.

    Returns:
        uint8 (h, w, 3) RGB, the picture's size or a whole multiple of it.
    """
    times = max(1, SIDE // max(image.shape[:2]))
    large = _enlarged(image, times)
    height, width = large.shape[:2]
    share = cv2.resize(heat.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    share = share / share.max() if share.max() > 0 else share
    colours = cv2.cvtColor(
        cv2.applyColorMap(as_uint8((share * 255).astype(np.uint8)), cv2.COLORMAP_VIRIDIS), cv2.COLOR_BGR2RGB
    )
    opacity = _MOST_OPAQUE * share[..., None]
    mixed = as_uint8(np.rint(large * (1 - opacity) + colours * opacity).astype(np.uint8))
    return mixed if region is None else _outlined(mixed, region, times)


def picture(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture alone, uint8 (h, w, 3) RGB, as large as its overlay."""
    return _enlarged(image, max(1, SIDE // max(image.shape[:2])))


def jpeg(image: NDArray[np.uint8]) -> bytes:
    """A file of uint8 (H, W, 3) RGB."""
    _, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return bytes(data.tobytes())


def _enlarged(image: NDArray[Any], times: int) -> NDArray[Any]:
    """Square pixels stay square."""
    return np.ascontiguousarray(image.repeat(times, axis=0).repeat(times, axis=1))


def _outlined(image: NDArray[np.uint8], region: NDArray[np.bool_], times: int) -> NDArray[np.uint8]:
    """A white line between two black ones, seen on any ground."""
    shape = _enlarged(region.astype(np.uint8), times)
    contours, _ = cv2.findContours(shape, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    thickness = max(1, round(max(image.shape[:2]) / 250))
    drawn = cv2.drawContours(image.copy(), contours, -1, (0, 0, 0), thickness + 2)
    return as_uint8(cv2.drawContours(drawn, contours, -1, (255, 255, 255), thickness))
