"""Damage to pictures: graded, the same each time, and the same for large and small pictures."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from cervinet.data.perturb import DAMAGES, KINDS, MAX_TURNED, Damage, damaged, region_centre
from cervinet.data.picture import Picture
from cervinet.data.preprocess import prepare
from cervinet.errors import ImageError

EACH_KIND = pytest.mark.parametrize("kind", KINDS)
NEUTRAL = {"blur": None, "JPEG compression": None, "noise": 0, "less contrast": 1, "darker": 1, "brighter": 1}
NEUTRAL |= {"warmer light": 0, "colder light": 0, "rotation": 0, "scale": 1}


@pytest.fixture(scope="module")
def picture():
    """Smooth colours, an off-centre disc and a fine pattern, 192 × 256."""
    y, x = np.mgrid[:192, :256]
    base = np.stack([60 + x * 0.5, 160 - y * 0.4, 90 + (x + y) * 0.2], axis=2)
    base[(x - 90) ** 2 + (y - 80) ** 2 < 45**2] = 190, 60, 70
    base += 12 * (np.sin(x / 5) * np.sin(y / 7))[..., None]
    return base.clip(0, 255).astype(np.uint8)


def steps(kind):
    return [damage for damage in DAMAGES if damage.kind == kind]


def seen(image):
    """As a network of 96 × 128 would see it."""
    return cv2.resize(image, (128, 96), interpolation=cv2.INTER_AREA).astype(float)


@EACH_KIND
def test_every_severity_keeps_shape_and_kind_and_leaves_the_original_alone(picture, kind):
    before = picture.copy()
    for damage in steps(kind):
        found = damaged(picture, damage)
        assert (found.shape, found.dtype) == (picture.shape, np.uint8)
        assert (found != picture).any()
    np.testing.assert_array_equal(picture, before)


@EACH_KIND
def test_severity_nought_changes_nothing(picture, kind):
    assert damaged(picture, Damage(kind, 0, "")) is picture
    if NEUTRAL[kind] is not None:
        np.testing.assert_array_equal(KINDS[kind].function(picture, NEUTRAL[kind], (100.0, 50.0)), picture)


@EACH_KIND
def test_each_severity_is_worse_than_the_one_before(picture, kind):
    changes = [np.abs(seen(damaged(picture, damage)) - seen(picture)).mean() for damage in steps(kind)]
    assert [damage.severity for damage in steps(kind)] == [1, 2, 3, 4, 5]
    assert changes[0] > 0
    assert (np.diff(changes) > 0).all(), changes


@EACH_KIND
def test_the_same_picture_is_damaged_the_same_way(picture, kind):
    for damage in steps(kind)[::2]:
        np.testing.assert_array_equal(damaged(picture, damage), damaged(picture.copy(), damage))


@EACH_KIND
def test_large_and_small_pictures_look_equally_bad(picture, kind):
    large = cv2.resize(picture, (1024, 768), interpolation=cv2.INTER_CUBIC)
    damage = steps(kind)[3]
    small_change = np.abs(seen(damaged(picture, damage)) - seen(picture)).mean()
    large_change = np.abs(seen(damaged(large, damage)) - seen(large)).mean()
    assert large_change == pytest.approx(small_change, rel=0.08)


@EACH_KIND
@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (300, 2)])
def test_the_smallest_pictures_are_damaged_too(kind, shape):
    image = np.full((*shape, 3), 100, np.uint8)
    for damage in steps(kind):
        assert damaged(image, damage).shape == image.shape


def test_the_words_say_the_amounts():
    words = {damage.kind: damage.amount for damage in DAMAGES if damage.severity == 3}
    assert words == {
        "blur": "blurred by 0.8 % of the longer side",
        "JPEG compression": "JPEG quality 20 at 512 pixels",
        "noise": "noise of 10 % of the range",
        "less contrast": "40 % of the contrast",
        "darker": "50 % of the brightness",
        "brighter": "170 % of the brightness",
        "warmer light": "red × 1.20, blue ÷ 1.20",
        "colder light": "red ÷ 1.20, blue × 1.20",
        "rotation": "rotated by 20°",
        "scale": "enlarged 1.50 times",
    }


def test_points_follow_their_formulas(picture):
    values = picture.astype(float)
    darker = KINDS["darker"].function(picture, 0.5, (0, 0))
    np.testing.assert_array_equal(darker, np.rint(values * 0.5))
    brighter = KINDS["brighter"].function(picture, 2.0, (0, 0))
    np.testing.assert_array_equal(brighter, np.minimum(values * 2, 255))
    mean = values.mean()
    flat = KINDS["less contrast"].function(picture, 0.2, (0, 0))
    np.testing.assert_array_equal(flat, np.rint(mean + (values - mean) * 0.2))
    warm = KINDS["warmer light"].function(picture, 0.2, (0, 0))
    np.testing.assert_array_equal(warm, np.rint(np.minimum(values * [1.2, 1, 1 / 1.2], 255)))
    cold = KINDS["colder light"].function(picture, -0.2, (0, 0))
    np.testing.assert_array_equal(cold[..., ::-1], KINDS["warmer light"].function(picture[..., ::-1], 0.2, (0, 0)))


def test_a_blurred_point_has_the_promised_width():
    image = np.zeros((301, 301, 3), np.uint8)
    image[120:181, 120:181] = 255  # sixty-one pixels wide: what is uniform adds (61² - 1) / 12 to the variance
    found = KINDS["blur"].function(image, 0.02, (0, 0))[..., 0].astype(float)
    places = np.arange(301) - 150
    variance = (found.sum(axis=0) * places**2).sum() / found.sum() - (61**2 - 1) / 12
    assert np.sqrt(variance) == pytest.approx(0.02 * 301, rel=0.05)


def test_noise_is_as_strong_as_it_says_and_another_for_each_picture():
    grey = np.full((400, 512, 3), 128, np.uint8)
    found = KINDS["noise"].function(grey, 0.1, (0, 0)).astype(float)
    assert found.std() == pytest.approx(25.5, rel=0.02)
    assert found.mean() == pytest.approx(128, abs=0.2)
    other = KINDS["noise"].function(grey + np.uint8(1), 0.1, (0, 0)).astype(float)
    assert abs(np.corrcoef(found.ravel(), other.ravel())[0, 1]) < 0.01


def test_a_picture_of_the_reference_size_becomes_the_jpeg_itself(picture):
    image = cv2.resize(picture, (512, 384))
    packed = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 20])[1]
    expected = cv2.imdecode(packed, cv2.IMREAD_COLOR_RGB)
    np.testing.assert_array_equal(damaged(image, steps("JPEG compression")[2]), expected)


@pytest.mark.parametrize(("kind", "amount"), [("rotation", 45), ("scale", 2)])
def test_the_centre_stays_in_place(kind, amount):
    image = np.zeros((101, 141, 3), np.uint8)
    image[28:33, 38:43] = 255
    found = KINDS[kind].function(image, amount, (40.0, 30.0))[..., 0].astype(float)
    y, x = np.mgrid[:101, :141]
    assert ((found * x).sum() / found.sum(), (found * y).sum() / found.sum()) == pytest.approx((40, 30), abs=0.05)


def test_rotation_is_counter_clockwise():
    image = np.zeros((101, 101, 3), np.uint8)
    image[48:53, 78:83] = 255  # to the right of the middle: it comes to lie above
    found = KINDS["rotation"].function(image, 90, (50.0, 50.0))[..., 0]
    assert np.argwhere(found).mean(axis=0) == pytest.approx((20, 50))


def test_a_picture_too_long_to_be_warped_gets_a_sentence():
    image = np.zeros((1, MAX_TURNED + 1, 3), np.uint8)
    with pytest.raises(ImageError) as caught:
        damaged(image, steps("rotation")[0])
    assert str(caught.value) == (
        "a picture must have sides of at most 32,766 pixels to be rotated; got 32767×1: make it smaller, or evaluate "
        "without damage"
    )
    assert damaged(image[:, :MAX_TURNED], steps("rotation")[0]).shape == (1, MAX_TURNED, 3)


class TestRegions:
    STRETCH = ("stretch", {})
    BOX = ("crop_to_box", {"margin": 0.0, "without": "whole_image"})
    MASKS = ("crop_to_masks", {"margin": 0.0, "without": "whole_image"})

    def test_only_what_a_run_crops_to_has_a_centre(self, picture, tmp_path):
        given = Picture(tmp_path / "a.png", box=(10, 20, 31, 41))
        assert region_centre(given, picture, (self.BOX, self.STRETCH)) == (25, 40)
        assert region_centre(given, picture, (self.STRETCH,)) is None
        assert region_centre(replace(given, box=None), picture, (self.BOX, self.STRETCH)) is None

    def test_masks_have_the_centre_of_the_box_round_them(self, picture, tmp_path):
        mask = np.zeros(picture.shape[:2], np.uint8)
        mask[20:61, 10:41] = 255
        cv2.imwrite(str(tmp_path / "mask.png"), mask)
        given = Picture(tmp_path / "a.png", masks=(tmp_path / "mask.png",))
        assert region_centre(given, picture, (self.MASKS, self.STRETCH)) == (25, 40)
        cv2.imwrite(str(tmp_path / "mask.png"), mask * 0)
        assert region_centre(given, picture, (self.MASKS, self.STRETCH)) is None

    @pytest.mark.parametrize("kind", ["rotation", "scale"])
    def test_a_lesion_stays_in_its_box(self, tmp_path, kind):
        """Were the whole picture turned about its own middle, a box in a corner would lose what it is drawn round."""
        image = np.full((200, 300, 3), 40, np.uint8)
        cv2.circle(image, (50, 50), 15, (220, 60, 60), -1)
        given = Picture(tmp_path / "a.png", box=(20, 20, 61, 61), pixels=image)
        steps_ = (self.BOX, self.STRETCH)
        whole = (prepare(given, (61, 61), steps_)[..., 0] > 130).sum()
        for damage in steps(kind):
            found = replace(given, pixels=damaged(image, damage, region_centre(given, image, steps_)))
            red = (prepare(found, (61, 61), steps_)[..., 0] > 130).sum()
            assert red >= 0.97 * whole
            lost = replace(given, pixels=damaged(image, damage))
            assert damage.severity < 5 or (prepare(lost, (61, 61), steps_)[..., 0] > 130).sum() < 0.5 * whole
