"""Prediction sets: against MAPIE, against what is promised, and where nothing can be promised."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from mapie.classification import SplitConformalClassifier
from prediction_tables import random_table, table
from sklearn.base import BaseEstimator, ClassifierMixin

from cervinet.evaluation.conformal import SetRule, covered, fit_sets, scores
from cervinet.evaluation.intervals import Resampling

HOW = Resampling(draws=400, confidence=0.95, seed=1)


class Given(ClassifierMixin, BaseEstimator):
    """A classifier whose input are its probabilities."""

    def __init__(self, classes=3):
        self.classes = classes
        self.classes_ = np.arange(classes)

    def fit(self, x, y):
        return self

    def __sklearn_is_fitted__(self):
        return True

    def predict_proba(self, x):
        return x

    def predict(self, x):
        return x.argmax(axis=1)


class Whole(np.random.RandomState):
    """Draws nothing but ones: Romano's random part is then all of the class's own probability."""

    def uniform(self, low=0.0, high=1.0, size=None):
        return np.ones(size)


def rule_of(rules, score, conditional=False):
    (found,) = [rule for rule in rules if (rule.score, rule.conditional) == (score, conditional)]
    return found


@pytest.mark.parametrize("score", ["lac", "aps"])
@pytest.mark.parametrize("coverage", [0.5, 0.7, 0.9, 0.95])
@pytest.mark.parametrize("images", [20, 99, 250])
def test_thresholds_and_sets_are_those_of_mapie_where_each_image_is_its_own_group(score, coverage, images):
    validation, test = random_table(images, 5, seed=1), random_table(300, 5, seed=2)
    theirs = SplitConformalClassifier(Given(5), coverage, score, prefit=True, random_state=Whole(0))
    theirs.conformalize(validation.probabilities, validation.labels)
    rule = rule_of(fit_sets(validation, coverage), score)
    (threshold,) = rule.thresholds
    expected = theirs.predict_set(test.probabilities)[1][:, :, 0]
    assert threshold == pytest.approx(theirs._mapie_classifier.conformity_score_function_.quantiles_[0], abs=1e-12)
    empty = ~expected.any(axis=1)
    np.testing.assert_array_equal(rule.empty(test.probabilities), empty)
    expected[empty, test.predicted[empty]] = True
    np.testing.assert_array_equal(rule.sets(test.probabilities), expected)


def test_scores_by_hand():
    given = np.array([[0.5, 0.2, 0.3], [0.25, 0.5, 0.25]])
    np.testing.assert_allclose(scores("lac", given), 1 - given)
    np.testing.assert_allclose(scores("aps", given), [[0, 0.8, 0.5], [0.5, 0, 0.75]])


def naive_threshold(own, groups, coverage):
    """The definition: walk up the scores until the weight of those passed reaches the share that is promised."""
    names = sorted(set(groups))
    weight = {name: 1 / (len(names) + 1) / groups.count(name) for name in names}
    passed = 0.0
    for score, group in sorted(zip(own, groups, strict=True)):
        passed += weight[group]
        if passed >= coverage - 1e-12:
            return score
    return math.inf


@pytest.mark.parametrize("coverage", [0.6, 0.9])
@pytest.mark.parametrize("conditional", [False, True])
def test_images_weigh_one_over_the_size_of_their_group(coverage, conditional):
    random = np.random.default_rng(5)
    given = random_table(120, seed=3)
    given = replace(given, groups=tuple(f"{number}" for number in random.integers(0, 40, 120) ** 2 // 40))
    rule = rule_of(fit_sets(given, coverage), "lac", conditional)
    own = 1 - given.probabilities[np.arange(120), given.labels]
    parts = [given.labels == index for index in range(3)] if conditional else [np.full(120, True)]
    expected = [naive_threshold(own[p], [given.groups[i] for i in np.flatnonzero(p)], coverage) for p in parts]
    assert rule.thresholds == pytest.approx(expected)
    assert (rule.n, rule.groups) == (120, len(set(given.groups)))
    ungrouped = rule_of(fit_sets(replace(given, groups=given.images), coverage), "lac", conditional)
    assert ungrouped.thresholds != pytest.approx(expected)


def simulated(random, groups, largest=30):
    """One hard patient in five, of whom there are few images; easy ones have many. Two classes, label 0 throughout.

    Returns the score 1 - p of each image, its group, and whether it is the one picked from its group.
    """
    hard = random.random(groups) < 0.2
    sizes = np.where(hard, 1, largest)
    members = np.repeat(np.arange(groups), sizes)
    own = np.where(hard[members], random.uniform(0.5, 1, len(members)), random.uniform(0, 0.5, len(members)))
    return own, members


def test_the_promise_is_kept_for_new_groups_and_would_not_be_if_images_were_taken_for_groups():
    """Over 500 repetitions with 30 groups; a coverage of 0.9 promised, with standard errors below 0.004."""
    random = np.random.default_rng(0)
    held = {"groups": [], "images": []}
    for _ in range(500):
        own, members = simulated(random, 30)
        validation = table(np.zeros(len(own)), np.stack([1 - own, own], axis=1), groups=members)
        fitted = rule_of(fit_sets(validation, 0.9), "lac")
        naive = np.quantile(own, min(1, 0.9 * (1 + 1 / len(own))), method="higher")
        new, of_group = simulated(random, 40)
        first = np.unique(of_group, return_index=True)[1]
        held["groups"].append((new[first] <= fitted.thresholds[0]).mean())
        held["images"].append((new[first] <= naive).mean())
    assert 0.895 < np.mean(held["groups"]) < 0.94
    assert np.mean(held["images"]) < 0.84


@pytest.mark.parametrize("score", ["lac", "aps"])
def test_the_promise_is_kept_for_each_class_by_itself(score):
    """Over 300 repetitions; the rare class falls short of a promise made for all."""
    found = {False: [], True: []}
    for seed in range(300):
        random = np.random.default_rng(seed)

        def drawn(images, random=random):
            labels = (random.random(images) < 0.15).astype(int)
            score = 1 / (1 + np.exp(-(random.normal(size=images) * 1.5 + 2 * labels - 2.5)))
            return table(labels, np.stack([1 - score, score], axis=1))

        validation, test = drawn(200), drawn(400)
        for rule in fit_sets(validation, 0.8):
            if rule.score == score:
                sets = rule.sets(test.probabilities)
                found[rule.conditional].append([sets[test.labels == c, c].mean() for c in (0, 1)])
    marginal, conditional = np.mean(found[False], axis=0), np.mean(found[True], axis=0)
    assert marginal[1] < 0.72
    assert (conditional > 0.79).all()


@pytest.mark.parametrize(("groups", "infinite"), [(8, True), (9, False)])
def test_too_few_groups_for_the_promise(groups, infinite):
    given = random_table(groups * 3, seed=2, per_group=3)
    rule = rule_of(fit_sets(given, 0.9), "lac")
    assert rule.needed == 9
    assert math.isinf(rule.thresholds[0]) == infinite
    if infinite:
        assert rule.sets(given.probabilities).all()
        assert covered(rule, given, HOW).remarks() == (
            "every class is in every set: a promise of 90 % needs 9 validation groups or more; there are 8",
        )


def test_a_class_with_too_few_groups_or_none_is_in_every_set():
    given = random_table(60, seed=2)
    labels = np.where(given.labels == 2, 1, given.labels)
    labels[:8] = 0
    given = replace(given, labels=labels)
    rule = rule_of(fit_sets(given, 0.9), "aps", conditional=True)
    assert [math.isinf(value) for value in rule.thresholds] == [False, False, True]
    assert rule.sets(given.probabilities)[:, 2].all()
    found = covered(rule, given, HOW)
    assert found.per_class["Type_3"].reason == "no image is of 'Type_3'"
    assert found.remarks()[0] == (
        "in every set, because a promise of 90 % needs validation images of a class from 9 groups or more: 'Type_3'"
    )
    assert found.to_json()["rule"]["thresholds"][2] is None
    json.dumps(found.to_json(), allow_nan=False)


def test_of_many_such_classes_three_are_named():
    rule = rule_of(fit_sets(random_table(40, 26, seed=3), 0.9), "lac", conditional=True)
    assert covered(rule, random_table(90, 26, seed=4), HOW).remarks() == (
        "in every set, because a promise of 90 % needs validation images of a class from 9 groups or more: 'Type_1', "
        "'Type_2', 'Type_3' and 23 more",
    )


def test_no_validation_image_promises_nothing():
    empty = table(np.zeros(0), np.zeros((0, 3)))
    for rule in fit_sets(empty, 0.9):
        assert set(rule.thresholds) == {math.inf}
        assert (rule.n, rule.groups) == (0, 0)


def test_a_set_without_any_class_becomes_the_most_probable_one():
    rule = SetRule("lac", False, 0.6, (0.3,), 100, 100)
    given = np.array([[0.4, 0.35, 0.25], [0.8, 0.1, 0.1], [0.2, 0.4, 0.4]])
    np.testing.assert_array_equal(rule.empty(given), [True, False, True])
    np.testing.assert_array_equal(rule.sets(given), [[1, 0, 0], [1, 0, 0], [0, 1, 0]])
    found = covered(rule, table([0, 0, 2], given), HOW)
    assert found.completed.value == pytest.approx(2 / 3)
    assert found.coverage.value == pytest.approx(2 / 3)


def test_what_is_measured_by_image_and_by_group():
    rule = SetRule("lac", False, 0.6, (0.6,), 100, 100)
    given = table(
        [0, 0, 0, 1, 1], [[0.9, 0.1], [0.3, 0.7], [0.5, 0.5], [0.2, 0.8], [0.5, 0.5]], groups=["a", "a", "a", "b", "c"]
    )
    found = covered(rule, given, HOW)
    assert found.coverage.value == pytest.approx(4 / 5)
    assert found.by_group.value == pytest.approx((2 / 3 + 1 + 1) / 3)
    assert found.size.value == pytest.approx(7 / 5)
    assert found.single.value == pytest.approx(3 / 5)
    assert {name: one.value for name, one in found.per_class.items()} == {"Type_1": pytest.approx(2 / 3), "Type_2": 1.0}
    assert {name: one.n for name, one in found.per_class.items()} == {"Type_1": 3, "Type_2": 2}
    assert (found.coverage.n, found.by_group.n) == (5, 5)


def test_intervals_are_by_group():
    given = random_table(300, seed=9, per_group=6)
    rule = SetRule("lac", False, 0.8, (0.7,), 100, 100)
    found = covered(rule, given, HOW)
    held = rule.sets(given.probabilities)[np.arange(300), given.labels].reshape(50, 6).mean(axis=1)
    drawn = np.random.default_rng(3).choice(held, (4000, 50)).mean(axis=1)
    assert found.coverage.lower == pytest.approx(np.quantile(drawn, 0.025), abs=0.012)
    assert found.coverage.upper == pytest.approx(np.quantile(drawn, 0.975), abs=0.012)
    assert found.coverage.method == "percentile bootstrap, 400 draws of 50 groups"


def test_a_promise_that_is_not_kept_is_said():
    """Validation images that are easier than those judged."""
    validation, test = random_table(200, seed=1), random_table(200, seed=2)
    test = replace(test, labels=(test.labels + 1) % 3)
    found = covered(rule_of(fit_sets(validation, 0.9), "lac"), test, HOW)
    assert found.remarks() == (
        f"the sets of the judged images hold the true class in {100 * found.by_group.value:.1f} %, less often than the "
        "90 % promised: the validation images were easier by chance, or these are not like them",
    )
    by_class = covered(rule_of(fit_sets(validation, 0.9), "lac", conditional=True), test, HOW)
    assert len(by_class.remarks()) == 3
    assert by_class.remarks()[0].startswith("the sets of the images of 'Type_1' hold the true class in ")
    assert covered(rule_of(fit_sets(validation, 0.9), "lac"), random_table(200, seed=3), HOW).remarks() == ()


def test_repeats_of_a_cross_validation_count_once():
    given = random_table(40, seed=4)
    twice = replace(
        given,
        **{name: getattr(given, name) * 2 for name in ("images", "groups")},
        labels=np.tile(given.labels, 2),
        probabilities=np.tile(given.probabilities, (2, 1)),
        repeats=np.repeat([1, 2], 40),
    )
    rule = SetRule("aps", False, 0.8, (0.5,), 100, 100)
    once, both = covered(rule, given, HOW), covered(rule, twice, HOW)
    assert replace(both, rule=rule) == once
