"""Augmentation is a function of (seed, epoch, index, copy) and does what its settings say."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace

import cv2
import numpy as np
import pytest

from cervinet.amount import Amount
from cervinet.config_augment import Augment
from cervinet.data.augment import Augmentation, cut_out, draw, noisy

EVERYTHING = Augmentation(
    *(0.5, 0.5, 0.75),
    rotation=Amount(90),
    shift=Amount(0.1),
    zoom=Amount((0.8, 1.25)),
    shear=Amount(10),
    brightness=Amount(0.1),
    contrast=Amount(0.2),
    saturation=Amount(0.3),
    hue=Amount(20),
    gamma=Amount(0.3),
    blur=Amount(1.5),
    noise=Amount(0.05),
    cutout=Amount(0.3),
)
HERE = {"seed": 1, "epoch": 2, "index": 3, "copy": 1}
PLACES = [{"seed": 7, "epoch": epoch, "index": index} for epoch in range(10) for index in range(200)]
SETTINGS = [
    *({name: 0.5} for name in ("horizontal_flip", "vertical_flip", "quarter_turns")),
    *({name: Amount(0.2)} for name in ("shift", "brightness", "contrast", "saturation", "gamma", "noise")),
    *({name: Amount(10)} for name in ("rotation", "shear", "hue")),
    {"blur": Amount(2.0)},
    {"zoom": Amount((1.0, 1.3))},
    {"cutout": Amount(0.5)},
]


def picture(height=24, width=24, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


class TestDraws:
    def test_the_same_place_gives_the_same_picture(self):
        image = picture()
        views = [EVERYTHING.apply(image, **HERE) for _ in range(3)]
        assert all(np.array_equal(view, views[0]) for view in views)

    @pytest.mark.parametrize(
        "other", [{"seed": 2}, {"epoch": 3}, {"index": 4}, {"copy": 0}, {"seed": 2**31 - 1}, {"index": 2**39}]
    )
    def test_another_place_gives_another_one(self, other):
        image = picture()
        assert not np.array_equal(EVERYTHING.apply(image, **HERE), EVERYTHING.apply(image, **HERE | other))

    def test_no_two_places_of_a_run_are_the_same(self):
        places = [place | {"copy": copy} for place in PLACES for copy in range(3)]
        assert len({draw(**place)["rotation"] for place in places}) == 6000

    def test_threads_and_their_number_do_not_matter(self):
        images = np.stack([picture(seed=n) for n in range(40)])
        indices, copies = np.arange(40), np.arange(40) % 3
        alone = EVERYTHING.views(images, seed=1, epoch=0, indices=indices, copies=copies)

        def view(place):
            return EVERYTHING.views(images[place], seed=1, epoch=0, indices=indices[place], copies=copies[place])

        with ThreadPoolExecutor(4) as pool:
            parts = list(pool.map(view, [slice(n, n + 1) for n in reversed(range(40))]))
        np.testing.assert_array_equal(np.concatenate(parts[::-1]), alone)

    def test_the_picture_itself_is_left_as_it_was(self):
        image = picture()
        image.flags.writeable = False  # as a row of a mapped store
        EVERYTHING.apply(image, **HERE)
        np.testing.assert_array_equal(image, picture())

    @pytest.mark.parametrize("size", [(1, 1), (2, 40), (40, 2), (33, 20)])
    def test_the_shape_and_type_stay(self, size):
        view = EVERYTHING.apply(picture(*size), **HERE)
        assert (view.shape, view.dtype) == ((*size, 3), np.uint8)

    @pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: next(iter(s)))
    def test_one_setting_more_or_less_changes_the_draws_of_no_other(self, setting):
        off = {"zoom": Amount((1.0, 1.0))}.get(*setting, 0.0 if 0.5 in setting.values() else Amount())
        less = replace(EVERYTHING, **{next(iter(setting)): off})
        changed = {
            "horizontal_flip": "flip", "vertical_flip": "flip", "quarter_turns": "quarters", "rotation": "degrees",
        }.get(*setting, *setting)  # fmt: skip
        for place in PLACES[:50]:
            drawn = draw(**place)
            every, fewer = ({**vars(one.move(drawn, (20, 40))), "tint": one.tint(drawn)} for one in (EVERYTHING, less))
            same = {name for name in every if every[name] == fewer[name]}
            touched = {"tint"} if changed in ("brightness", "contrast", "saturation", "hue", "gamma") else {changed}
            assert set(every) - same <= touched

    def test_later_changes_of_the_code_may_add_draws_but_move_none(self):
        drawn = draw(seed=1, epoch=0, index=0)
        uniform = np.random.Generator(np.random.Philox(key=[1, 0])).random(len(drawn))
        assert list(drawn)[:8] == [
            *("horizontal_flip", "vertical_flip", "rotation", "shift_down", "shift_right", "zoom"),
            *("brightness", "contrast"),
        ]
        assert list(drawn.values()) == uniform.tolist()


class TestOff:
    @pytest.mark.parametrize("fill", ["reflect", "black"])
    def test_nothing_is_set(self, fill):
        nothing, image = Augmentation(fill=fill), picture()
        assert not nothing
        assert all(nothing.apply(image, seed=1, epoch=e, index=e) is image for e in range(10))

    @pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: next(iter(s)))
    def test_something_is_and_changes_the_picture(self, setting):
        augmentation, image = Augmentation(**setting), picture()
        assert augmentation
        views = [augmentation.apply(image, seed=1, epoch=0, index=n) for n in range(20)]
        assert sum(not np.array_equal(view, image) for view in views) > 2

    @pytest.mark.parametrize("setting", SETTINGS[3:], ids=lambda s: next(iter(s)))
    def test_a_probability_of_0_is_off(self, setting):
        name, amount = next(iter(setting.items()))
        assert not Augmentation(**{name: replace(amount, probability=0.0)})

    def test_mixing_leaves_single_pictures_alone(self):
        assert not Augmentation(mixup=Amount(0.2), cutmix=Amount(1.0))

    def test_every_setting_of_the_config_is_one_of_the_augmentation(self):
        assert set(Augment().changes()) == {field.name for field in fields(Augmentation)}
        assert Augmentation(**Augment().changes()) == replace(
            Augmentation(), mixup=Amount(1.0, 0.0), cutmix=Amount(1.0, 0.0)
        )


def near(share, probability, n):
    return abs(share - probability) < 4 * np.sqrt(probability * (1 - probability) / n)


class TestLimits:
    LIMITS = Augmentation(
        *(0.3, 0.8, 0.6),
        rotation=Amount(30),
        shift=Amount(0.1),
        zoom=Amount((0.5, 4.0)),
        shear=Amount(8),
        brightness=Amount(0.2),
        contrast=Amount(0.4),
        saturation=Amount(0.5),
        hue=Amount(12),
        gamma=Amount(1.0),
    )

    def test_every_draw_stays_within_and_fills_what_was_set(self):
        drawn = [draw(**place) for place in PLACES]
        moves = [self.LIMITS.move(one, (20, 40)) for one in drawn]
        tints = [self.LIMITS.tint(one) for one in drawn]
        for values, low, high in [
            ([move.degrees for move in moves], -30, 30),
            ([move.shift[0] for move in moves], -2, 2),
            ([move.shift[1] for move in moves], -4, 4),
            (np.log2([move.zoom for move in moves]), -1, 2),
            ([move.shear for move in moves], -8, 8),
            ([tint.brightness for tint in tints], -0.2, 0.2),
            ([tint.contrast for tint in tints], 0.6, 1.4),
            ([tint.saturation for tint in tints], 0.5, 1.5),
            ([tint.degrees for tint in tints], -12, 12),
            (np.log2([tint.gamma for tint in tints]), -1, 1),
        ]:
            # 2,000 uniform draws: each end is reached to 1 %, the mean strays by 4 standard errors at most.
            assert low <= min(values) < low + 0.01 * (high - low)
            assert high - 0.01 * (high - low) < max(values) <= high
            assert abs(np.mean(values) - (low + high) / 2) < 4 * (high - low) / np.sqrt(12 * len(values))
        for axis, probability in enumerate((0.3, 0.8)):
            assert near(np.mean([move.flip[axis] for move in moves]), probability, len(moves))
        for quarters, probability in ((0, 0.4), (1, 0.2), (2, 0.2), (3, 0.2)):
            assert near(np.mean([move.quarters == quarters for move in moves]), probability, len(moves))

    @pytest.mark.parametrize("name", ["rotation", "shift", "zoom", "shear"])
    @pytest.mark.parametrize("probability", [0.15, 0.6])
    def test_a_move_has_its_probability(self, name, probability):
        amount = Amount((0.5, 2.0) if name == "zoom" else 0.5, probability)
        augmentation = Augmentation(**{name: amount})
        still = Augmentation().move(draw(**PLACES[0]), (20, 40))
        happened = [augmentation.move(draw(**place), (20, 40)) != still for place in PLACES]
        assert near(np.mean(happened), probability, len(happened))

    @pytest.mark.parametrize("name", ["brightness", "contrast", "saturation", "hue", "gamma"])
    def test_a_colour_has_its_probability(self, name):
        augmentation = Augmentation(**{name: Amount(0.5, 0.3)})
        still = Augmentation().tint(draw(**PLACES[0]))
        happened = [augmentation.tint(draw(**place)) != still for place in PLACES]
        assert near(np.mean(happened), 0.3, len(happened))

    @pytest.mark.parametrize("name", ["blur", "noise", "cutout"])
    def test_the_rest_has_its_probability(self, name):
        augmentation, image = Augmentation(**{name: Amount(0.9, 0.25)}), picture(16, 16)
        happened = [not np.array_equal(augmentation.apply(image, **place), image) for place in PLACES[:1000]]
        # A blur of a few hundredths of a pixel changes nothing after rounding.
        assert 0.2 - 0.06 * (name == "blur") < np.mean(happened) < 0.3

    def test_the_draws_are_independent(self):
        values = np.array([list(draw(**place).values()) for place in PLACES])
        correlations = np.corrcoef(values, rowvar=False) - np.eye(values.shape[1])
        assert abs(correlations).max() < 4.5 / np.sqrt(len(values))


def test_blur_is_that_of_the_drawn_deviation():
    image = picture()
    sigma = draw(**HERE)["blur"] * 2.0
    expected = cv2.GaussianBlur(image, (0, 0), sigma)
    np.testing.assert_array_equal(Augmentation(blur=Amount(2.0)).apply(image, **HERE), expected)


class TestNoise:
    def test_has_its_deviation_in_every_channel_and_no_bias(self):
        noise = noisy(np.full((200, 200, 3), 128, np.uint8), 10.0, seed=5).astype(float) - 128
        np.testing.assert_allclose(noise.std(axis=(0, 1)), 10.0, atol=0.2)
        np.testing.assert_allclose(noise.mean(axis=(0, 1)), 0.0, atol=0.2)
        assert abs(np.corrcoef(noise.reshape(-1, 3), rowvar=False) - np.eye(3)).max() < 0.02

    def test_another_seed_gives_other_noise(self):
        image = picture()
        assert not np.array_equal(noisy(image, 5.0, 1), noisy(image, 5.0, 2))

    def test_is_clipped(self):
        white = noisy(np.full((50, 50, 3), 255, np.uint8), 20.0, 1)
        assert white.min() > 100
        assert (white == 255).mean() == pytest.approx(0.5, abs=0.05)


class TestCutout:
    def test_paints_a_square_in_the_mean_colour(self):
        image = picture(20, 30)
        view = cut_out(image, 0.5, (0.5, 0.5))
        assert (view[5:15, 10:20] == np.rint(image.mean(axis=(0, 1)))).all()
        kept = np.ones((20, 30), bool)
        kept[5:15, 10:20] = False
        np.testing.assert_array_equal(view[kept], image[kept])

    @pytest.mark.parametrize(("centre", "area"), [((0.0, 0.0), 25), ((0.999, 0.0), 25), ((0.999, 0.999), 25)])
    def test_parts_may_lie_outside(self, centre, area):
        image = np.zeros((20, 20, 3), np.uint8)
        image[::2] = 255
        assert (cut_out(image, 0.5, centre) == 128).all(axis=-1).sum() == area
