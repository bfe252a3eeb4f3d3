"""One affine warp for everything that moves pixels; mirror images and quarter turns alone move them without loss."""

from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Fill = Literal["reflect", "black"]

_BORDERS = {"reflect": cv2.BORDER_REFLECT_101, "black": cv2.BORDER_CONSTANT}
_TURNS = {1: cv2.ROTATE_90_COUNTERCLOCKWISE, 2: cv2.ROTATE_180, 3: cv2.ROTATE_90_CLOCKWISE}
# Counter-clockwise as seen; y points down. Whole numbers, where sine and cosine would be off in the last digit.
_QUARTERS = (((1, 0), (0, 1)), ((0, 1), (-1, 0)), ((-1, 0), (0, -1)), ((0, -1), (1, 0)))


@dataclass(frozen=True)
class Move:
    """Where the pixels of one picture go, in this order and about its centre.

    Attributes:
        flip: (left–right, top–bottom).
        quarters: turns by 90 degrees counter-clockwise as seen, 0 to 3.
        shear: degrees by which upright lines lean to the right.
        degrees: rotation, counter-clockwise as seen.
        zoom: above 1 magnifies.
        shift: (down, right) in pixels.
    """

    flip: tuple[bool, bool] = (False, False)
    quarters: int = 0
    shear: float = 0.0
    degrees: float = 0.0
    zoom: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)


def moved(image: Image, move: Move, fill: Fill = "reflect") -> Image:
    """The picture after a move, uint8 (height, width, 3) as before: the same array where nothing moves.

    Mirror images and half turns, and quarter turns of a square picture, are exact. A quarter turn in a frame that is
    not square is a warp like any other: two ends leave the frame, and `fill` comes in at the sides.
    """
    height, width = image.shape[:2]
    only_turned = (move.shear, move.degrees, move.zoom, move.shift) == (0, 0, 1, (0, 0))
    if only_turned and (height == width or move.quarters % 2 == 0):
        return _permuted(image, move.flip, move.quarters)
    return warp(image, warp_matrix((height, width), move), fill)


def warp(image: Image, matrix: NDArray[np.float64], fill: Fill) -> Image:
    """The picture under a 2 × 3 matrix of source (x, y) → target (x, y), linearly interpolated, in its own frame."""
    # Four channels, whose pixels lie on whole words, warp more than twice as fast as three, to the same values.
    padded = cv2.cvtColor(image, cv2.COLOR_RGB2RGBA)
    size = (image.shape[1], image.shape[0])
    result = cv2.warpAffine(padded, matrix, size, flags=cv2.INTER_LINEAR, borderMode=_BORDERS[fill])
    return cv2.cvtColor(result, cv2.COLOR_RGBA2RGB)  # type: ignore[return-value]


def warp_matrix(size: tuple[int, int], move: Move) -> NDArray[np.float64]:
    """The 2 × 3 matrix of a move in a frame of (height, width) pixels: source (x, y) → target (x, y)."""
    angle = np.deg2rad(move.degrees)
    cosine, sine = move.zoom * np.cos(angle), move.zoom * np.sin(angle)
    lean = np.array([[1, -np.tan(np.deg2rad(move.shear))], [0, 1]])
    flip = np.diag([-1.0 if one else 1.0 for one in move.flip])
    linear = np.array([[cosine, sine], [-sine, cosine]]) @ lean @ np.array(_QUARTERS[move.quarters]) @ flip
    centre = np.array([size[1] - 1, size[0] - 1]) / 2
    offset = centre - linear @ centre + np.array([move.shift[1], move.shift[0]])
    return np.column_stack([linear, offset])


def _permuted(image: Image, flip: tuple[bool, bool], quarters: int) -> Image:
    result: Any = image
    if any(flip):
        result = cv2.flip(result, -1 if all(flip) else int(flip[0]))
    if quarters:
        result = cv2.rotate(result, _TURNS[quarters])
    return result  # type: ignore[no-any-return]
