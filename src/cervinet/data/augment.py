"""Random changes of a training picture: one affine warp, one pass over the colours, then blur, noise and cut-out.

All draws of a picture come from (seed, epoch, index, copy), never from a generator that runs on, so any number of
threads gives the same pictures and a run can go on from any step. Each setting has draws of its own at fixed places:
another setting, added or taken away, changes none of them.

Sources: flips, shifts, rotations, shear and zoom as in Simard et al. 2003 (ICDAR), colours as in `colour_pass`; each
setting has a strength and a probability of its own as in Cubuk et al. 2019 (arXiv:1805.09501).
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cervinet.amount import Amount
from cervinet.data.affine import Fill, Move, moved
from cervinet.data.colour_pass import Tint, tinted

Image = NDArray[np.uint8]

# The places of the draws. New ones go to the end: the place of each is its meaning, in every run ever made.
_PLACES = (
    *("horizontal_flip", "vertical_flip", "rotation", "shift_down", "shift_right", "zoom", "brightness", "contrast"),
    *("quarter_turns", "which_turn", "shear", "saturation", "hue", "gamma", "blur", "noise", "noise_seed"),
    *("cutout_row", "cutout_column", "rotation?", "shift?", "zoom?", "shear?", "brightness?", "contrast?"),
    *("saturation?", "hue?", "gamma?", "blur?", "noise?", "cutout?"),
)
Draws = dict[str, float]

_OFF, _UNZOOMED = Amount(), Amount((1.0, 1.0))


@dataclass(frozen=True)
class Augmentation:
    """What may happen to a picture; the fields are those of the config's `training.augment`."""

    horizontal_flip: float = 0.0
    vertical_flip: float = 0.0
    quarter_turns: float = 0.0
    rotation: Amount = _OFF
    shift: Amount = _OFF
    zoom: Amount = _UNZOOMED
    shear: Amount = _OFF
    brightness: Amount = _OFF
    contrast: Amount = _OFF
    saturation: Amount = _OFF
    hue: Amount = _OFF
    gamma: Amount = _OFF
    blur: Amount = _OFF
    noise: Amount = _OFF
    cutout: Amount = _OFF
    fill: Fill = "reflect"
    mixup: Amount = _OFF
    cutmix: Amount = _OFF

    def __bool__(self) -> bool:
        """Whether pictures ever change on their own; `mixup` and `cutmix` need a batch, see `mixing`."""
        alone = {**vars(self), "fill": "", "mixup": _OFF, "cutmix": _OFF}
        return any(map(bool, alone.values()))

    def views(
        self,
        images: Image,
        *,
        seed: int,
        epoch: int,
        indices: NDArray[np.int64],
        copies: NDArray[np.int64] | None = None,
    ) -> Image:
        """A view of each picture, uint8 (n, height, width, 3); `indices` and `copies` as in `apply`, int64 (n,)."""
        copies = np.zeros_like(indices) if copies is None else copies
        result = np.empty_like(images)
        for view, image, index, copy in zip(result, images, indices.tolist(), copies.tolist(), strict=True):
            view[...] = self.apply(image, seed=seed, epoch=epoch, index=index, copy=copy)
        return result

    def apply(self, image: Image, *, seed: int, epoch: int, index: int, copy: int = 0) -> Image:
        """One augmented view.

        Args:
            image: uint8 (height, width, 3).
            seed: of the run, below 2**31.
            epoch: counted from 0.
            index: row number of the picture, below 2**40.
            copy: which of the picture's views in this epoch, counted from 0.

        Returns:
            uint8 (height, width, 3), a function of the arguments alone.
        """
        draws = draw(seed=seed, epoch=epoch, index=index, copy=copy)
        image = moved(image, self.move(draws, image.shape[:2]), self.fill)
        image = tinted(image, self.tint(draws))
        if _happens(self.blur, "blur", draws) and (sigma := draws["blur"] * _top(self.blur)) > 0:
            image = cv2.GaussianBlur(image, (0, 0), sigma)  # type: ignore[assignment]
        if _happens(self.noise, "noise", draws):
            image = noisy(image, 255 * draws["noise"] * _top(self.noise), int(draws["noise_seed"] * 2**31))
        if _happens(self.cutout, "cutout", draws):
            image = cut_out(image, _top(self.cutout), (draws["cutout_row"], draws["cutout_column"]))
        return image

    def move(self, draws: Draws, size: tuple[int, ...]) -> Move:
        """The warp of these draws in a frame of (height, width)."""
        turned = draws["quarter_turns"] < self.quarter_turns
        down, right = (_around(self.shift, "shift", draws, place) for place in ("shift_down", "shift_right"))
        low, high = self.zoom.strength if isinstance(self.zoom.strength, tuple) else (1.0, 1.0)
        return Move(
            flip=(draws["horizontal_flip"] < self.horizontal_flip, draws["vertical_flip"] < self.vertical_flip),
            quarters=1 + int(3 * draws["which_turn"]) if turned else 0,
            shear=_around(self.shear, "shear", draws),
            degrees=_around(self.rotation, "rotation", draws),
            zoom=low * (high / low) ** draws["zoom"] if _happens(self.zoom, "zoom", draws) else 1.0,
            shift=(down * size[0], right * size[1]),
        )

    def tint(self, draws: Draws) -> Tint:
        """The colours of these draws."""
        top = 1 + _top(self.gamma)
        return Tint(
            brightness=_around(self.brightness, "brightness", draws),
            contrast=1 + _around(self.contrast, "contrast", draws),
            saturation=1 + _around(self.saturation, "saturation", draws),
            degrees=_around(self.hue, "hue", draws),
            gamma=top ** (2 * draws["gamma"] - 1) if _happens(self.gamma, "gamma", draws) else 1.0,
        )


def draw(*, seed: int, epoch: int, index: int, copy: int = 0) -> Draws:
    """Uniform numbers from 0 to 1 by name."""
    # Philox is counter-based: its key is the place in the run, no state runs on from picture to picture.
    generator = np.random.Generator(np.random.Philox(key=[seed | (copy << 32), (epoch << 40) | index]))
    return dict(zip(_PLACES, generator.random(len(_PLACES)).tolist(), strict=True))


def noisy(image: Image, deviation: float, seed: int) -> Image:
    """With Gaussian noise of this standard deviation in grey levels, independent in every pixel and channel."""
    # One channel to OpenCV, which would take a lone number for the deviation of the first of three.
    noise: Any = np.empty((image.shape[0], image.shape[1] * image.shape[2]), np.int16)
    # Its generator belongs to the thread, so nobody can draw from it between these two lines.
    cv2.setRNGSeed(seed)
    cv2.randn(noise, np.zeros(1), np.full(1, deviation))
    return cv2.add(image, noise.reshape(image.shape), dtype=cv2.CV_8U)  # type: ignore[return-value]


def cut_out(image: Image, side: float, centre: tuple[float, float]) -> Image:
    """With a square painted over in the mean colour of the picture, as in DeVries & Taylor 2017, arXiv:1708.04552.

    Args:
        image: uint8 (height, width, 3).
        side: of the square, as a fraction of the shorter side of the picture.
        centre: (row, column) as fractions of the height and width; parts of the square may lie outside.
    """
    height, width = image.shape[:2]
    half = side * min(height, width) / 2
    top, left = (round(place * extent - half) for place, extent in zip(centre, (height, width), strict=True))
    rows, columns = (slice(max(start, 0), max(start + round(2 * half), 0)) for start in (top, left))
    result = image.copy()
    result[rows, columns] = np.rint(cv2.mean(image)[:3])
    return result


def _top(amount: Amount) -> float:
    return amount.strength if not isinstance(amount.strength, tuple) else amount.strength[1]


def _happens(amount: Amount, name: str, draws: Draws) -> bool:
    return bool(amount) and draws[f"{name}?"] < amount.probability


def _around(amount: Amount, name: str, draws: Draws, place: str = "") -> float:
    """From minus to plus the strength; 0 where it does not happen."""
    return (2 * draws[place or name] - 1) * _top(amount) if _happens(amount, name, draws) else 0.0
