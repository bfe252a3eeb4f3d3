"""Brightness, sharpness and enlargement against what they are by definition."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from cervinet.data.picture import Picture
from cervinet.data.preprocess import prepare_and_measure
from cervinet.data.quality import quality


def noise(seed=0, sides=(40, 60)):
    return np.random.default_rng(seed).integers(0, 256, (*sides, 3), np.uint8)


def phantom(seed=0):
    """A smooth reddish picture with texture, as tissue has."""
    random = np.random.default_rng(seed)
    texture = gaussian_filter(random.normal(size=(96, 96)), 2) * 120
    return np.clip(np.array([180, 90, 80]) + texture[..., None], 0, 255).astype(np.uint8)


def test_against_the_definitions():
    image = noise()
    found = quality(image, (20, 30))
    grey = np.rint(image @ [0.299, 0.587, 0.114])
    assert found.brightness == pytest.approx(grey.mean(), abs=0.05)
    around = np.pad(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(float), 1, mode="reflect")
    laplacian = around[:-2, 1:-1] + around[2:, 1:-1] + around[1:-1, :-2] + around[1:-1, 2:] - 4 * around[1:-1, 1:-1]
    assert found.sharpness == pytest.approx(laplacian.var(), rel=1e-5)
    assert found.enlargement == 2.0


@pytest.mark.parametrize(("grey", "expected"), [(0, 0.0), (255, 255.0), (100, 100.0)])
def test_a_plain_picture_has_no_detail(grey, expected):
    found = quality(np.full((8, 8, 3), grey, np.uint8), (8, 8))
    assert (found.brightness, found.sharpness, found.enlargement) == (expected, 0.0, 1.0)


def test_blur_makes_a_picture_less_sharp():
    image = phantom()
    sharpness = [quality(cv2.GaussianBlur(image, (0, 0), s), (96, 96)).sharpness for s in (0.5, 1, 2, 4)]
    assert sharpness == sorted(sharpness, reverse=True)
    assert quality(image, (96, 96)).sharpness > sharpness[0] > 10 * sharpness[-1]


@pytest.mark.parametrize("step", ["letterbox", "stretch", "center_crop"])
def test_a_turn_by_ninety_degrees_changes_no_enlargement(step):
    sizes = {
        sides: prepare_and_measure(Picture(Path("a"), pixels=noise(0, sides)), (64, 64), ((step, {}),))
        for sides in ((16, 32), (32, 16))
    }
    one, other = (quality(*found).enlargement for found in sizes.values())
    assert one == other > 1


@pytest.mark.parametrize("fill", [0, 255])
def test_what_letterbox_adds_changes_neither_light_nor_detail(fill):
    """A strip of tissue on a black ground is not dark, and a blurred one not sharp."""
    strip = cv2.GaussianBlur(phantom(), (0, 0), 4)[:32]
    image, sides = prepare_and_measure(Picture(Path("a"), pixels=strip), (96, 96), (("letterbox", {"fill": fill}),))
    assert np.count_nonzero(image == fill) >= 96 * 64 * 3
    alone = quality(strip, sides)
    assert quality(image, sides) == replace(alone, enlargement=3**0.5)


def test_borders_that_are_not_plain_stay():
    image = np.zeros((9, 9, 3), np.uint8)
    image[0, 0] = 9
    image[8, 8] = 9
    assert quality(image, (9, 9)).brightness == pytest.approx(18 / 81)


@pytest.mark.parametrize("across", [False, True])
def test_bands_of_one_grey_level_each(across):
    """Every row is plain, but no column."""
    image = np.repeat(np.arange(0, 240, 30, dtype=np.uint8)[:, None, None], 8, axis=1).repeat(3, axis=2)
    found = quality(image.transpose(1, 0, 2) if across else image, (8, 8))
    assert found.brightness == pytest.approx(105)
    assert found.sharpness > 0
