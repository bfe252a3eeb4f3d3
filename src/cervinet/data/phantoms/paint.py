"""What the phantoms are painted with: soft-edged masks, layers of colour, and one tile of texture.

Colours are planar float32 (3, H, W), 0 to 1: a mask (H, W) then broadcasts along memory.
"""

from functools import cache
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]

_TILE = 512
_TILE_RADII = 3.0


def ramp(distance: Field, width: float) -> Field:
    """0 to 1 across `width` around distance 0, smooth at both ends."""
    t = np.clip(distance * 1 / width + 0.5, 0, 1)
    smooth: Field = t * t * (3 - 2 * t)
    return smooth


def blend(colour: Field, mask: Field, towards: tuple[float, float, float]) -> None:
    """Lay `towards` over the picture (3, H, W), in place, as thick as the mask (H, W) says."""
    colour += mask * (np.array(towards, np.float32)[:, None, None] - colour)


class Texture(NamedTuple):
    """Noise at each place, float32 (H, W): unit deviation around 0, vessels from 0 to 1."""

    lump: Field
    patch: Field
    grain: Field
    vessel: Field


def texture_at(u: Field, v: Field, offset: tuple[float, float]) -> Texture:
    """The texture at places (u, v), in cervix radii, of a patient who lies at `offset` in the tile."""
    to_tile = _TILE / _TILE_RADII
    column, row = u * to_tile + offset[0] * _TILE, v * to_tile + offset[1] * _TILE
    sampled = cv2.remap(_texture_tile(), column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    return Texture(*(np.asarray(channel, np.float32) for channel in cv2.split(sampled)))


@cache
def _texture_tile() -> Field:
    """Periodic noise, float32 (tile, tile, 4): the channels of `Texture`."""
    rng = np.random.default_rng(2011)
    spectrum = np.fft.fft2(rng.normal(size=(5, _TILE, _TILE)))
    frequency = np.hypot(np.fft.fftfreq(_TILE)[:, None], np.fft.fftfreq(_TILE))

    def noise(index: int, sigma: float) -> NDArray[np.float64]:
        field = np.fft.ifft2(spectrum[index] * np.exp(-2 * (np.pi * frequency * sigma) ** 2)).real
        scaled: NDArray[np.float64] = field / field.std()
        return scaled

    grain = noise(2, 3) - 0.6 * noise(2, 8)
    # Vessels are the zero lines of a smooth field, broken where a second field is low.
    vessel = np.exp(-((noise(3, 12) / 0.07) ** 2)) * np.clip(noise(4, 20), 0, 1)
    return np.stack([noise(0, 28), noise(1, 22), grain / grain.std(), vessel], axis=-1).astype(np.float32)
