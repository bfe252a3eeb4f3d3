"""How good a picture is to look at, whatever is on it: brightness, sharpness, size."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Quality:
    """Of one picture.

    Attributes:
        brightness: mean of the grey picture as the network gets it, 0–255.
        sharpness: variance of its Laplacian.
        enlargement: by how much the smaller picture was enlarged for the network; below 1 where it was shrunk.
    """

    brightness: float
    sharpness: float
    enlargement: float


def quality(image: NDArray[np.uint8], sides: tuple[int, int]) -> Quality:
    """Of a prepared picture.

    Args:
        image: uint8 (height, width, 3) RGB, as the network gets it.
        sides: height and width of what was resized to it, in pixels.
    """
    raise NotImplementedError
