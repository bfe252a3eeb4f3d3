"""Pictures made small for a page."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from cervinet.data.manifest import Manifest
from cervinet.data.picture import Picture
from cervinet.environment import cores
from cervinet.errors import ImageError
from cervinet.progress import Progress

SIDE = 160
"""The most pixels of a thumbnail's longer side."""

_QUALITY = 82
_QUALITY_ENLARGED = 95


@dataclass(frozen=True)
class Thumbnail:
    """A small picture.

    Attributes:
        jpeg: the file.
        width: to be shown at, in CSS pixels; a whole multiple of the file's where that is far below `SIDE`.
        height: to be shown at, in CSS pixels.
        enlarged: it is shown larger than it is.
    """

    jpeg: bytes
    width: int
    height: int
    enlarged: bool


def thumbnails(manifest: Manifest, rows: Sequence[int], progress: Progress) -> dict[int, Thumbnail | None]:
    """A thumbnail of each row; None where the picture cannot be read."""
    pictures = manifest.take(np.asarray(rows, dtype=np.int64)).pictures()
    with ThreadPoolExecutor(cores()) as pool:
        made = progress.track(pool.map(_thumbnail, pictures), len(rows), "Thumbnails")
        return dict(zip(rows, made, strict=True))


def shrunk(image: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """The picture with its proportions and its longer side at most `side` pixels; never enlarged.

    Args:
        image: uint8 (H, W, 3).
        side: in pixels.

    Returns:
        uint8 (h, w, 3), both at least 1.
    """
    height, width = image.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return image
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _thumbnail(picture: Picture) -> Thumbnail | None:
    try:
        small = shrunk(picture.read(at_least=(SIDE, SIDE)), SIDE)
    except ImageError:
        return None
    height, width = small.shape[:2]
    # A picture of 28 × 28 pixels is a dot on a screen; whole multiples keep its pixels square.
    times = max(1, SIDE // max(height, width))
    quality = _QUALITY if times == 1 else _QUALITY_ENLARGED
    _, jpeg = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return Thumbnail(jpeg.tobytes(), width * times, height * times, times > 1)
