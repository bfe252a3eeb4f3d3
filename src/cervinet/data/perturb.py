"""Damage to pictures in five graded steps: what cameras, light and networks of other clinics do to them.

Every amount is relative to the picture: shares of its longer side, of its light, of the range of values. JPEG artefacts
and noise are made at one size, `REFERENCE`, and brought to the picture's own; so a picture of 200 pixels and one of
4,000 that show the same look equally bad to a network that sees both at 224. Each function is pure: the same pixels and
amount give the same result on any machine and in any order.

Rotation and scale turn and enlarge about a centre. Where a run crops to a box or masks this is the centre of that
region (`region_centre`), and the region stays where it is: it is then drawn round the same place, as large as before,
on a picture from a camera held otherwise. A camera farther off is not imitated: what it would see is in no picture.

Reference: the kinds of damage follow Hendrycks & Dietterich, Benchmarking neural network robustness to common
corruptions and perturbations, ICLR 2019; the amounts are this module's own.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cervinet.data.crops import united_mask
from cervinet.data.picture import Picture
from cervinet.data.preprocess import Image, Steps, as_uint8
from cervinet.errors import ImageError
from cervinet.registry import find

REFERENCE = 512
"""Longer side, in pixels, at which JPEG artefacts and noise are made."""

MAX_TURNED = 32_766
"""The longest side that OpenCV warps."""

Point = tuple[float, float]
Function = Callable[[Image, float, Point], Image]


@dataclass(frozen=True)
class Kind:
    """A kind of damage.

    Attributes:
        name: for people.
        function: picture uint8 `(H, W, 3)`, amount, centre `(x, y)` → uint8 `(H, W, 3)`.
        amounts: of the severities 1 to 5.
        words: what an amount means; `{}` stands for it, or `{:.0%}` and the like.
    """

    name: str
    function: Function
    amounts: tuple[float, float, float, float, float]
    words: str


@dataclass(frozen=True)
class Damage:
    """One step of the table.

    Attributes:
        kind: its name.
        severity: 1 (slight) to 5.
        amount: in words ("JPEG quality 20").
    """

    kind: str
    severity: int
    amount: str


def damaged(image: Image, damage: Damage, centre: Point | None = None) -> Image:
    """A damaged copy.

    Args:
        image: upright picture, uint8 `(H, W, 3)` RGB, 0–255.
        damage: one of `DAMAGES`; severity 0 of any kind gives the same array back.
        centre: `(x, y)` in pixels that rotation and scale leave in place; None for the centre of the picture.

    Returns:
        uint8 `(H, W, 3)` RGB.
    """
    if damage.severity == 0:
        return image
    kind = KINDS[damage.kind]
    middle = ((image.shape[1] - 1) / 2, (image.shape[0] - 1) / 2)
    return kind.function(image, kind.amounts[damage.severity - 1], middle if centre is None else centre)


def region_centre(picture: Picture, image: Image, steps: Steps) -> Point | None:
    """The centre `(x, y)` of the box or masks that the first cropping step takes; None where it takes none.

    Raises:
        ImageError: a mask cannot be read or is of another size.
    """
    regions = {find("preprocess", name).traits.get("region") for name, _ in steps}
    if "box" in regions and picture.box is not None:
        x, y, w, h = picture.box
        return x + (w - 1) / 2, y + (h - 1) / 2
    if "masks" in regions:
        region = united_mask(picture, image.shape[:2])
        if region.any():
            x, y, w, h = cv2.boundingRect(region.astype(np.uint8))
            return x + (w - 1) / 2, y + (h - 1) / 2
    return None


def blur(image: Image, share: float, centre: Point) -> Image:
    """Gaussian; `share` is its standard deviation as a share of the longer side; under half a pixel it fades away."""
    height, width = image.shape[:2]
    sigma = share * max(height, width)
    # A wide kernel on a large picture takes seconds; of a copy that is sharp enough for it, nothing is lost.
    factor = max(1.0, sigma / 4)
    small = _resized(image, (max(1, round(height / factor)), max(1, round(width / factor))))
    soft = as_uint8(cv2.GaussianBlur(small, (0, 0), sigma / factor, borderType=cv2.BORDER_REFLECT_101))
    return _resized(soft, (height, width))


def jpeg(image: Image, quality: float, centre: Point) -> Image:
    """The artefacts of a JPEG of this quality (libjpeg's scale, 1–100) whose longer side is `REFERENCE`."""
    small = _resized(image, _reference_size(image))
    settings = [cv2.IMWRITE_JPEG_QUALITY, round(quality)]
    packed = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), settings)[1]
    opened = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR_RGB), np.uint8)
    return _added(image, cv2.subtract(opened, small, dtype=cv2.CV_16S), cv2.INTER_LINEAR)


def noise(image: Image, share: float, centre: Point) -> Image:
    """Gaussian, apart in R, G and B; `share` is the standard deviation as a share of 255.

    Seeded by the pixels, so that a stronger step has the same pattern.
    """
    seed = zlib.crc32(image.tobytes())
    pattern = np.random.default_rng(seed).standard_normal((*_reference_size(image), 3), np.float32)
    # Squares keep their strength when they are enlarged; smoothed ones would lose half of it.
    return _added(image, np.rint(pattern * np.float32(255 * share)).astype(np.int16), cv2.INTER_NEAREST)


def light(image: Image, factor: float, centre: Point) -> Image:
    """Every value times `factor`, cut off at 255."""
    return _mapped(image, np.arange(256)[:, None] * np.full(3, factor))


def contrast(image: Image, factor: float, centre: Point) -> Image:
    """Differences from the mean value of the picture times `factor`."""
    mean = float(image.mean())
    return _mapped(image, mean + (np.arange(256)[:, None] - mean) * np.full(3, factor))


def warmth(image: Image, share: float, centre: Point) -> Image:
    """Red times 1 + `share` and blue divided by it; below 0 the other way round."""
    gain = 1 + abs(share)
    gains = np.array([gain, 1, 1 / gain] if share > 0 else [1 / gain, 1, gain])
    return _mapped(image, np.arange(256)[:, None] * gains)


def rotation(image: Image, degrees: float, centre: Point) -> Image:
    """Counter-clockwise as seen, about the centre, in the same frame; the picture goes on mirrored at its edges."""
    return _turned(image, degrees, 1, centre)


def scale(image: Image, factor: float, centre: Point) -> Image:
    """Enlarged about the centre, in the same frame; linear between pixels."""
    return _turned(image, 0, factor, centre)


KINDS = {
    kind.name: kind
    for kind in (
        Kind("blur", blur, (0.002, 0.004, 0.008, 0.012, 0.02), "blurred by {:.1%} of the longer side"),
        Kind("JPEG compression", jpeg, (50, 30, 20, 10, 5), f"JPEG quality {{:.0f}} at {REFERENCE} pixels"),
        Kind("noise", noise, (0.03, 0.06, 0.1, 0.16, 0.25), "noise of {:.0%} of the range"),
        Kind("less contrast", contrast, (0.8, 0.6, 0.4, 0.3, 0.2), "{:.0%} of the contrast"),
        Kind("darker", light, (0.8, 0.65, 0.5, 0.35, 0.2), "{:.0%} of the brightness"),
        Kind("brighter", light, (1.2, 1.4, 1.7, 2.0, 2.5), "{:.0%} of the brightness"),
        Kind("warmer light", warmth, (0.05, 0.1, 0.2, 0.3, 0.45), "red × {gain:.2f}, blue ÷ {gain:.2f}"),
        Kind("colder light", warmth, (-0.05, -0.1, -0.2, -0.3, -0.45), "red ÷ {gain:.2f}, blue × {gain:.2f}"),
        Kind("rotation", rotation, (5, 10, 20, 30, 45), "rotated by {:.0f}°"),
        Kind("scale", scale, (1.1, 1.25, 1.5, 1.75, 2.0), "enlarged {:.2f} times"),
    )
}
"""Every kind of damage, by name, in the order of tables and figures."""

DAMAGES = tuple(
    Damage(kind.name, severity, kind.words.format(amount, gain=1 + abs(amount)).replace("%", " %"))
    for kind in KINDS.values()
    for severity, amount in enumerate(kind.amounts, 1)
)
"""Every step, kind by kind, slight ones first."""


def _reference_size(image: Image) -> tuple[int, int]:
    """(height, width) of a copy whose longer side is `REFERENCE`."""
    height, width = image.shape[:2]
    factor = REFERENCE / max(height, width)
    return max(1, round(height * factor)), max(1, round(width * factor))


def _resized(image: Image, size: tuple[int, int]) -> Image:
    shrinks = size[0] < image.shape[0] or size[1] < image.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return as_uint8(cv2.resize(image, size[::-1], interpolation=how))


def _added(image: Image, difference: NDArray[Any], enlarging: int) -> Image:
    """The picture plus a difference of another size, int16 `(h, w, 3)`, cut off at 0 and 255."""
    height, width = image.shape[:2]
    how = cv2.INTER_AREA if height < difference.shape[0] or width < difference.shape[1] else enlarging
    difference = cv2.resize(difference, (width, height), interpolation=how)
    return as_uint8(cv2.add(image, difference, dtype=cv2.CV_8U))


def _mapped(image: Image, table: NDArray[np.float64]) -> Image:
    """Each value replaced by that of its channel in a table float64 `(256, 3)`, rounded and cut off."""
    return as_uint8(cv2.LUT(image, np.clip(np.rint(table), 0, 255).astype(np.uint8)[None]))


def _turned(image: Image, degrees: float, zoom: float, centre: Point) -> Image:
    height, width = image.shape[:2]
    if max(height, width) > MAX_TURNED:
        raise ImageError(
            f"a picture must have sides of at most {MAX_TURNED:,} pixels to be rotated; got {width}×{height}: "
            "make it smaller, or evaluate without damage"
        )
    matrix = cv2.getRotationMatrix2D(centre, degrees, zoom)
    border = cv2.BORDER_REFLECT_101
    return as_uint8(cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=border))
