"""A fingerprint is the band-passed transform of a picture; mirroring and turning change it in known ways."""

import numpy as np
import pytest
from scipy.fft import dctn
from scipy.ndimage import gaussian_filter

from cervinet.data.audit.fingerprint import (
    BLOCK,
    FLATTEST,
    ORIENTATIONS,
    THUMBNAIL,
    fingerprints,
    likeness,
    oriented,
    oriented_signs,
    signs,
)

TURNED = {
    "": lambda image: image,
    "mirrored left to right": np.fliplr,
    "mirrored top to bottom": np.flipud,
    "turned by 180°": lambda image: np.rot90(image, 2),
    "mirrored along the diagonal": np.transpose,
    "turned by 90° clockwise": lambda image: np.rot90(image, -1),
    "turned by 90° anticlockwise": np.rot90,
    "mirrored along the other diagonal": lambda image: np.rot90(image, 2).T,
}
EACH = pytest.mark.parametrize("number", range(8), ids=ORIENTATIONS)


@pytest.fixture
def thumbnails():
    return np.random.default_rng(3).integers(0, 256, (6, THUMBNAIL, THUMBNAIL), np.uint8)


def band_passed(image):
    """In the plane, where the transform knows only frequencies; edges are mirrored as in the DCT."""
    image = image.astype(float)
    blurred = [gaussian_filter(image, sigma, mode="reflect", truncate=8) for sigma in (0.5, 2.0)]
    return blurred[0] - blurred[1]


def test_are_the_transform_of_the_band_passed_picture(thumbnails):
    found, flat = fingerprints(thumbnails)
    for one, image in zip(found, thumbnails, strict=True):
        # A Gaussian cut into pixels is not quite one, which shows at the highest frequencies.
        block = dctn(band_passed(image), norm="ortho")[:BLOCK, :BLOCK]
        np.testing.assert_allclose(one, block / np.linalg.norm(block), atol=0.02)
    assert (found.shape, found.dtype, flat.any()) == ((6, BLOCK, BLOCK), np.float32, False)
    np.testing.assert_allclose(np.linalg.norm(found, axis=(1, 2)), 1, rtol=1e-5)


def test_every_orientation_is_named_as_numpy_turns_it():
    assert list(TURNED) == list(ORIENTATIONS)


@EACH
def test_a_turned_picture_has_the_turned_fingerprint(thumbnails, number):
    turned = np.stack([TURNED[ORIENTATIONS[number]](image) for image in thumbnails])
    before, after = fingerprints(thumbnails)[0], fingerprints(turned)[0]
    np.testing.assert_allclose(oriented(before, number), after, atol=1e-5)
    np.testing.assert_array_equal(oriented_signs(signs(before), number), signs(after))


@EACH
def test_likeness_names_the_orientation_that_makes_the_second_from_the_first(thumbnails, number):
    turned = np.stack([TURNED[ORIENTATIONS[number]](image) for image in thumbnails])
    alike, orientation = likeness(fingerprints(thumbnails)[0], fingerprints(turned)[0])
    np.testing.assert_allclose(alike, 1, atol=1e-5)
    assert set(orientation) == {number}


def test_likeness_is_the_correlation_in_the_best_orientation(thumbnails):
    prints = fingerprints(thumbnails)[0]
    alike, orientation = likeness(prints[:-1], prints[1:])
    expected = np.stack([(oriented(prints[:-1], number) * prints[1:]).sum(axis=(1, 2)) for number in range(8)])
    np.testing.assert_allclose(alike, expected.max(axis=0), atol=1e-6)
    np.testing.assert_array_equal(orientation, expected.argmax(axis=0))


def test_of_a_symmetrical_picture_the_plainest_orientation_is_named():
    half = np.random.default_rng(0).integers(0, 256, (1, THUMBNAIL, THUMBNAIL // 2), np.uint8)
    prints = fingerprints(np.concatenate([half, half[:, :, ::-1]], axis=2))[0]
    assert likeness(prints, prints)[1].tolist() == [0]


def test_flat_pictures_have_none():
    grey = np.full((2, THUMBNAIL, THUMBNAIL), 128, np.uint8)
    grey[1] += np.random.default_rng(0).integers(0, 2, grey[1].shape, np.uint8)  # noise of half a grey level
    prints, flat = fingerprints(grey)
    assert (flat.tolist(), np.abs(prints).max()) == ([True, True], 0)


def test_the_flattest_counts_in_grey_levels_of_the_band():
    waves = np.cos(np.pi * 9 * (np.arange(THUMBNAIL) + 0.5) / THUMBNAIL)
    passed = np.exp(-(0.5**2) * (9 * np.pi / 40) ** 2 / 2) - np.exp(-(2.0**2) * (9 * np.pi / 40) ** 2 / 2)
    for factor, expected in ((1.4, False), (0.6, True)):
        height = factor * FLATTEST / passed * np.sqrt(2)  # a wave's RMS is its height over the root of 2
        image = np.rint(128 + height * waves * np.ones((THUMBNAIL, 1))).astype(np.uint8)
        assert fingerprints(image[None])[1].tolist() == [expected]


def test_of_no_pictures():
    prints, flat = fingerprints(np.empty((0, THUMBNAIL, THUMBNAIL), np.uint8))
    assert (prints.shape, flat.shape) == ((0, BLOCK, BLOCK), (0,))
