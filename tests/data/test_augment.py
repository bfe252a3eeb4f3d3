"""Augmentation is a function of (seed, epoch, index) and does what its settings say, measured on pixels."""

import cv2
import numpy as np
import pytest

from cervinet.data import augment
from cervinet.data.augment import Augmentation, colour_table, warp_matrix

EVERYTHING = Augmentation(0.5, 0.5, 90, 0.1, (0.8, 1.25), 0.1, 0.2)


def picture(height=24, width=24, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def warped(image, **changes):
    usual = {"flip": (False, False), "degrees": 0.0, "shift": (0.0, 0.0), "zoom": 1.0}
    matrix = warp_matrix(image.shape[:2], **usual | changes)
    return cv2.warpAffine(image, matrix, image.shape[1::-1], flags=cv2.INTER_LINEAR)


class TestDraws:
    def test_the_same_place_gives_the_same_picture(self):
        image = picture()
        views = [EVERYTHING.apply(image, seed=1, epoch=2, index=3) for _ in range(3)]
        assert all(np.array_equal(view, views[0]) for view in views)

    @pytest.mark.parametrize("other", [{"seed": 2}, {"epoch": 3}, {"index": 4}, {"seed": 2**31 - 1}, {"index": 2**39}])
    def test_another_place_gives_another_one(self, other):
        image, place = picture(), {"seed": 1, "epoch": 2, "index": 3}
        assert not np.array_equal(EVERYTHING.apply(image, **place), EVERYTHING.apply(image, **place | other))

    def test_no_two_places_of_a_run_are_the_same(self, monkeypatch):
        drawn = draws(monkeypatch, Augmentation(rotation=180), [(e, i) for e in range(20) for i in range(100)])
        assert len({one["degrees"] for one in drawn}) == 2000

    def test_earlier_pictures_do_not_matter(self):
        image = picture()
        alone = EVERYTHING.apply(image, seed=1, epoch=0, index=9)
        for index in range(9):
            EVERYTHING.apply(picture(seed=index), seed=1, epoch=0, index=index)
        np.testing.assert_array_equal(EVERYTHING.apply(image, seed=1, epoch=0, index=9), alone)

    def test_the_picture_itself_is_left_as_it_was(self):
        image = picture()
        before = image.copy()
        image.flags.writeable = False  # as a row of a mapped store
        EVERYTHING.apply(image, seed=1, epoch=0, index=0)
        np.testing.assert_array_equal(image, before)

    @pytest.mark.parametrize("size", [(1, 1), (2, 40), (40, 2), (33, 20)])
    def test_the_shape_and_type_stay(self, size):
        view = EVERYTHING.apply(picture(*size), seed=1, epoch=1, index=1)
        assert (view.shape, view.dtype) == ((*size, 3), np.uint8)


class TestOff:
    @pytest.mark.parametrize("fill", ["reflect", "black"])
    def test_nothing_is_set(self, fill):
        nothing, image = Augmentation(fill=fill), picture()
        assert not nothing
        assert all(nothing.apply(image, seed=1, epoch=e, index=e) is image for e in range(10))

    @pytest.mark.parametrize(
        "setting",
        [{"horizontal_flip": 0.1}, {"vertical_flip": 1.0}, {"rotation": 1.0}, {"shift": 0.1}, {"zoom": (1.0, 1.1)},
         {"brightness": 0.1}, {"contrast": 0.1}],
    )  # fmt: skip
    def test_something_is(self, setting):
        assert Augmentation(**setting)


def draws(monkeypatch, augmentation, places, size=(20, 40)):
    """What was drawn at each (epoch, index): the arguments of the warp and the colour table."""
    found = []

    def matrix(size, **arguments):
        found.append(arguments)
        return warp_matrix(size, **arguments)

    def table(brightness, contrast):
        found[-1] |= {"brightness": brightness, "contrast": contrast}
        return colour_table(brightness, contrast)

    with monkeypatch.context() as patch:
        patch.setattr(augment, "warp_matrix", matrix)
        patch.setattr(augment, "colour_table", table)
        for epoch, index in places:
            augmentation.apply(picture(*size), seed=7, epoch=epoch, index=index)
    return found


class TestLimits:
    PLACES = tuple((epoch, index) for epoch in range(10) for index in range(200))

    def test_every_draw_stays_within_and_fills_what_was_set(self, monkeypatch):
        limits = Augmentation(0.3, 0.8, 30, 0.1, (0.5, 4.0), 0.2, 0.4)
        drawn = draws(monkeypatch, limits, self.PLACES)
        for values, low, high in [
            ([one["degrees"] for one in drawn], -30, 30),
            ([one["shift"][0] for one in drawn], -2, 2),
            ([one["shift"][1] for one in drawn], -4, 4),
            (np.log2([one["zoom"] for one in drawn]), -1, 2),
            ([one["brightness"] for one in drawn], -0.2, 0.2),
            ([one["contrast"] for one in drawn], 0.6, 1.4),
        ]:
            # 2,000 uniform draws: each end is reached to 1 %, the mean strays by 4 standard errors at most.
            assert low <= min(values) < low + 0.01 * (high - low)
            assert high - 0.01 * (high - low) < max(values) <= high
            assert abs(np.mean(values) - (low + high) / 2) < 4 * (high - low) / np.sqrt(12 * len(values))
        for axis, probability in enumerate((0.3, 0.8)):
            share = np.mean([one["flip"][axis] for one in drawn])
            assert abs(share - probability) < 4 * np.sqrt(probability * (1 - probability) / len(drawn))

    def test_the_draws_are_independent(self, monkeypatch):
        drawn = draws(monkeypatch, Augmentation(0.5, 0.5, 1, 0.1, (0.5, 2), 0.1, 0.1), self.PLACES)
        values = [
            [*one["flip"], one["degrees"], *one["shift"], np.log(one["zoom"]), one["brightness"], one["contrast"]]
            for one in drawn
        ]
        correlations = np.corrcoef(np.array(values, float), rowvar=False) - np.eye(8)
        assert abs(correlations).max() < 4.5 / np.sqrt(len(drawn))

    @pytest.mark.parametrize("setting", ["horizontal_flip", "vertical_flip"])
    def test_one_setting_moves_nothing_else(self, monkeypatch, setting):
        plain = draws(monkeypatch, Augmentation(rotation=10), self.PLACES[:20])
        more = draws(monkeypatch, Augmentation(rotation=10, **{setting: 1.0}), self.PLACES[:20])
        assert [one["degrees"] for one in plain] == [one["degrees"] for one in more]


class TestFlips:
    @pytest.mark.parametrize("size", [(24, 24), (7, 12), (12, 7), (1, 5)])
    def test_are_those_of_numpy(self, size):
        image, place = picture(*size), {"seed": 0, "epoch": 0, "index": 0}
        horizontal, vertical = Augmentation(horizontal_flip=1.0), Augmentation(vertical_flip=1.0)
        both = Augmentation(horizontal_flip=1.0, vertical_flip=1.0)
        np.testing.assert_array_equal(horizontal.apply(image, **place), image[:, ::-1])
        np.testing.assert_array_equal(vertical.apply(image, **place), image[::-1])
        np.testing.assert_array_equal(both.apply(image, **place), image[::-1, ::-1])

    def test_half_of_them_is_the_picture_itself(self):
        image = picture()
        views = [Augmentation(horizontal_flip=0.5).apply(image, seed=0, epoch=0, index=n) for n in range(100)]
        same = sum(np.array_equal(view, image) for view in views)
        assert same + sum(np.array_equal(view, image[:, ::-1]) for view in views) == 100
        assert 30 < same < 70


class TestWarp:
    @pytest.mark.parametrize("side", [8, 9])
    @pytest.mark.parametrize("turns", [-2, -1, 1, 2])
    def test_right_angles_are_rot90(self, side, turns):
        image = picture(side, side)
        np.testing.assert_array_equal(warped(image, degrees=90.0 * turns), np.rot90(image, turns))

    def test_a_flip_comes_before_the_rotation(self):
        image = picture(8, 8)
        np.testing.assert_array_equal(warped(image, flip=(True, False), degrees=90.0), np.rot90(image[:, ::-1]))

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

    @pytest.mark.parametrize("flip", [(False, False), (True, False), (True, True)])
    def test_is_the_formula_written_out(self, flip):
        degrees, shift, zoom, size = 25.0, (2.5, -4.0), 1.3, (30, 50)
        matrix = warp_matrix(size, flip=flip, degrees=degrees, shift=shift, zoom=zoom)
        for x, y in [(0, 0), (49, 0), (10.5, 20.25)]:
            dx, dy = x - 24.5, y - 14.5
            dx, dy = (-dx if flip[0] else dx), (-dy if flip[1] else dy)
            # y points down, so counter-clockwise as seen is clockwise in (x, y).
            angle = np.arctan2(-dy, dx) + np.deg2rad(degrees)
            length = zoom * np.hypot(dx, dy)
            target = [24.5 + length * np.cos(angle) - 4.0, 14.5 - length * np.sin(angle) + 2.5]
            np.testing.assert_allclose(matrix @ [x, y, 1], target, atol=1e-9)

    def test_the_centre_stays(self):
        matrix = warp_matrix((31, 20), flip=(True, False), degrees=77.0, shift=(0.0, 0.0), zoom=0.7)
        np.testing.assert_allclose(matrix @ [9.5, 15, 1], [9.5, 15], atol=1e-9)


class TestFill:
    def view(self, fill):
        image = np.full((20, 20, 3), 200, np.uint8)
        return Augmentation(zoom=(0.5, 0.5), fill=fill).apply(image, seed=0, epoch=0, index=0)

    def test_black(self):
        view = self.view("black")
        assert view[0, 0].tolist() == [0, 0, 0]
        assert view[10, 10].tolist() == [200, 200, 200]

    def test_reflect_invents_no_colour(self):
        assert (self.view("reflect") == 200).all()

    def test_reflect_mirrors_at_the_edge(self):
        image = picture(6, 6)
        matrix = warp_matrix((6, 6), flip=(False, False), degrees=0.0, shift=(0.0, 2.0), zoom=1.0)
        border = augment._BORDERS["reflect"]
        moved = cv2.warpAffine(image, matrix, (6, 6), flags=cv2.INTER_LINEAR, borderMode=border)
        np.testing.assert_array_equal(moved, np.pad(image, ((0, 0), (2, 0), (0, 0)), "reflect")[:, :6])


class TestColour:
    def test_nothing_changes_nothing(self):
        np.testing.assert_array_equal(colour_table(0.0, 1.0), np.arange(256))

    @pytest.mark.parametrize(("brightness", "contrast"), [(0.1, 1.0), (-0.5, 1.0), (0.0, 1.5), (0.2, 0.5), (1.0, 0.1)])
    def test_closed_form(self, brightness, contrast):
        for value in (0, 1, 100, 127, 128, 254, 255):
            exact = 127.5 + contrast * (value - 127.5) + 255 * brightness
            assert abs(int(colour_table(brightness, contrast)[value]) - min(max(exact, 0), 255)) <= 0.5

    def test_is_monotonic_and_clipped(self):
        for brightness in (-1.0, -0.3, 0.4, 1.0):
            table = colour_table(brightness, 1.7).astype(int)
            assert (np.diff(table) >= 0).all()
        assert (colour_table(1.0, 1.0) == 255).all()
        assert (colour_table(-1.0, 1.0) == 0).all()

    def test_the_table_is_what_happens_to_the_picture(self, monkeypatch):
        image = picture()
        settings = Augmentation(brightness=0.3, contrast=0.5)
        (drawn,) = draws(monkeypatch, settings, [(4, 5)])
        view = settings.apply(image, seed=7, epoch=4, index=5)
        np.testing.assert_array_equal(view, colour_table(drawn["brightness"], drawn["contrast"])[image])
