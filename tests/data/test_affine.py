"""The warp against numpy, against Pillow and against its formula written out."""

import cv2
import numpy as np
import pytest
from PIL import Image

from cervinet.data.affine import Move, moved, warp, warp_matrix

BOTH = [(False, False), (True, False), (False, True), (True, True)]


def picture(height=24, width=24, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def warped(image, **changes):
    """Always by interpolation, onto black."""
    return warp(image, warp_matrix(image.shape[:2], Move(**changes)), "black")


class TestExact:
    def test_nothing_moves_nothing(self):
        image = picture()
        assert moved(image, Move()) is image

    @pytest.mark.parametrize("side", [1, 8, 9])
    @pytest.mark.parametrize("quarters", range(4))
    @pytest.mark.parametrize("flip", BOTH)
    def test_flips_and_quarter_turns_of_a_square_permute_its_pixels(self, side, quarters, flip):
        image = picture(side, side)
        expected = image[:: -1 if flip[1] else 1, :: -1 if flip[0] else 1]
        np.testing.assert_array_equal(moved(image, Move(flip, quarters)), np.rot90(expected, quarters))

    @pytest.mark.parametrize("size", [(7, 12), (12, 7), (1, 5)])
    @pytest.mark.parametrize("flip", BOTH)
    def test_flips_and_half_turns_of_any_frame(self, size, flip):
        image = picture(*size)
        expected = image[:: -1 if flip[1] else 1, :: -1 if flip[0] else 1]
        np.testing.assert_array_equal(moved(image, Move(flip)), expected)
        np.testing.assert_array_equal(moved(image, Move(flip, 2)), expected[::-1, ::-1])

    @pytest.mark.parametrize("quarters", [1, 2, 3])
    @pytest.mark.parametrize("flip", BOTH)
    def test_and_the_matrix_says_the_same(self, quarters, flip):
        image = picture(9, 9)
        np.testing.assert_array_equal(warped(image, flip=flip, quarters=quarters), moved(image, Move(flip, quarters)))

    def test_the_picture_itself_is_left_as_it_was(self):
        image = picture()
        image.flags.writeable = False
        for move in (Move((True, True), 1), Move(degrees=5.0)):
            assert not np.array_equal(moved(image, move), image)

    @pytest.mark.parametrize("quarters", [1, 3])
    def test_a_quarter_turn_of_a_long_frame_stays_in_it(self, quarters):
        image = picture(6, 12)
        view = moved(image, Move(quarters=quarters), "black")
        assert view.shape == image.shape
        np.testing.assert_array_equal(view[:, 3:9], np.rot90(image[:, 3:9], quarters))
        assert not view[:, :3].any()


class TestWarp:
    @pytest.mark.parametrize("turns", [-2, -1, 1, 2])
    def test_right_angles_are_rot90(self, turns):
        image = picture(9, 9)
        np.testing.assert_array_equal(warped(image, degrees=90.0 * turns), np.rot90(image, turns))

    @pytest.mark.parametrize(("down", "right"), [(3, 0), (0, 4), (-2, 5), (-1, -1)])
    def test_whole_shifts_move_pixels(self, down, right):
        image = picture(10, 12)
        expected = np.zeros_like(image)
        rows, columns = slice(max(down, 0), 10 + min(down, 0)), slice(max(right, 0), 12 + min(right, 0))
        expected[rows, columns] = np.roll(image, (down, right), (0, 1))[rows, columns]
        np.testing.assert_array_equal(warped(image, shift=(float(down), float(right))), expected)

    def test_a_zoom_of_three_makes_nine_of_one_in_the_centre(self):
        image = np.zeros((9, 9, 3), np.uint8)
        image[4, 4] = 90
        # Linear: the neighbours at a third and two thirds of the way get what is left of 1.
        ramp = np.array([0, 0, 1, 2, 3, 2, 1, 0, 0]) / 3
        np.testing.assert_allclose(warped(image, zoom=3.0)[..., 0], 90 * np.outer(ramp, ramp), atol=1.5)

    def test_a_shear_of_45_degrees_shifts_each_row_by_its_distance_from_the_centre(self):
        image = np.zeros((9, 9, 3), np.uint8)
        image[:, 4] = 200  # an upright line
        np.testing.assert_array_equal(warped(image, shear=45.0)[..., 0], 200 * np.eye(9, dtype=np.uint8)[::-1])

    def test_all_at_once_is_what_pillow_makes_of_the_inverse_matrix(self):
        y, x = np.mgrid[:40, :60] / 6
        image = np.stack([127 + 100 * np.sin(x + y), 127 + 100 * np.cos(x - y), 10 * x + 5 * y], -1).astype(np.uint8)
        move = Move((True, False), 1, shear=8.0, degrees=25.0, zoom=1.2, shift=(2.5, -4.0))
        inverse = np.linalg.inv(np.vstack([warp_matrix((40, 60), move), [0, 0, 1]]))[:2]
        inverse[:, 2] += 0.5 - inverse[:, :2] @ [0.5, 0.5]  # Pillow counts from the corner of a pixel
        pillow = Image.fromarray(image).transform((60, 40), Image.Transform.AFFINE, inverse.ravel(), Image.BILINEAR)
        ours = moved(image, move, "black")
        # Two pixels from the edge of what is seen, where Pillow does not blend with the black.
        seen = (np.asarray(pillow) > 0).all(axis=-1) & (ours > 0).all(axis=-1)
        inside = cv2.erode(seen.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
        assert inside.mean() > 0.4
        difference = np.abs(ours.astype(int) - np.asarray(pillow))[inside]
        assert difference.mean() < 0.75  # Pillow cuts off where OpenCV rounds
        assert np.quantile(difference, 0.99) <= 3

    @pytest.mark.parametrize("flip", [(False, False), (True, False), (True, True)])
    def test_is_the_formula_written_out(self, flip):
        move = Move(flip, shear=10.0, degrees=25.0, zoom=1.3, shift=(2.5, -4.0))
        matrix = warp_matrix((30, 50), move)
        for x, y in [(0, 0), (49, 0), (10.5, 20.25)]:
            dx, dy = x - 24.5, y - 14.5
            dx, dy = (-dx if flip[0] else dx), (-dy if flip[1] else dy)
            dx -= dy * np.tan(np.deg2rad(10.0))
            # y points down, so counter-clockwise as seen is clockwise in (x, y).
            angle = np.arctan2(-dy, dx) + np.deg2rad(25.0)
            length = 1.3 * np.hypot(dx, dy)
            target = [24.5 + length * np.cos(angle) - 4.0, 14.5 - length * np.sin(angle) + 2.5]
            np.testing.assert_allclose(matrix @ [x, y, 1], target, atol=1e-9)


class TestFill:
    def view(self, fill):
        return moved(np.full((20, 20, 3), 200, np.uint8), Move(zoom=0.5), fill)

    def test_black(self):
        view = self.view("black")
        assert view[0, 0].tolist() == [0, 0, 0]
        assert view[10, 10].tolist() == [200, 200, 200]

    def test_reflect_invents_no_colour(self):
        assert (self.view("reflect") == 200).all()

    def test_reflect_mirrors_at_the_edge(self):
        image = picture(6, 6)
        expected = np.pad(image, ((0, 0), (2, 0), (0, 0)), "reflect")[:, :6]
        np.testing.assert_array_equal(moved(image, Move(shift=(0.0, 2.0)), "reflect"), expected)
