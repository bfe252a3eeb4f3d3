"""The numbers of a picture's look against what they are by definition."""

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter

from cervinet.data.look import LOOK, look


def phantom(seed=0):
    """A smooth reddish picture with texture, as tissue has."""
    random = np.random.default_rng(seed)
    texture = gaussian_filter(random.normal(size=(96, 96)), 2) * 120
    return np.clip(np.array([180, 90, 80]) + texture[..., None], 0, 255).astype(np.uint8)


def test_what_its_numbers_are():
    image = np.zeros((64, 64, 3), np.uint8)
    image[:, 32:] = 255
    (found,) = look(image[None])
    assert found.shape == (LOOK,)
    assert found.dtype == np.float32
    # Half black, half white: lightness 0 and 255 (its mean and deviation 127.5), no colour (128).
    np.testing.assert_allclose(found[:6], [127.5, 128, 128, np.log1p(127.5), 0, 0], atol=1e-5)
    np.testing.assert_allclose(found[6:9], 0, atol=1e-6)
    # The Laplacian is ±255 on the two columns beside the edge, 0 elsewhere.
    np.testing.assert_allclose(found[9:12], [np.log1p(255 * np.sqrt(2 / 64)), 0, 0], atol=1e-5)


def test_colours_that_go_together():
    ramp = np.arange(64, dtype=np.uint8)[None, :, None] * 3
    reds = np.zeros((64, 64, 3), np.uint8)
    reds[..., :1] = ramp
    (found,) = look(reds[None])
    assert found[6:9].min() > 0.9


def test_pictures_do_not_depend_on_their_company():
    images = np.stack([phantom(seed) for seed in range(3)])
    np.testing.assert_array_equal(look(images), np.concatenate([look(one[None]) for one in images]))


def test_no_pictures():
    assert look(np.zeros((0, 8, 8, 3), np.uint8)).shape == (0, LOOK)


def test_the_kind_of_a_picture_weighs_more_than_which_of_them_it_is():
    usual = look(np.stack([phantom(seed) for seed in range(40)]))
    grey = look(cv2.cvtColor(cv2.cvtColor(phantom(50), cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)[None])
    far = np.abs(grey - usual.mean(axis=0)) / np.maximum(usual.std(axis=0), 0.05)
    assert far.max() > 3 * (np.abs(usual - usual.mean(axis=0)) / np.maximum(usual.std(axis=0), 0.05)).max()
