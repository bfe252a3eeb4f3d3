"""The region of interest of a picture, in the frame that the network sees."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cervinet.data.crops import box_problem, field_of, united_mask
from cervinet.data.headers import picture_size
from cervinet.data.picture import Picture
from cervinet.data.preprocess import Size, Steps
from cervinet.errors import ImageError
from cervinet.registry import find

Region = Literal["masks", "boxes"]


def region_of(picture: Picture, size: Size, steps: Steps, kind: Region | None = None) -> NDArray[np.bool_] | None:
    """Where the masks or the box of a picture lie once `prepare` has made it ready.

    The region is drawn at the size of the picture and goes through the steps that move pixels; those that change
    colours pass it by. A pixel of the result belongs to it where more than half of its area does, and of a region too
    small for that the pixel that has most of it. (`prepare` may decode a large JPEG at a fraction of its size, which
    moves an edge by less than a pixel of the result.)

    Args:
        picture: with masks, several of which are united, or a box.
        size: (height, width) of the result.
        steps: the fixed preprocessing, one of which settles the size.
        kind: masks or boxes alone; None for the masks, or for the box of a picture that has no mask.

    Returns:
        bool (height, width) with at least one True; None where there is no region, an empty one, or none in the frame.

    Raises:
        ImageError: the picture or a mask cannot be read, a mask is of another size, or a box leaves the picture.
    """
    drawn = _drawn(picture, kind)
    if drawn is None:
        return None
    region = np.repeat(drawn[..., None].astype(np.uint8) * 255, 3, axis=2)
    # Only what `crop_to_field` cuts depends on what is to be seen.
    image = picture.read() if any(name == "crop_to_field" for name, _ in steps) else None
    for name, options in steps:
        entry = find("preprocess", name)
        row = (picture,) if "region" in entry.traits else ()
        if name == "crop_to_field" and image is not None:
            kept = field_of(image)
            image, region = image[kept], region[kept]
            continue
        if image is not None:
            image = entry.function(image, size, *row, **options)
        if entry.traits.get("resizes") or entry.traits.get("cuts"):
            unfilled = {key: 0 if key == "fill" else value for key, value in options.items()}
            region = entry.function(region, size, *row, **unfilled)
    share = region[..., 0]
    inside: NDArray[np.bool_] = share > 127 if (share > 127).any() else (share == share.max()) & (share > 0)
    return inside if inside.any() else None


def _drawn(picture: Picture, kind: Region | None) -> NDArray[np.bool_] | None:
    """bool (H, W) at the picture's own size."""
    of_masks, of_box = picture.masks and kind != "boxes", picture.box and kind != "masks"
    if not of_masks and not of_box:
        return None
    shape = picture_size(picture.path) if picture.pixels is None else picture.pixels.shape[:2]
    if of_masks:
        united = united_mask(picture, shape)
        return united if united.any() else None
    if problem := box_problem(picture, *shape):
        raise ImageError(problem)
    assert picture.box is not None
    x, y, w, h = picture.box
    # Every pixel whose centre is in it, and one at least.
    left, top = min(max(0, round(x)), shape[1] - 1), min(max(0, round(y)), shape[0] - 1)
    drawn = np.zeros(shape, bool)
    drawn[top : max(top + 1, round(y + h)), left : max(left + 1, round(x + w))] = True
    return drawn
