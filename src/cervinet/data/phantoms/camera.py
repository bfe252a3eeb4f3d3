"""How a phantom is photographed: where the camera and the light are, the speculum, the lens and the sensor.

Picture coordinates: the shorter side runs from -1 to 1, x right, y down. Every length is in these, never in
pixels, so that one photograph at two sizes is the same picture.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from cervinet.data.phantoms.paint import Field, blend, ramp


@dataclass(frozen=True)
class View:
    """How one photograph was taken: lengths in picture coordinates, angles in radians."""

    scale: float
    """Radius of the cervix."""
    shift: tuple[float, float]
    """Where the centre of the cervix lies."""
    rotation: float
    tilt: float
    """Foreshortening of the vertical axis, 1 for a frontal view."""
    light: tuple[float, float]
    """Where the light comes from, as a slope."""
    cast: tuple[float, float, float]
    """Gain of R, G and B: white balance and exposure."""
    contrast: float
    """Gain around middle grey."""
    gloss: float
    """Strength of the highlights, 0 to 1."""
    vignette: float
    """Share of the light that is lost in the corners."""
    blur: float
    """Standard deviation of the defocus."""
    noise: float
    """Standard deviation of the sensor noise, of full scale 1."""
    blades: tuple[float, float]
    """Where the speculum's upper and lower blade begin; beyond the corners when they are not seen."""
    blade_curves: tuple[float, float]
    """How far the upper and the lower blade reach in at the sides."""
    blade_angle: float
    tube: float
    """Radius of the black camera tube; beyond the corners when it is not seen."""
    grain: int
    """Seed of the sensor noise."""


def sample_view(rng: np.random.Generator) -> View:
    """Draw how one photograph is taken; the same for every class."""
    exposure, warmth, tint = rng.uniform(0.75, 1.15), rng.normal(0, 0.06), rng.normal(0, 0.04)
    blades = rng.random() < 0.75
    return View(
        scale=0.95 * 1.6 ** rng.uniform(0, 1),
        shift=(rng.normal(0, 0.12), rng.normal(0, 0.12)),
        rotation=rng.normal(0, 0.25),
        tilt=rng.uniform(0.82, 1),
        light=(rng.normal(0, 0.25), rng.normal(-0.15, 0.25)),
        cast=(exposure * (1 + warmth), exposure * (1 + tint), exposure * (1 - warmth)),
        contrast=rng.uniform(0.85, 1.2),
        gloss=rng.uniform(0.2, 1),
        vignette=rng.uniform(0.1, 0.6),
        blur=rng.uniform(0, 1) ** 2 * 0.018,
        noise=rng.uniform(0.004, 0.02),
        blades=(rng.uniform(0.7, 1.15), rng.uniform(0.7, 1.15)) if blades else (9.0, 9.0),
        blade_curves=(rng.uniform(0.05, 0.45), rng.uniform(0.05, 0.45)),
        blade_angle=rng.normal(0, 0.15),
        tube=rng.uniform(0.98, 1.15) if rng.random() < 0.25 else 3.0,
        grain=int(rng.integers(2**31)),
    )


def picture_plane(size: tuple[int, int]) -> tuple[Field, Field, float]:
    """Picture coordinates x and y of each pixel, float32 (H, W), and the width of a pixel in them."""
    height, width = size
    step = 2 / min(height, width)
    x = (np.arange(width, dtype=np.float32) - (width - 1) / 2) * step
    y = (np.arange(height, dtype=np.float32) - (height - 1) / 2) * step
    grid_x, grid_y = np.meshgrid(x, y)
    return grid_x, grid_y, step


def onto_cervix(x: Field, y: Field, view: View) -> tuple[Field, Field]:
    """The place on the cervix, in its radii, that each place of the picture shows."""
    x, y = x - view.shift[0], (y - view.shift[1]) / view.tilt
    cos, sin = math.cos(view.rotation) / view.scale, math.sin(view.rotation) / view.scale
    return cos * x + sin * y, cos * y - sin * x


def put_light(colour: Field, relief: Field, wet: Field, view: View, step: float) -> None:
    """Shade the reflectances (3, H, W), in place: diffuse light, and highlights where the surface is wet.

    Blinn's model, with a clipped parabola for its power. Source: J. F. Blinn, "Models of light reflection for
    computer synthesized pictures", SIGGRAPH 1977.

    Args:
        colour: reflectance, 0 to 1.
        relief: height towards the camera in cervix radii, (H, W).
        wet: strength of the highlights, (H, W), 0 to 2.
        view: the photograph.
        step: width of a pixel.
    """
    slope = 1 / (8 * step / view.scale)
    gx = cv2.Sobel(relief, cv2.CV_32F, 1, 0, ksize=3, scale=slope)
    gy = cv2.Sobel(relief, cv2.CV_32F, 0, 1, ksize=3, scale=slope)
    # At the border the mirrored picture looks flat, which would draw a bright frame around it.
    gx[:, [0, -1]], gy[[0, -1]] = gx[:, [1, -2]], gy[[1, -2]]
    lx, ly = view.light
    upright = 1 / np.sqrt(1 + gx * gx + gy * gy)
    diffuse = (1 - lx * gx - ly * gy) * upright * (1 / math.sqrt(1 + lx * lx + ly * ly))
    hx, hy = lx / 2, ly / 2
    facing = (1 - hx * gx - hy * gy) * upright * (1 / math.sqrt(1 + hx * hx + hy * hy))
    glint: Field = np.clip((facing - 0.995) * 250, 0, 1)
    colour *= 0.35 + 0.65 * np.clip(diffuse, 0, 1.2)
    blend(colour, view.gloss * glint * glint * wet, (1, 1, 1))


def put_speculum(colour: Field, x: Field, y: Field, view: View, step: float) -> None:
    """Lay the blades and their shadow over the picture (3, H, W), in place."""
    x, y = x + view.blade_angle * y, y - view.blade_angle * x
    (top, bottom), (bend_top, bend_bottom) = view.blades, view.blade_curves
    arch = x * x
    beyond = np.maximum(y + bend_bottom * arch - bottom, bend_top * arch - y - top)
    colour *= 1 - 0.5 * np.clip(1 + beyond * 6, 0, 1)
    # A rolled rim catches the light; the blade behind it mirrors the tissue in broad dull bands.
    sheen = 0.3 + 0.14 * np.cos(5 * x + 3 * beyond) + 0.1 * np.sin(beyond * 9 + 2 * x)
    sheen += 0.5 * np.clip(1 - np.abs(beyond - 0.04) * 28, 0, 1)
    metal = np.stack([sheen, 0.84 * sheen, 0.86 * sheen])
    colour += ramp(beyond, 0.01 + step) * (metal - colour)


def photograph(colour: Field, x: Field, y: Field, view: View, step: float) -> NDArray[np.uint8]:
    """Vignette, white balance, defocus, contrast and sensor noise: (3, H, W) to uint8 RGB (H, W, 3)."""
    away: Field = np.sqrt(x * x + y * y)
    falloff = 1 - view.vignette * np.minimum(away * away / 1.6, 1)
    colour *= falloff * ramp(view.tube - away, 0.02 + step)
    colour *= np.array(view.cast, np.float32)[:, None, None]
    picture = np.asarray(cv2.merge(list(colour)), np.float32)
    if view.blur > 0.3 * step:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), view.blur / step), np.float32)
    picture = (picture - 0.45) * view.contrast + 0.45
    picture += _sensor_noise(view, picture.shape[:2])
    levels: NDArray[np.uint8] = np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)
    return levels


def _sensor_noise(view: View, size: tuple[int, ...]) -> Field:
    rng = np.random.default_rng(view.grain)
    coarse = rng.standard_normal((160, 160, 3), dtype=np.float32) * view.noise
    return np.asarray(cv2.resize(coarse, (size[1], size[0]), interpolation=cv2.INTER_LINEAR), np.float32)
