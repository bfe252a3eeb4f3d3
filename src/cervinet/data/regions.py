"""Masks against the pictures that they were drawn on."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cervinet.data.crops import united_mask
from cervinet.data.decoding import decode_all
from cervinet.data.picture import Picture
from cervinet.errors import ImageError
from cervinet.progress import Progress


def read_masks(
    pictures: Sequence[Picture], sizes: NDArray[np.int64], progress: Progress
) -> tuple[NDArray[np.bool_], dict[int, str]]:
    """Whether each picture has a mask that is not empty, and what is wrong with masks.

    Args:
        pictures: in the order of the rows.
        sizes: (height, width) of each, int64 (n, 2); zeros for a picture that cannot be read.
        progress: shows the reading.

    Returns:
        bool (n,), and the sentence of each row whose masks cannot be read or are of another size.
    """
    masked = [row for row, picture in enumerate(pictures) if picture.masks and sizes[row].all()]
    has = np.zeros(len(pictures), bool)
    problems: dict[int, str] = {}
    found = decode_all(masked, lambda row: bool(united_mask(pictures[row], tuple(sizes[row].tolist())).any()))
    for row, result in progress.track(found, len(masked), "Reading masks"):
        if isinstance(result, ImageError):
            problems[row] = str(result)
        else:
            has[row] = result
    return has, problems
