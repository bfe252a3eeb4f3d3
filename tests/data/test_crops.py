"""Crops to boxes, to masks and to the field of a lens."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from cervinet.data.crops import box_problem, crop_to_box, crop_to_field, crop_to_masks, united_mask
from cervinet.data.picture import Picture
from cervinet.data.preprocess import prepare
from cervinet.errors import ImageError

IMAGE = np.random.default_rng(3).integers(0, 256, (40, 60, 3), np.uint8)


def boxed(*box):
    return Picture(Path("a.png"), box=box or None)


def message(call, *arguments, **options):
    with pytest.raises(ImageError) as caught:
        call(*arguments, **options)
    return str(caught.value)


class TestBox:
    def test_keeps_the_box(self):
        result = crop_to_box(IMAGE, (1, 1), boxed(10, 5, 20, 12), margin=0)
        np.testing.assert_array_equal(result, IMAGE[5:17, 10:30])

    def test_with_a_margin_of_its_own_sides(self):
        result = crop_to_box(IMAGE, (1, 1), boxed(10, 10, 20, 10), margin=0.5)
        np.testing.assert_array_equal(result, IMAGE[5:25, 0:40])

    def test_the_margin_ends_with_the_picture(self):
        result = crop_to_box(IMAGE, (1, 1), boxed(50, 30, 10, 10), margin=2)
        np.testing.assert_array_equal(result, IMAGE[10:40, 30:60])

    def test_without_a_box_it_stays_whole(self):
        np.testing.assert_array_equal(crop_to_box(IMAGE, (1, 1), boxed()), IMAGE)

    @pytest.mark.parametrize("without", ["error", "exclude"])
    def test_unless_a_box_is_needed(self, without):
        assert message(crop_to_box, IMAGE, (1, 1), boxed(), without=without) == (
            "'a.png' must have a box to be cropped to, but it has none; "
            "bring one, or let the step have `without: whole_image`"
        )

    def test_a_box_beside_the_picture(self):
        assert message(crop_to_box, IMAGE, (1, 1), boxed(70, 0, 10, 10)) == (
            "the box of 'a.png' must lie in the picture, 60×40, but it goes from x 70 to 80 and from y 0 to 10; "
            "correct the box, or take it out"
        )

    def test_a_box_that_leaves_the_picture_is_not_cut_to_fit(self):
        assert message(crop_to_box, IMAGE, (1, 1), boxed(50, 0, 12, 10)) == (
            "the box of 'a.png' must lie in the picture, 60×40, but it goes from x 50 to 62 and from y 0 to 10; "
            "correct the box, or take it out"
        )

    def test_a_box_of_less_than_a_pixel(self):
        for box in ((10.5, 3, 0.2, 0.1), (59.9, 39.9, 0.1, 0.1)):
            assert crop_to_box(IMAGE, (1, 1), boxed(*box)).shape == (1, 1, 3)

    def test_large_photographs_are_decoded_in_full_for_it(self, tmp_path):
        y, x = np.mgrid[0:800, 0:1200]
        image = np.dstack([x % 256, y % 256, (x + y) % 256]).astype(np.uint8)
        cv2.imwrite(str(tmp_path / "a.png"), image[..., ::-1])
        cv2.imwrite(str(tmp_path / "a.jpg"), image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 100])
        steps = (("crop_to_box", {"margin": 0.0}), ("stretch", {}))
        png, jpeg = (
            prepare(Picture(tmp_path / name, box=(16, 16, 64, 64)), (64, 64), steps) for name in ("a.png", "a.jpg")
        )
        np.testing.assert_array_equal(png, image[16:80, 16:80])
        assert abs(jpeg.astype(int) - png).mean() < 3


class TestMasks:
    @pytest.fixture
    def masked(self, tmp_path):
        def make(*masks):
            paths = []
            for number, mask in enumerate(masks):
                paths.append(tmp_path / f"mask_{number}.png")
                cv2.imwrite(str(paths[-1]), mask)
            return Picture(Path("a.png"), masks=tuple(paths))

        return make

    @staticmethod
    def mask(*box, value=255, size=(40, 60)):
        mask = np.zeros(size, np.uint8)
        if box:
            x, y, w, h = box
            mask[y : y + h, x : x + w] = value
        return mask

    def test_keeps_what_is_round_all_masks(self, masked):
        picture = masked(self.mask(10, 5, 4, 4), self.mask(20, 20, 10, 5))
        np.testing.assert_array_equal(crop_to_masks(IMAGE, (1, 1), picture, margin=0), IMAGE[5:25, 10:30])

    @pytest.mark.parametrize("value", [1, 7, 255])
    def test_any_value_marks_the_lesion(self, masked, value):
        mask = united_mask(masked(self.mask(3, 4, 5, 6, value=value)), (40, 60))
        np.testing.assert_array_equal(mask, self.mask(3, 4, 5, 6) > 0)

    def test_no_mask_and_empty_masks_keep_it_whole(self, masked):
        for picture in (masked(), masked(self.mask()), masked(self.mask(), self.mask())):
            np.testing.assert_array_equal(crop_to_masks(IMAGE, (1, 1), picture), IMAGE)

    def test_unless_a_mask_is_needed(self, masked):
        assert message(crop_to_masks, IMAGE, (1, 1), masked(self.mask()), without="error") == (
            "'a.png' must have a mask that is not empty to be cropped to, but it has none; "
            "bring one, or let the step have `without: whole_image`"
        )

    def test_a_mask_of_another_size(self, masked, tmp_path):
        picture = masked(self.mask(1, 1, 3, 3, size=(40, 61)))
        assert message(crop_to_masks, IMAGE, (1, 1), picture) == (
            f"'{tmp_path}/mask_0.png' must be a mask of the size of 'a.png', 60×40, but it is 61×40; "
            "draw it anew or remove it"
        )

    def test_a_mask_that_is_gone(self, masked, tmp_path):
        picture = masked(self.mask())
        picture.masks[0].unlink()
        assert message(crop_to_masks, IMAGE, (1, 1), picture) == (
            f"'{tmp_path}/mask_0.png' must be a picture file, but there is none; check the path"
        )


class TestField:
    @staticmethod
    def lens(size, centre, radius, seed=0):
        random = np.random.default_rng(seed)
        image = random.integers(0, 4, (*size, 3), np.uint8)
        inside = cv2.circle(np.zeros(size, np.uint8), centre, radius, 1, -1).astype(bool)
        image[inside] = random.integers(90, 200, (int(inside.sum()), 3))
        return image

    @pytest.mark.parametrize("scale", [1, 4, 11])
    def test_keeps_the_circle(self, scale):
        image = self.lens((60 * scale, 100 * scale), (55 * scale, 28 * scale), 20 * scale)
        height, width = crop_to_field(image, (1, 1)).shape[:2]
        assert abs(height - 41 * scale) <= 2 * scale
        assert abs(width - 41 * scale) <= 2 * scale

    def test_cuts_nothing_off_the_circle(self):
        image = self.lens((600, 900), (450, 300), 211)
        assert (crop_to_field(image, (1, 1)) > 80).sum() == (image > 80).sum()

    def test_a_picture_without_a_surround_stays_whole(self):
        image = np.random.default_rng(1).integers(60, 250, (50, 70, 3), np.uint8)
        np.testing.assert_array_equal(crop_to_field(image, (1, 1)), image)

    @pytest.mark.parametrize("value", [0, 255])
    def test_a_plain_picture_stays_whole(self, value):
        image = np.full((50, 70, 3), value, np.uint8)
        np.testing.assert_array_equal(crop_to_field(image, (1, 1)), image)

    def test_a_speck_in_the_dark_is_no_field(self):
        image = np.zeros((100, 100, 3), np.uint8)
        image[40:50, 40:50] = 255
        np.testing.assert_array_equal(crop_to_field(image, (1, 1)), image)

    @pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 2)])
    def test_of_any_shape(self, shape):
        assert crop_to_field(np.full((*shape, 3), 9, np.uint8), (1, 1)).shape == (*shape, 3)


@pytest.mark.parametrize("box", [None, (0, 0, 60, 40), (-0.4, -0.4, 60.8, 40.8), (10.5, 3, 1, 0.1)])
def test_boxes_that_fit(box):
    assert box_problem(Picture(Path("a.png"), box=box), 40, 60) == ""


@pytest.mark.parametrize(
    ("box", "where"),
    [
        ((50, 0, 11, 5), "x 50 to 61 and from y 0 to 5"),
        ((0, 36, 5, 5), "x 0 to 5 and from y 36 to 41"),
        ((-1, 0, 5, 5), "x -1 to 4 and from y 0 to 5"),
        ((3, 3, 0, 5), "x 3 to 3 and from y 3 to 8"),
        ((3, 3, 5, -2), "x 3 to 8 and from y 3 to 1"),
    ],
)
def test_boxes_that_do_not(box, where):
    assert box_problem(Picture(Path("a.png"), box=box), 40, 60) == (
        f"the box of 'a.png' must lie in the picture, 60×40, but it goes from {where}; correct the box, or take it out"
    )
