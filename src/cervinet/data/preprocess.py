"""The fixed steps between decoding and the network: the same for every image, in training and in use.

A step takes the pixels so far and the size the network wants, `(height, width)`; exactly one step of a list resizes.
One that needs a picture's box or masks says so in the trait `region` and takes the `Picture` as a third argument; one
that keeps a part only has the trait `cuts`. The steps of `crops` and `appearance` are no others than these.
Keyword-only arguments are YAML options and nothing else.
"""

from typing import Annotated, Any

import cv2
import numpy as np
from annotated_types import Ge, Le
from numpy.typing import NDArray

from cervinet.data.picture import Picture
from cervinet.registry import find, register

PREPROCESS_VERSION = 1
"""Raised whenever a step gives other pixels, lest prepared pictures of an older one be taken for its own."""

Image = NDArray[np.uint8]
Size = tuple[int, int]
Steps = tuple[tuple[str, dict[str, Any]], ...]


def as_uint8(image: NDArray[Any]) -> Image:
    """For the type checker: OpenCV's stubs do not say that uint8 stays uint8."""
    return image


def prepare(picture: Picture, size: Size, steps: Steps) -> Image:
    """A picture as the network takes it.

    Args:
        picture: where the pixels are, and its box and masks.
        size: `(height, width)` of the result.
        steps: names and options, as a checked config has them.

    Returns:
        `(height, width, 3)` uint8 RGB, 0–255.

    Raises:
        ImageError: there is no whole picture, or a step cannot do without a region that it lacks.
    """
    return prepare_and_measure(picture, size, steps)[0]


def prepare_and_measure(picture: Picture, size: Size, steps: Steps) -> tuple[Image, Size]:
    """The same, and the `(height, width)` of what the resizing step was given.

    Those of a large JPEG are as it was decoded: at least twice the sides of the result.
    """
    image = decoded(picture, size, steps)
    sides = image.shape[:2]
    for name, options in steps:
        entry = find("preprocess", name)
        row = (picture,) if "region" in entry.traits else ()
        if entry.traits.get("resizes"):
            sides = image.shape[:2]
        image = entry.function(image, size, *row, **options)
    return image, sides


def decoded(picture: Picture, size: Size, steps: Steps) -> Image:
    """The upright pixels that the first step gets, `(H, W, 3)` uint8 RGB.

    A large JPEG is decoded at a fraction of its size (see `decode`), unless a step cuts a part out of it.
    """
    cut = any(find("preprocess", name).traits.get("cuts") for name, _ in steps)
    return picture.read(at_least=None if cut else size)


@register("preprocess", resizes=True)
def letterbox(image: Image, size: Size, *, fill: Annotated[int, Ge(0), Le(255)] = 0) -> Image:
    """Shrink or enlarge to fit, keep the proportions, centre on a plain ground of grey value `fill`.

    Args:
        image: `(H, W, 3)` uint8 RGB.
        size: `(height, width)` of the result.
        fill: the ground, 0 (black) to 255.
    """
    (height, width), (h, w) = size, image.shape[:2]
    scale = min(height / h, width / w)
    inner = _resize(image, (max(1, round(h * scale)), max(1, round(w * scale))))
    top, left = (height - inner.shape[0]) // 2, (width - inner.shape[1]) // 2
    result = np.full((height, width, 3), fill, np.uint8)
    result[top : top + inner.shape[0], left : left + inner.shape[1]] = inner
    return result


@register("preprocess", resizes=True)
def stretch(image: Image, size: Size) -> Image:
    """Shrink or enlarge each side on its own; the proportions change.

    Args:
        image: `(H, W, 3)` uint8 RGB.
        size: `(height, width)` of the result.
    """
    return _resize(image, size)


@register("preprocess", resizes=True)
def center_crop(image: Image, size: Size) -> Image:
    """The largest centred part with the proportions of `size`, shrunk or enlarged to it.

    Args:
        image: `(H, W, 3)` uint8 RGB.
        size: `(height, width)` of the result.
    """
    (height, width), (h, w) = size, image.shape[:2]
    scale = max(height / h, width / w)
    # Cropped first: a strip of 2 × 100,000 pixels, enlarged to cover the size, would fill the memory.
    inner_h, inner_w = max(1, min(h, round(height / scale))), max(1, min(w, round(width / scale)))
    top, left = (h - inner_h) // 2, (w - inner_w) // 2
    return _resize(image[top : top + inner_h, left : left + inner_w], size)


def _resize(image: Image, size: Size) -> Image:
    """First the sides that shrink, then those that grow.

    Shrinking takes the mean of the area: nothing between the samples is skipped, so fine texture turns grey,
    not into false patterns. Growing is linear: cubic would be crisper, but overshoots at edges and so draws
    rims that are not in the tissue. OpenCV averages no area once one side grows, hence two calls.
    """
    (height, width), (h, w) = size, image.shape[:2]
    if height < h or width < w:
        image = as_uint8(cv2.resize(image, (min(width, w), min(height, h)), interpolation=cv2.INTER_AREA))
    if height > h or width > w:
        image = as_uint8(cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR))
    return image
