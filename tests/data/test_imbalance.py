"""Repeats and weights of unequal classes: numbers against scikit-learn and closed forms."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from cervinet.data.imbalance import (
    EffectiveCount,
    class_weights,
    effective_counts,
    emphasis_of,
    given,
    none,
    oversample,
)
from cervinet.data.manifest import Manifest, table_of
from cervinet.errors import ConfigError

COUNTS = {"a": 4, "b": 10, "c": 25}
LABELS = np.random.default_rng(0).permutation(np.repeat([0, 1, 2], [4, 10, 25]))


class TestEntries:
    def test_of_none_are_every_picture_once_in_order(self):
        places, copies = none(COUNTS).list_entries(LABELS, seed=1, epoch=0)
        np.testing.assert_array_equal(places, np.arange(39))
        assert not copies.any()

    def test_of_oversampling_bring_every_class_to_the_size_of_the_largest(self):
        emphasis = oversample(COUNTS)
        for epoch in range(5):
            places, _ = emphasis.list_entries(LABELS, seed=1, epoch=epoch)
            assert np.bincount(LABELS[places]).tolist() == [25, 25, 25]
            assert len(places) == emphasis.entries == 75

    def test_share_the_repeats_out_evenly_and_draw_the_rest_anew(self):
        rests = set()
        for epoch in range(6):
            places, _ = oversample(COUNTS).list_entries(LABELS, seed=1, epoch=epoch)
            times = np.bincount(places, minlength=39)
            assert sorted(times[LABELS == 0].tolist()) == [6, 6, 6, 7]
            assert sorted(times[LABELS == 1].tolist()) == [2] * 5 + [3] * 5
            assert (times[LABELS == 2] == 1).all()
            rests.add(tuple(times.tolist()))
        assert len(rests) > 1

    def test_are_a_function_of_seed_and_epoch(self):
        def listed(seed, epoch):
            return oversample(COUNTS).list_entries(LABELS, seed=seed, epoch=epoch)[0].tolist()

        assert listed(1, 2) == listed(1, 2)
        assert listed(1, 2) != listed(1, 3)
        assert listed(1, 2) != listed(2, 2)

    def test_number_the_copies_of_each_picture(self):
        places, copies = oversample(COUNTS).list_entries(LABELS, seed=1, epoch=0)
        assert len(set(zip(places.tolist(), copies.tolist(), strict=True))) == 75
        for place in range(39):
            assert sorted(copies[places == place].tolist()) == list(range((places == place).sum()))

    def test_a_class_without_pictures_has_none(self):
        emphasis = oversample({"a": 2, "b": 0, "c": 3})
        places, _ = emphasis.list_entries(np.array([0, 0, 2, 2, 2]), seed=1, epoch=0)
        assert emphasis.targets.tolist() == [3, 0, 3]
        assert len(places) == 6


class TestWeights:
    def test_balanced_ones_are_those_of_scikit_learn(self):
        expected = compute_class_weight("balanced", classes=np.arange(3), y=LABELS)
        np.testing.assert_allclose(class_weights(COUNTS).weights, expected)

    @pytest.mark.parametrize("beta", [0.9, 0.99, 0.999])
    def test_of_the_effective_number_are_the_formula_of_cui_et_al(self, beta):
        weights = class_weights(COUNTS, by="effective_number", beta=beta).weights
        sizes = np.array([4, 10, 25])
        # The effective number as the sum that the closed form stands for: 1 + beta + beta² + …
        effective = np.array([sum(beta**k for k in range(size)) for size in sizes])
        np.testing.assert_allclose(weights * effective, (weights * effective)[0])
        assert (weights * sizes).sum() / sizes.sum() == pytest.approx(1)

    def test_beta_goes_from_no_weights_to_balanced_ones(self):
        np.testing.assert_allclose(class_weights(COUNTS, by="effective_number", beta=0.0).weights, 1)
        near_one = class_weights(COUNTS, by="effective_number", beta=1 - 1e-9).weights
        np.testing.assert_allclose(near_one, class_weights(COUNTS).weights, rtol=1e-5)

    @pytest.mark.parametrize("by", ["balanced", "effective_number"])
    def test_a_class_without_pictures_weighs_nothing_and_leaves_the_others_as_they_are(self, by):
        weights = class_weights({"a": 4, "x": 0, "b": 10}, by=by).weights
        assert weights[1] == 0
        np.testing.assert_allclose(weights[[0, 2]], class_weights({"a": 4, "b": 10}, by=by).weights)

    def test_given_ones_are_used_as_they_are(self):
        emphasis = given(COUNTS, weights={"c": 1.0, "a": 3.0, "b": 0.5})
        assert emphasis.weights.tolist() == [3.0, 0.5, 1.0]
        assert emphasis.targets.tolist() == [4, 10, 25]

    @pytest.mark.parametrize(
        ("weights", "words"),
        [
            ({"a": 1.0}, "must have a weight for every class; it has none for b, c"),
            ({"a": 1.0, "b": 1.0, "c": 1.0, "Type1": 1.0},
             "names 'Type1', which is no class (known: a, b, c)"),
            ({"a": 0.0, "b": 0.0, "c": 0.0},
             "must be above 0 for a class that has training pictures; got {'a': 0.0, 'b': 0.0, 'c': 0.0}"),
        ],
    )  # fmt: skip
    def test_given_ones_that_do_not_fit(self, weights, words):
        with pytest.raises(ConfigError) as error:
            given(COUNTS, weights=weights)
        assert str(error.value) == f"`training.imbalance.given.weights` {words}"

    def test_only_weights_other_than_1_count_as_such(self):
        assert not none(COUNTS).weighted
        assert not oversample(COUNTS).weighted
        assert class_weights(COUNTS).weighted


def test_effective_counts_are_pictures_times_repeats_times_weights():
    assert effective_counts(oversample(COUNTS), ["a", "b", "c"])[0] == EffectiveCount("a", 4, 25, 1.0, 25.0)
    rows = effective_counts(class_weights(COUNTS), ["a", "b", "c"])
    assert [row.effective for row in rows] == pytest.approx([13.0, 13.0, 13.0])
    assert [(row.name, row.pictures, row.entries) for row in rows] == [("a", 4, 4), ("b", 10, 10), ("c", 25, 25)]


def test_only_the_training_part_counts():
    rows = [{"image": f"{n}.png", "label": "ab"[n % 3 > 0], "split": "train" if n < 9 else "test"} for n in range(30)]
    manifest = Manifest(table_of(rows), Path(), ("a", "b"))
    emphasis = emphasis_of(manifest, "oversample", {})
    assert emphasis.pictures.tolist() == [3, 6]
    assert emphasis.targets.tolist() == [6, 6]
    assert emphasis_of(manifest, "given", {"weights": {"a": 2.0, "b": 1.0}}).weights.tolist() == [2.0, 1.0]
