"""Colour constancy against its formula."""

import numpy as np
import pytest

from cervinet.data.appearance import grey_world


def tinted():
    random = np.random.default_rng(5)
    return (random.integers(20, 120, (30, 40, 3)) * [1.5, 1.0, 0.6]).astype(np.uint8)


@pytest.mark.parametrize("power", [1.0, 6.0])
def test_makes_the_channels_equally_strong(power):
    result = grey_world(tinted(), (1, 1), power=power) / 255
    strengths = (result**power).mean(axis=(0, 1)) ** (1 / power)
    assert np.ptp(strengths) < 0.004


def test_is_the_formula():
    image = tinted()
    means = image.reshape(-1, 3).mean(axis=0)
    expected = np.clip(np.rint(image * (means.mean() / means)), 0, 255)
    assert abs(grey_world(image, (1, 1)).astype(int) - expected).max() <= 1


def test_a_black_surround_changes_nothing():
    image = tinted()
    framed = np.pad(image, ((9, 9), (9, 9), (0, 0)))
    np.testing.assert_array_equal(grey_world(framed, (1, 1))[9:-9, 9:-9], grey_world(image, (1, 1)))


@pytest.mark.parametrize("colour", [(0, 0, 0), (90, 90, 90)])
def test_grey_stays_as_it_is(colour):
    image = np.full((4, 5, 3), colour, np.uint8)
    np.testing.assert_array_equal(grey_world(image, (1, 1)), image)


def test_a_pure_colour_keeps_its_channels():
    image = np.full((4, 5, 3), (200, 0, 0), np.uint8)
    assert (grey_world(image, (1, 1))[..., 1:] == 0).all()
