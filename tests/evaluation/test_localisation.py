"""Heat against regions: by hand, by simulation, by chance; and what is said of it."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import jaccard_score

from cervinet.evaluation.intervals import Resampling
from cervinet.evaluation.localisation import localisation, of_one

HOW = Resampling(draws=400, confidence=0.95, seed=0)


def region(rows, columns, shape=(4, 5)):
    found = np.zeros(shape, bool)
    found[rows, columns] = True
    return found


class TestOneMap:
    def test_by_hand(self):
        heat = np.array([[0, 1, 0, 0], [0, 6, 2, 0], [0, 0, 0, 1]], float)
        inside = np.array([[0, 0, 0, 0], [0, 1, 1, 0], [0, 1, 0, 0]], bool)
        found = of_one(heat, inside)
        assert found["mass"] == pytest.approx(8 / 10, abs=1e-12)
        assert found["mass_chance"] == found["pointing_chance"] == 0.25
        assert found["pointing"] == 1
        # Hottest three: 6, 2 and one of the two cells of 1, both outside. Two of four cells of the union are common.
        assert found["overlap"] == pytest.approx(2 / 4, abs=1e-12)

    def test_overlap_without_ties_is_that_of_scikit_learn(self):
        random = np.random.default_rng(0)
        heat, inside = random.random((20, 30)), random.random((20, 30)) < 0.3
        hottest = heat >= np.sort(heat.ravel())[-inside.sum()]
        expected = jaccard_score(inside.ravel(), hottest.ravel())
        assert of_one(heat, inside)["overlap"] == pytest.approx(expected, abs=1e-12)

    def test_chance_of_the_overlap_is_that_of_random_parts(self):
        random, inside = np.random.default_rng(1), region(slice(1, 3), slice(0, 4))
        drawn = np.argsort(random.random((40_000, 20)), axis=1)[:, :8]
        common = np.isin(drawn, np.flatnonzero(inside)).sum(axis=1)
        assert of_one(np.ones((4, 5)), inside)["overlap_chance"] == pytest.approx(
            (common / (16 - common)).mean(), abs=2e-3
        )

    def test_heat_spread_evenly_gives_exactly_chance(self):
        found = of_one(np.full((4, 5), 0.3), region(slice(0, 2), slice(0, 3)))
        for name in ("mass", "pointing", "overlap"):
            assert found[name] == pytest.approx(found[f"{name}_chance"], abs=1e-12)

    def test_the_hottest_point_shared_by_several_counts_by_its_part(self):
        heat = np.zeros((4, 5))
        heat[0, :3] = 2
        assert of_one(heat, region(0, slice(1, 4)))["pointing"] == pytest.approx(2 / 3)

    def test_all_inside_and_all_outside(self):
        inside = region(slice(1, 3), slice(1, 3))
        assert [of_one(inside.astype(float), inside)[name] for name in ("mass", "pointing", "overlap")] == [1, 1, 1]
        found = of_one(region(0, 0).astype(float), inside)
        assert (found["mass"], found["pointing"]) == (0, 0)

    def test_no_heat_is_no_number(self):
        found = of_one(np.zeros((4, 5)), region(0, 0))
        assert np.isnan([found["mass"], found["pointing"], found["overlap"]]).all()
        assert found["mass_chance"] == 0.05

    @pytest.mark.parametrize(
        ("heat", "inside", "sentence"),
        [
            (np.ones((4, 4)), region(0, 0), "the region must be of the heat's shape (4, 4) and not empty; got (4, 5)"),
            (
                np.ones((4, 5)),
                np.zeros((4, 5), bool),
                "the region must be of the heat's shape (4, 5) and not empty; got (4, 5)",
            ),
            (np.full((4, 5), -1.0), region(0, 0), "heat must be finite and not negative"),
            (np.full((4, 5), np.nan), region(0, 0), "heat must be finite and not negative"),
        ],
    )
    def test_what_cannot_be(self, heat, inside, sentence):
        with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
            of_one(heat, inside)


def measured(masses, share=0.2):
    chances = {"mass_chance": share, "pointing_chance": share, "overlap_chance": 0.11}
    return [{"mass": m, "pointing": float(m > 0.5), "overlap": m / 2} | chances for m in masses]


def found_of(masses, *, labels=None, groups=None, how=HOW, **more):
    number = len(masses)
    labels = np.zeros(number, np.int64) if labels is None else np.array(labels)
    groups = [f"g{n}" for n in range(number)] if groups is None else groups
    return localisation(
        measured(masses, **{k: more.pop(k) for k in ("share",) if k in more}),
        labels,
        groups,
        ("benign", "malignant"),
        region="masks",
        how=how,
        **more,
    )


MASSES = np.random.default_rng(2).uniform(0.4, 0.9, 40)


def test_means_overall_and_by_class():
    labels = np.arange(40) % 2
    found = found_of(MASSES, labels=labels, without=3, randomised=0.1)
    assert found.overall.mass.value == pytest.approx(MASSES.mean(), abs=1e-12)
    assert found.overall.gain.value == pytest.approx(MASSES.mean() - 0.2, abs=1e-12)
    assert (found.overall.images, found.overall.mass_chance, found.without) == (40, pytest.approx(0.2), 3)
    for index, name in enumerate(("benign", "malignant")):
        assert found.per_class[name].mass.value == pytest.approx(MASSES[labels == index].mean(), abs=1e-12)
        assert found.per_class[name].pointing.value == pytest.approx((MASSES[labels == index] > 0.5).mean(), abs=1e-12)
        assert found.per_class[name].mass.n == 20
    assert json.loads(json.dumps(found.to_json(), allow_nan=False))["randomised"] == 0.1


def test_a_class_without_regions_is_not_there():
    assert list(found_of(MASSES).per_class) == ["benign"]


def test_groups_are_drawn_whole():
    """Pictures of a patient that are all alike count as one: intervals are as of the patients alone."""
    once = found_of(MASSES[:10])
    thrice = found_of(np.repeat(MASSES[:10], 3), groups=[f"g{n // 3}" for n in range(30)])
    assert (once.overall.mass.lower, once.overall.mass.upper) == pytest.approx(
        (thrice.overall.mass.lower, thrice.overall.mass.upper), abs=1e-12
    )
    assert thrice.overall.mass.method == "percentile bootstrap, 400 draws of 10 groups"


def test_the_interval_is_that_of_resampled_means():
    random = np.random.default_rng(7)
    drawn = MASSES[random.integers(0, 40, (4000, 40))].mean(axis=1)
    mass = found_of(MASSES, how=replace(HOW, draws=4000)).overall.mass
    assert (mass.lower, mass.upper) == pytest.approx(tuple(np.quantile(drawn, [0.025, 0.975])), abs=5e-3)


class TestSentence:
    def test_more_than_chance(self):
        found = found_of(MASSES)
        mass = found.overall.mass
        assert found.sentence == (
            f"The heat lies on the lesion more than chance: {mass.value:.2f} of it inside masks that cover 0.20 of the "
            f"picture ({mass.lower:.2f}–{mass.upper:.2f})."
        )

    def test_less_than_chance(self):
        found = found_of(MASSES / 10)
        start = f"The heat lies on the lesion less than chance: {found.overall.mass.value:.2f} of it inside masks "
        assert found.sentence.startswith(start)

    def test_no_better_than_chance(self):
        masses = np.random.default_rng(3).uniform(0, 0.4, 40)
        start = "The heat lies on the lesion no better than chance: "
        assert found_of(masses).sentence.startswith(start)

    def test_maps_without_heat_are_counted(self):
        found = found_of([*MASSES, float("nan"), float("nan")])
        assert found.sentence.endswith(". Left out, for they have no heat at all: 2 of 42 images.")
        assert (found.overall.images, found.overall.empty, found.overall.mass.n) == (42, 2, 40)
        assert found.overall.mass.value == pytest.approx(MASSES.mean(), abs=1e-12)

    def test_no_heat_anywhere(self):
        found = found_of([float("nan")] * 3)
        assert found.sentence == (
            "Whether the heat lies on the lesion cannot be said: no image with a region has any heat. "
            "Left out, for they have no heat at all: 3 of 3 images."
        )
        assert found.to_json()["overall"]["mass_chance"] is None

    def test_regions_that_are_nearly_the_picture(self):
        assert found_of(np.full(9, 0.97) + np.arange(9) / 1000, share=0.95).sentence == (
            "Whether the heat lies on the lesion cannot be said: the images have masks that cover 0.95 of the picture."
        )

    def test_one_group_has_no_interval(self):
        assert found_of([0.5, 0.7], groups=["a", "a"]).sentence == (
            "0.60 of the heat lies inside masks that cover 0.20 of the picture; whether that is more than chance "
            "cannot be said: there is one group only: what varies between groups cannot be seen."
        )
