"""Pixels of any depth, with or without alpha → uint8 RGB, the right way up."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8] | NDArray[np.uint16]


def to_rgb8(pixels: Pixels, bits: int | None = None) -> NDArray[np.uint8]:
    """Eight bits, three channels, no alpha.

    Sixteen-bit values are scaled linearly from 0…2^bits − 1 to 0…255 and rounded. Where the file does not
    state `bits`, they are `depth_of` the picture: a container of 16 bits often holds a detector's 10, 12 or
    14, and dividing those by 256, as decoders do, turns them black.

    Alpha is composited on black: black is the surround of endoscopes, colposcopes and ultrasound, and what
    `letterbox` pads with. What was hidden under full transparency is gone.

    Args:
        pixels: `(H, W)`, `(H, W, 3)` RGB or `(H, W, 4)` RGBA, uint8 or uint16.
        bits: the true depth of uint16 data, where known.

    Returns:
        `(H, W, 3)` uint8 RGB, 0–255, contiguous.
    """
    image: NDArray[Any] = pixels
    if pixels.dtype == np.uint16:
        top = (1 << (bits or depth_of(pixels))) - 1
        image = cv2.convertScaleAbs(image, alpha=255 / top)
    if image.ndim == 2:
        image = cv2.cvtColor(image, cv2.COLOR_GRAY2RGB)
    elif image.shape[2] == 4:
        alpha = cv2.cvtColor(np.ascontiguousarray(image[..., 3]), cv2.COLOR_GRAY2RGB)
        image = cv2.multiply(np.ascontiguousarray(image[..., :3]), alpha, scale=1 / 255)
    return np.ascontiguousarray(image, dtype=np.uint8)


def depth_of(pixels: Pixels) -> int:
    """The smallest of 8, 10, 12, 14 and 16 bits that holds the maximum."""
    return next(bits for bits in (8, 10, 12, 14, 16) if int(pixels.max()) < 1 << bits)


def upright(image: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """The `(H, W, 3)` picture as its EXIF orientation (1–8) says it is to be seen; 5 to 8 swap H and W.

    Reference: CIPA DC-008, tag 0x0112: where the stored first row and first column belong.
    """
    turned: NDArray[Any] = cv2.transpose(image) if orientation in (5, 7) else image
    match orientation:
        case 2:
            turned = cv2.flip(turned, 1)
        case 4:
            turned = cv2.flip(turned, 0)
        case 3 | 7:
            turned = cv2.rotate(turned, cv2.ROTATE_180)
        case 6:
            turned = cv2.rotate(turned, cv2.ROTATE_90_CLOCKWISE)
        case 8:
            turned = cv2.rotate(turned, cv2.ROTATE_90_COUNTERCLOCKWISE)
    return turned
