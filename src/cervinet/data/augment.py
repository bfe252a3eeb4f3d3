"""Random changes of a training picture: one affine warp and one pass over the colours.

All draws of a picture come from (seed, epoch, index), never from a generator that runs on, so any number of threads
gives the same pictures and a run can go on from any step.
"""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

_BORDERS = {"reflect": cv2.BORDER_REFLECT_101, "black": cv2.BORDER_CONSTANT}


@dataclass(frozen=True)
class Augmentation:
    """What may happen to a picture; the fields are those of the config's `training.augment`."""

    horizontal_flip: float = 0.0
    vertical_flip: float = 0.0
    rotation: float = 0.0
    shift: float = 0.0
    zoom: tuple[float, float] = (1.0, 1.0)
    brightness: float = 0.0
    contrast: float = 0.0
    fill: Literal["reflect", "black"] = "reflect"

    def __bool__(self) -> bool:
        return self != Augmentation(fill=self.fill)

    def views(
        self, images: NDArray[np.uint8], *, seed: int, epoch: int, indices: NDArray[np.int64]
    ) -> NDArray[np.uint8]:
        """An augmented view of each picture, uint8 (n, height, width, 3); `indices` are their rows, int64 (n,)."""
        result = np.empty_like(images)
        for view, image, index in zip(result, images, indices, strict=True):
            view[...] = self.apply(image, seed=seed, epoch=epoch, index=int(index))
        return result

    def apply(self, image: NDArray[np.uint8], *, seed: int, epoch: int, index: int) -> NDArray[np.uint8]:
        """One augmented view.

        Args:
            image: uint8 (height, width, 3).
            seed: of the run.
            epoch: counted from 0.
            index: row number of the picture.

        Returns:
            uint8 (height, width, 3), a function of the arguments alone.
        """
        # Philox is counter-based: its key is the place in the run, no state runs on from picture to picture.
        draw = np.random.Generator(np.random.Philox(key=[seed, (epoch << 40) | index])).random(8)
        around = 2 * draw - 1
        height, width = image.shape[:2]
        matrix = warp_matrix(
            (height, width),
            flip=(draw[0] < self.horizontal_flip, draw[1] < self.vertical_flip),
            degrees=around[2] * self.rotation,
            shift=(around[3] * self.shift * height, around[4] * self.shift * width),
            zoom=self.zoom[0] * (self.zoom[1] / self.zoom[0]) ** draw[5],
        )
        if not np.array_equal(matrix, [[1, 0, 0], [0, 1, 0]]):
            border = _BORDERS[self.fill]
            image = cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=border)  # type: ignore[assignment]
        if self.brightness or self.contrast:
            table = colour_table(around[6] * self.brightness, 1 + around[7] * self.contrast)
            image = cv2.LUT(image, table)  # type: ignore[assignment]
        return image


def warp_matrix(
    size: tuple[int, int], *, flip: tuple[bool, bool], degrees: float, shift: tuple[float, float], zoom: float
) -> NDArray[np.float64]:
    """The 2 × 3 matrix of flip, rotation and zoom about the centre, then shift: source pixels → target pixels (x, y).

    Args:
        size: (height, width).
        flip: (left–right, top–bottom).
        degrees: counter-clockwise as seen.
        shift: (down, right) in pixels.
        zoom: above 1 magnifies.
    """
    angle = np.deg2rad(degrees)
    cosine, sine = zoom * np.cos(angle), zoom * np.sin(angle)
    linear = np.array([[cosine, sine], [-sine, cosine]]) @ np.diag([-1.0 if f else 1.0 for f in flip])
    centre = np.array([size[1] - 1, size[0] - 1]) / 2
    offset = centre - linear @ centre + np.array([shift[1], shift[0]])
    return np.column_stack([linear, offset])


def colour_table(brightness: float, contrast: float) -> NDArray[np.uint8]:
    """Where each of the 256 values goes: contrast about mid-grey, then brightness as a share of the full range."""
    values = (np.arange(256) - 127.5) * contrast + 127.5 + 255 * brightness
    table: NDArray[np.uint8] = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return table
