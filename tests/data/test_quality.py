"""Brightness, sharpness and enlargement against what they are by definition."""

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
        sides: prepare_and_measure(Picture("", pixels=noise(0, sides)), (64, 64), ((step, {}),))
        for sides in ((16, 32), (32, 16))
    }
    one, other = (quality(*found).enlargement for found in sizes.values())
    assert one == other > 1
