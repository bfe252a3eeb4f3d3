"""Heat over pictures: where, how strong, with which outline."""

import cv2
import matplotlib
import numpy as np
import pytest

from cervinet.report.overlay import SIDE, jpeg, overlay, picture

GREY = np.full((SIDE, SIDE, 3), 100, np.uint8)


def bump(size=SIDE):
    heat = np.zeros((size, size), np.float32)
    heat[size // 4 : size // 2, size // 4 : size // 2] = 3e-9
    return heat


def test_where_there_is_no_heat_the_picture_stays():
    found = overlay(GREY, bump())
    assert found.shape == GREY.shape
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found[: SIDE // 4], GREY[: SIDE // 4])


def test_the_hottest_part_has_the_end_of_viridis_over_the_picture():
    """Matplotlib's own map; the heat is scaled by its maximum, however small."""
    yellow = 255 * np.array(matplotlib.colormaps["viridis"](1.0)[:3])
    expected = 0.3 * 100 + 0.7 * yellow
    np.testing.assert_allclose(overlay(GREY, bump())[SIDE // 3, SIDE // 3], expected, atol=2)


def test_more_heat_is_lighter():
    heat = np.tile(np.linspace(0, 1, SIDE, dtype=np.float32), (SIDE, 1))
    grey = cv2.cvtColor(overlay(np.zeros_like(GREY), heat), cv2.COLOR_RGB2GRAY).astype(int)
    assert (np.diff(grey[0, ::16]) > 0).all()


def test_no_heat_is_the_picture():
    np.testing.assert_array_equal(overlay(GREY, np.zeros((SIDE, SIDE))), GREY)


def test_the_region_has_a_line_around_it_and_nothing_in_it():
    region = np.zeros((SIDE, SIDE), bool)
    region[100:200, 80:240] = True
    found = overlay(GREY, np.zeros((SIDE, SIDE)), region)
    changed = (found != GREY).any(axis=2)
    edge = cv2.morphologyEx(region.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((9, 9), np.uint8)) > 0
    assert changed.any()
    assert not (changed & ~edge).any()
    assert {0, 255} <= set(found[changed].ravel().tolist()), "seen on dark and on light ground"


@pytest.mark.parametrize(("side", "times"), [(28, 11), (160, 2), (SIDE, 1), (1000, 1)])
def test_small_pictures_are_enlarged_by_whole_numbers(side, times):
    image = np.random.default_rng(0).integers(0, 256, (side, side // 2, 3), np.uint8)
    expected = (side * times, side // 2 * times, 3)
    assert overlay(image, np.ones((side, side // 2)), np.ones((side, side // 2), bool)).shape == expected
    assert picture(image).shape == expected
    np.testing.assert_array_equal(picture(image)[::times, ::times], image)


def test_a_file():
    found = cv2.imdecode(np.frombuffer(jpeg(GREY), np.uint8), cv2.IMREAD_COLOR)
    assert found.shape == GREY.shape
    red = np.zeros((16, 16, 3), np.uint8)
    red[..., 0] = 200
    b, g, r = cv2.imdecode(np.frombuffer(jpeg(red), np.uint8), cv2.IMREAD_COLOR)[8, 8]
    assert r > 150 > 60 > max(b, g)
