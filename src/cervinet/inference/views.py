"""Mirror images and quarter turns of prepared pictures, whose probabilities are averaged."""

from collections.abc import Iterator
from itertools import islice

import numpy as np
from numpy.typing import NDArray


def views_of(images: NDArray[np.uint8], views: int) -> Iterator[NDArray[np.uint8]]:
    """As they are, left-right, top-bottom, both, then the same four transposed.

    Args:
        images: (n, height, width, 3); square for more than four views.
        views: how many of them, 1, 2, 4 or 8.
    """
    upright = (images, images[:, :, ::-1], images[:, ::-1], images[:, ::-1, ::-1])
    yield from islice((*upright, *(view.swapaxes(1, 2) for view in upright)), views)


def views_words(views: int) -> str:
    """What must be said with results that come from several views."""
    return f"mean of {views} views of each picture" if views > 1 else ""
