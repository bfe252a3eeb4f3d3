"""The colour pass against numpy, colorsys and closed forms."""

import colorsys

import numpy as np
import pytest

from cervinet.data.colour_pass import Tint, colour_matrix, gamma_table, tinted

# `cv2.transform` rounds the coefficients to 2**-10: half of that at three values of 255 comes on top of the rounding.
ROUNDED = 0.5 + 3 * 255 * 2**-11
GREY = np.array([0.299, 0.587, 0.114])


def picture(seed=0):
    return np.random.default_rng(seed).integers(0, 256, (24, 30, 3), np.uint8)


def test_nothing_changes_nothing():
    image = picture()
    assert tinted(image, Tint()) is image
    np.testing.assert_allclose(colour_matrix(Tint()), np.eye(3, 4), atol=1e-12)
    np.testing.assert_array_equal(gamma_table(1.0), np.arange(256))


@pytest.mark.parametrize(
    "tint",
    [Tint(0.1), Tint(-0.5), Tint(contrast=1.5), Tint(0.2, 0.5), Tint(saturation=0.3), Tint(0.1, 1.2, 1.8, 20.0)],
)
def test_is_the_matrix_in_numpy_rounded_and_clipped(tint):
    image = picture()
    matrix = colour_matrix(tint)
    exact = np.clip(image @ matrix[:, :3].T + matrix[:, 3], 0, 255)
    assert np.abs(tinted(image, tint) - exact).max() <= ROUNDED


@pytest.mark.parametrize(("brightness", "contrast"), [(0.1, 1.0), (-0.5, 1.0), (0.0, 1.5), (0.2, 0.5), (1.0, 0.1)])
def test_brightness_and_contrast_are_a_line_through_mid_grey(brightness, contrast):
    image = picture()
    exact = np.clip(127.5 + contrast * (image - 127.5) + 255 * brightness, 0, 255)
    assert np.abs(tinted(image, Tint(brightness, contrast)) - exact).max() <= ROUNDED


@pytest.mark.parametrize("saturation", [0.0, 0.5, 1.7])
def test_saturation_is_the_distance_from_grey(saturation):
    image = picture()
    grey = (image @ GREY)[..., None]
    exact = np.clip(grey + saturation * (image - grey), 0, 255)
    assert np.abs(tinted(image, Tint(saturation=saturation)) - exact).max() <= ROUNDED


@pytest.mark.parametrize("tint", [Tint(degrees=70.0), Tint(saturation=0.2), Tint(saturation=2.0, degrees=-130.0)])
def test_greys_keep_their_value_and_others_their_lightness(tint):
    greys = np.repeat(np.arange(256, dtype=np.uint8).reshape(16, 16, 1), 3, axis=2)
    np.testing.assert_array_equal(tinted(greys, tint), greys)
    np.testing.assert_allclose(GREY @ colour_matrix(tint)[:, :3], GREY, atol=1e-6)


def test_hue_turns_as_in_colorsys_yiq():
    colour = np.array([0.7, 0.4, 0.5])
    y, i, q = colorsys.rgb_to_yiq(*colour)
    turned = complex(i, q) * np.exp(1j * np.deg2rad(30))
    expected = colorsys.yiq_to_rgb(y, turned.real, turned.imag)
    found = colour_matrix(Tint(degrees=30.0))[:, :3] @ colour
    np.testing.assert_allclose(found, expected, atol=0.02)  # colorsys rounds its constants to two digits


def test_a_full_turn_of_the_hue_comes_back():
    np.testing.assert_allclose(colour_matrix(Tint(degrees=360.0)), np.eye(3, 4), atol=1e-12)


@pytest.mark.parametrize("gamma", [0.5, 0.8, 1.25, 3.0])
def test_gamma_is_a_power(gamma):
    image = picture()
    exact = 255 * (image / 255.0) ** gamma
    assert np.abs(tinted(image, Tint(gamma=gamma)) - exact).max() <= 0.5
    assert gamma_table(gamma)[[0, 255]].tolist() == [0, 255]


def test_gamma_comes_after_the_matrix():
    image, tint = picture(), Tint(0.1, 1.2, gamma=0.7)
    np.testing.assert_array_equal(tinted(image, tint), gamma_table(0.7)[tinted(image, Tint(0.1, 1.2))])


def test_the_picture_itself_is_left_as_it_was():
    image = picture()
    image.flags.writeable = False  # as a row of a mapped store
    tinted(image, Tint(0.2, 1.1, 0.9, 10.0, 0.8))
    np.testing.assert_array_equal(image, picture())
