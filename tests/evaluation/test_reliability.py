"""Bins and errors of probabilities, before and after, against plain loops and scikit-learn."""

import json
from dataclasses import replace

import numpy as np
import pytest
from simulated import simulated
from sklearn.calibration import calibration_curve
from sklearn.metrics import log_loss

from cervinet.evaluation.calibration import fit_calibration
from cervinet.evaluation.calibration_error import BINS, mass_bins, width_bins
from cervinet.evaluation.draws import draw_counts
from cervinet.evaluation.intervals import Resampling
from cervinet.evaluation.plain_json import plain
from cervinet.evaluation.question import questions
from cervinet.evaluation.reliability import calibrated

HOW = Resampling(draws=100, confidence=0.9, seed=1)
NAMES = ["log_loss", "brier", "ece", "ece_equal_mass", "ece_classwise"]


def both(images=400):
    validation, test = simulated(1, images=400), simulated(2, images=images)
    fitted = fit_calibration("temperature", validation.logits, validation.labels)
    return replace(test, probabilities=fitted.apply(test.logits)), test.probabilities


def gap(probability, true, cells):
    """Σ over bins of their share times |mean probability − share that came true|."""
    parts = [cells == number for number in np.unique(cells)]
    return sum(part.mean() * abs(probability[part].mean() - true[part].mean()) for part in parts)


def errors(labels, probabilities, mass=None):
    """The five errors by plain loops; `mass` are the bins of equal mass, of these images by default."""
    top, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    truth = np.eye(probabilities.shape[1])[labels]
    wide = np.ceil(probabilities * BINS)
    return [
        log_loss(labels, probabilities, labels=range(probabilities.shape[1])),
        np.mean([((row - one) ** 2).sum() for row, one in zip(probabilities, truth, strict=True)]),
        gap(top, right, np.ceil(top * BINS)),
        gap(top, right, mass_bins(top) if mass is None else mass),
        np.mean([gap(*columns) for columns in zip(probabilities.T, truth.T, wide.T, strict=True)]),
    ]


def test_errors_are_those_of_plain_loops():
    given, own = both()
    found = calibrated(given, own, "temperature", HOW)
    assert list(found.metrics) == ["before", "after"]
    for when, probabilities in (("before", own), ("after", given.probabilities)):
        assert list(found.metrics[when]) == NAMES
        values = [one.value for one in found.metrics[when].values()]
        assert values == pytest.approx(errors(given.labels, probabilities), abs=1e-12)
    for name, one in found.change.items():
        assert one.value == pytest.approx(found.metrics["after"][name].value - found.metrics["before"][name].value)
        assert one.value < 0
    assert found.metrics["after"]["ece"].n == 400


def test_intervals_are_those_of_resampled_patients():
    given, own = both(60)
    members, groups = given.members()
    mass = mass_bins(own.max(axis=1))
    drawn = []
    for weights in draw_counts(groups, range(HOW.draws), HOW.seed):
        rows = np.repeat(np.arange(60), weights[members])
        drawn.append(errors(given.labels[rows], own[rows], mass[rows]))
    lower, upper = np.quantile(drawn, [0.05, 0.95], axis=0)
    found = calibrated(given, own, "temperature", HOW).metrics["before"]
    for index, one in enumerate(found.values()):
        assert (one.lower, one.upper) == pytest.approx((lower[index], upper[index]), abs=1e-9)


def test_bins_are_scikit_learns():
    given, own = both()
    found = calibrated(given, own, "temperature", HOW)
    assert [one.of for one in found.after] == ["predicted class", "normal", "CIN1", "CIN2+"]
    tops = own.max(axis=1), given.probabilities.max(axis=1)
    for diagrams, probabilities, top in zip((found.before, found.after), (own, given.probabilities), tops, strict=True):
        right = probabilities.argmax(axis=1) == given.labels
        columns = [(right, top), *((given.labels == index, probabilities[:, index]) for index in range(3))]
        for diagram, (true, probability) in zip(diagrams, columns, strict=True):
            observed, predicted = calibration_curve(true, probability, n_bins=BINS)
            filled = [one for one in diagram.bins if one.n]
            assert len(diagram.bins) == BINS
            assert sum(one.n for one in diagram.bins) == 400
            assert [one.observed.value for one in filled] == pytest.approx(list(observed), abs=1e-12)
            assert [one.predicted for one in filled] == pytest.approx(list(predicted), abs=1e-12)
            assert all(one.lower < one.predicted <= one.upper for one in filled)


def test_an_empty_bin_says_so():
    given, own = both()
    empty = calibrated(given, own, "temperature", HOW).before[0].bins[0]
    assert (empty.n, empty.predicted, empty.observed.value) == (0, None, None)
    assert empty.observed.reason == "no image has a probability in this bin"


def test_bounds_of_bins_belong_to_the_lower_one():
    np.testing.assert_array_equal(width_bins(np.array([0, 1 / 15, 0.4, 0.41, 1])), [0, 0, 5, 6, 14])


def test_bins_of_equal_mass_keep_equal_probabilities_together():
    many = np.random.default_rng(0).random(150)
    np.testing.assert_array_equal(np.bincount(mass_bins(many)), [10] * BINS)
    assert len(np.unique(mass_bins(np.full(40, 0.7)))) == 1


def test_without_calibration_both_are_equal():
    given, _ = both()
    found = calibrated(given, given.probabilities, "none", HOW)
    assert found.before == found.after
    assert found.metrics["before"] == found.metrics["after"]
    assert found.change == {}


def test_perfect_probabilities_have_small_errors_and_wrong_ones_large():
    random = np.random.default_rng(0)
    given = simulated(images=6000)
    shares = random.dirichlet(np.ones(3), 6000)
    truth = (shares.cumsum(axis=1) < random.random((6000, 1))).sum(axis=1)
    perfect = replace(given, probabilities=shares, labels=truth)
    found = calibrated(perfect, np.eye(3)[(truth + 1) % 3], "vector", replace(HOW, draws=0))
    assert found.metrics["after"]["ece"].value < 0.02
    assert found.metrics["before"]["ece"].value == 1
    assert found.metrics["before"]["brier"].value == 2
    assert found.metrics["after"]["ece"].reason == "no interval was asked for"


def test_json_holds_no_nan():
    given, own = both(40)
    found = json.loads(json.dumps(plain(calibrated(given, own, "temperature", HOW)), allow_nan=False))
    assert list(found) == ["method", "before", "after", "metrics", "change", "weak"]
    assert found["before"][0]["bins"][0]["observed"]["value"] is None


def test_probabilities_of_another_shape_are_a_mistake():
    given, own = both(40)
    with pytest.raises(ValueError, match=r"own must be \(40, 3\); got \(40, 2\)"):
        calibrated(given, own[:, :2], "temperature", HOW)


def test_questions_have_intercept_and_slope_before_and_after():
    given, own = both()
    asked = questions(given.classes, None)
    found = calibrated(given, own, "temperature", HOW, asked)
    assert [one.of for one in found.weak["before"]] == list(given.classes)
    for before, after in zip(found.weak["before"], found.weak["after"], strict=True):
        assert before.slope.value < 0.8 < after.slope.value
    alone = calibrated(given, given.probabilities, "none", HOW, asked).weak
    assert alone["before"] == alone["after"] == found.weak["after"]
