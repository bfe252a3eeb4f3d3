"""Bins and errors of probabilities, before and after, against plain loops and scikit-learn."""

import json
from dataclasses import replace

import numpy as np
import pytest
from simulated import simulated
from sklearn.calibration import calibration_curve
from sklearn.metrics import log_loss

from cervinet.evaluation.calibration import fit_calibration
from cervinet.evaluation.calibration_error import BINS
from cervinet.evaluation.draws import draw_counts
from cervinet.evaluation.intervals import Resampling
from cervinet.evaluation.plain_json import plain
from cervinet.evaluation.question import questions
from cervinet.evaluation.reliability import calibrated

HOW = Resampling(draws=100, confidence=0.9, seed=1)
NAMES = ["log_loss", "brier", "ece", "ece_equal_mass", "ece_classwise", "ece_classwise_equal_mass"]


def both(images=400):
    validation, test = simulated(1, images=400), simulated(2, images=images)
    fitted = fit_calibration("temperature", validation.logits, validation.labels)
    return replace(test, probabilities=fitted.apply(test.logits)), test.probabilities


def columns(labels, probabilities):
    """(probability, came true) of the predicted class, then of each class."""
    right = probabilities.argmax(axis=1) == labels
    return [(probabilities.max(axis=1), right), *((row, labels == index) for index, row in enumerate(probabilities.T))]


def edges(labels, probabilities):
    """Inner edges of the bins of equal width, then of equal mass, of each column."""
    inner = np.linspace(0, 1, BINS + 1)[1:-1]
    scores = [np.round(score, 12) for score, _ in columns(labels, probabilities)]
    return [[inner] * len(scores), [np.quantile(score, inner) for score in scores]]


def gaps(labels, probabilities, inner):
    """`(2, columns, bins)`: share of the images that are in a bin, times mean probability less share that came true."""
    found = np.zeros((2, len(inner[0]), BINS))
    for kind, column, number in np.ndindex(found.shape):
        score, true = columns(labels, probabilities)[column]
        lower, upper = np.array([-np.inf, *inner[kind][column], np.inf])[number : number + 2]
        part = (lower < np.round(score, 12)) & (np.round(score, 12) <= upper)
        found[kind, column, number] = part.mean() * (score[part].mean() - true[part].mean()) if part.any() else 0
    return found


def of_kinds(gaps):
    """The calibration errors: of the predicted class in bins of equal width and mass, then of the classes."""
    distances = np.abs(gaps).sum(axis=2)
    return [*distances[:, 0], *distances[:, 1:].mean(axis=1)]


def losses(labels, probabilities):
    truth = np.eye(probabilities.shape[1])[labels]
    return [
        log_loss(labels, probabilities, labels=range(probabilities.shape[1])),
        np.mean([((row - one) ** 2).sum() for row, one in zip(probabilities, truth, strict=True)]),
    ]


def test_errors_are_those_of_plain_loops():
    given, own = both()
    found = calibrated(given, own, "temperature", HOW)
    assert list(found.metrics) == ["before", "after"]
    for when, probabilities in (("before", own), ("after", given.probabilities)):
        assert list(found.metrics[when]) == NAMES
        values = [one.value for one in found.metrics[when].values()]
        shown = given.labels, probabilities
        assert values == pytest.approx([*losses(*shown), *of_kinds(gaps(*shown, edges(*shown)))], abs=1e-12)
    for name, one in found.change.items():
        assert one.value == pytest.approx(found.metrics["after"][name].value - found.metrics["before"][name].value)
        assert one.value < 0
    assert found.metrics["after"]["ece"].n == 400


def test_intervals_are_those_of_resampled_patients():
    given, own = both(60)
    members, groups = given.members()
    inner = edges(given.labels, own)
    of_sample = gaps(given.labels, own, inner)
    drawn, apart = [], []
    for weights in draw_counts(groups, range(HOW.draws), HOW.seed):
        rows = np.repeat(np.arange(60), weights[members])
        of_draw = gaps(given.labels[rows], own[rows], inner)
        drawn.append([*losses(given.labels[rows], own[rows]), *of_kinds(of_draw)])
        apart.append(of_kinds(of_draw - of_sample))
    lower, upper = np.quantile(drawn, [0.05, 0.95], axis=0)
    found = list(calibrated(given, own, "temperature", HOW).metrics["before"].values())
    for index, one in enumerate(found[:2]):
        assert (one.lower, one.upper) == pytest.approx((lower[index], upper[index]), abs=1e-9)
        assert one.method.startswith("percentile bootstrap, 100 draws of ")
    reach = np.quantile(apart, 0.95, axis=0)
    for index, one in enumerate(found[2:]):
        assert one.lower == pytest.approx(max(0, one.value - reach[index]), abs=1e-9)
        assert one.upper == pytest.approx(max(one.value, upper[2 + index]), abs=1e-9)
        assert one.method.startswith("distance bootstrap, 100 draws of ")


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
