"""Fixed steps that keep the part of a picture that matters."""

from typing import Annotated, Literal

import cv2
import numpy as np
from annotated_types import Ge, Le
from numpy.typing import NDArray

from cervinet.data.decode import read_image
from cervinet.data.picture import Box, Picture
from cervinet.data.preprocess import Image, Size
from cervinet.errors import ImageError
from cervinet.escape import for_terminal
from cervinet.registry import register

Margin = Annotated[float, Ge(0), Le(10)]
Without = Literal["whole_image", "error", "exclude"]

_FIELD_SIDE = 256
_SMALLEST_FIELD = 0.05


@register("preprocess", cuts=True, region="box")
def crop_to_box(
    image: Image, size: Size, picture: Picture, *, margin: Margin = 0.1, without: Without = "whole_image"
) -> Image:
    """Keep the box of the picture's row, and a margin.

    Args:
        image: `(H, W, 3)` uint8 RGB, as decoded.
        size: not used.
        picture: for its box.
        margin: added on each side, as a share of the box's width and height; cut at the edge of the picture.
        without: what to do with a picture that has no box: keep it whole, stop with an error, or exclude it.
    """
    if picture.box is None:
        return _whole(image, picture, "box", without)
    if problem := box_problem(picture, *image.shape[:2]):
        raise ImageError(problem)
    return _crop(image, picture.box, margin)


@register("preprocess", cuts=True, region="masks", from_experts=True)
def crop_to_masks(
    image: Image, size: Size, picture: Picture, *, margin: Margin = 0.1, without: Without = "whole_image"
) -> Image:
    """Keep the box round the masks of the picture's row, and a margin.

    Experts drew the masks, and new pictures have none: such a network is for studies and cannot be deployed.

    Args:
        image: `(H, W, 3)` uint8 RGB, as decoded.
        size: not used.
        picture: for its masks.
        margin: added on each side, as a share of the region's width and height; cut at the edge of the picture.
        without: what to do with a picture that has no mask or empty ones: keep it whole, stop with an error, or
            exclude it.
    """
    region = united_mask(picture, image.shape[:2])
    if not region.any():
        return _whole(image, picture, "mask that is not empty", without)
    x, y, w, h = cv2.boundingRect(region.astype(np.uint8))
    return _crop(image, (x, y, w, h), margin)


@register("preprocess", cuts=True)
def crop_to_field(image: Image, size: Size) -> Image:
    """Keep the box round the bright field of a lens, without the black surround of a colposcope or a dermatoscope.

    The field is the largest connected part that is brighter than a tenth of the bright parts. A picture without a black
    surround stays whole, and so does one whose bright part is less than a twentieth of it.

    Args:
        image: `(H, W, 3)` uint8 RGB.
        size: not used.
    """
    return np.ascontiguousarray(image[field_of(image)])


def field_of(image: Image) -> tuple[slice, slice]:
    """The rows and columns that `crop_to_field` keeps of `(H, W, 3)` uint8 RGB."""
    height, width = image.shape[:2]
    scale = max(1.0, max(height, width) / _FIELD_SIDE)
    small = (max(1, round(width / scale)), max(1, round(height / scale)))
    brightest = cv2.resize(image, small, interpolation=cv2.INTER_AREA).max(axis=2)
    bright = (brightest > np.percentile(brightest, 99) / 10).astype(np.uint8)
    _, _, parts, _ = cv2.connectedComponentsWithStats(bright, connectivity=4)
    whole = slice(0, height), slice(0, width)
    if len(parts) < 2:
        return whole
    x, y, w, h, area = parts[1 + parts[1:, cv2.CC_STAT_AREA].argmax()].tolist()
    if area < _SMALLEST_FIELD * bright.size:
        return whole
    across, down = width / small[0], height / small[1]
    top, bottom = int(y * down), -int(-(y + h) * down // 1)
    left, right = int(x * across), -int(-(x + w) * across // 1)
    return slice(top, bottom), slice(left, right)


def united_mask(picture: Picture, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Where any mask of a picture is set: more than half as bright as the mask's brightest pixel.

    Args:
        picture: with any number of masks.
        shape: (H, W) of the picture itself.

    Returns:
        bool (H, W); all False where there is no mask or every one is black.

    Raises:
        ImageError: a mask cannot be read, or is of another size than the picture.
    """
    united = np.zeros(shape, bool)
    for path in picture.masks:
        mask = read_image(path).max(axis=2)
        if mask.shape != shape:
            raise ImageError(
                f"'{for_terminal(path)}' must be a mask of the size of '{for_terminal(picture.path)}', "
                f"{shape[1]}×{shape[0]}, but it is {mask.shape[1]}×{mask.shape[0]}; draw it anew or remove it"
            )
        united |= mask > mask.max() // 2
    return united


def box_problem(picture: Picture, height: int, width: int) -> str:
    """A sentence where the box of a picture of this size leaves it, or an empty text; half a pixel is no matter."""
    if picture.box is None:
        return ""
    x, y, w, h = picture.box
    if w > 0 and h > 0 and x >= -0.5 and y >= -0.5 and x + w <= width + 0.5 and y + h <= height + 0.5:
        return ""
    return (
        f"the box of '{for_terminal(picture.path)}' must lie in the picture, {width}×{height}, but it goes from x "
        f"{x:g} to {x + w:g} and from y {y:g} to {y + h:g}; correct the box, or take it out"
    )


def _whole(image: Image, picture: Picture, region: str, without: Without) -> Image:
    if without == "whole_image":
        return image
    raise ImageError(
        f"'{for_terminal(picture.path)}' must have a {region} to be cropped to, but it has none; "
        "bring one, or let the step have `without: whole_image`"
    )


def _crop(image: Image, box: Box, margin: float) -> Image:
    """The box and its margin as far as they lie in the picture, one pixel at least."""
    x, y, w, h = box
    height, width = image.shape[:2]
    left, top = min(max(0, round(x - margin * w)), width - 1), min(max(0, round(y - margin * h)), height - 1)
    right = min(width, max(left + 1, round(x + (1 + margin) * w)))
    bottom = min(height, max(top + 1, round(y + (1 + margin) * h)))
    return np.ascontiguousarray(image[top:bottom, left:right])
