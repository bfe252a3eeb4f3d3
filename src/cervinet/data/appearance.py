"""Fixed steps that change the colours and leave every pixel in its place."""

from typing import Annotated, Literal

import cv2
import numpy as np
from annotated_types import Ge, Gt, Le

from cervinet.data.preprocess import Image, Size, as_uint8
from cervinet.registry import register


@register("preprocess")
def clahe(
    image: Image,
    size: Size,
    *,
    channels: Literal["all", "lightness"] = "all",
    clip_limit: Annotated[float, Gt(0)] = 2.0,
    tiles: Annotated[int, Ge(1), Le(64)] = 8,
) -> Image:
    """Contrast-limited adaptive histogram equalisation, before or after the step that resizes.

    Args:
        image: `(H, W, 3)` uint8 RGB.
        size: not used.
        channels: `all` treats R, G and B each on its own, which also evens out the colour of the light;
            `lightness` treats L of Lab and keeps the hues.
        clip_limit: how steep a tile's histogram may get, as a multiple of a uniform one.
        tiles: tiles along each side.

    Reference: Zuiderveld, "Contrast limited adaptive histogram equalization", Graphics Gems IV, 1994.
    """
    equaliser = cv2.createCLAHE(clip_limit, (tiles, tiles))  # keeps state: one a call, for threads' sake
    if channels == "all":
        return as_uint8(cv2.merge([equaliser.apply(channel) for channel in cv2.split(image)]))
    lightness, a, b = cv2.split(cv2.cvtColor(image, cv2.COLOR_RGB2Lab))
    return as_uint8(cv2.cvtColor(cv2.merge([equaliser.apply(lightness), a, b]), cv2.COLOR_Lab2RGB))


@register("preprocess")
def grey_world(image: Image, size: Size, *, power: Annotated[float, Ge(1), Le(20)] = 1.0) -> Image:
    """Colour constancy: scale R, G and B so that they are equally strong, which takes out the tint of the lamp.

    A black surround does not matter, for it adds nothing to any channel. A picture that is all of one pure colour keeps
    the channels that it has.

    Args:
        image: `(H, W, 3)` uint8 RGB.
        size: not used.
        power: 1 compares the mean of each channel; higher powers count bright pixels more, 6 being the usual
            "shades of grey".

    Reference: Buchsbaum, "A spatial processor model for object colour perception", J. Franklin Institute 310, 1980;
    Finlayson and Trezzi, "Shades of gray and colour constancy", Color Imaging Conference 2004.
    """
    values = (np.arange(256) / 255) ** power
    histograms = (cv2.calcHist([image], [channel], None, [256], [0, 256]).ravel() for channel in range(3))
    strengths = np.array([float(histogram @ values) for histogram in histograms]) ** (1 / power)
    gains = np.divide(strengths.mean(), strengths, out=np.ones(3), where=strengths > 0)
    table = np.clip(np.rint(np.arange(256)[:, None] * gains), 0, 255).astype(np.uint8)
    return as_uint8(cv2.LUT(image, table[None]))
