"""Calibration intercept and slope against logistic regressions of scikit-learn."""

import json
from dataclasses import replace

import numpy as np
import pytest
from simulated import simulated
from sklearn.linear_model import LogisticRegression

from cervinet.evaluation.draws import draw_counts
from cervinet.evaluation.intervals import Resampling
from cervinet.evaluation.question import Question
from cervinet.evaluation.weak_calibration import _step, weak_calibration

HOW = Resampling(draws=200, confidence=0.9, seed=1)
ASKED = Question(("CIN1", "CIN2+"), (1, 2))


def log_odds(given):
    scores = given.probabilities[:, 1:].sum(axis=1)
    return np.log(scores / (1 - scores))


def slope(odds, truth):
    return LogisticRegression(C=np.inf, tol=1e-12, solver="newton-cholesky").fit(odds[:, None], truth).coef_[0, 0]


def test_slope_is_that_of_a_logistic_regression():
    given = simulated(2, images=400)
    found = weak_calibration(ASKED, given, HOW)
    assert found.of == "CIN1 or CIN2+"
    assert found.slope.value == pytest.approx(slope(log_odds(given), given.labels > 0), rel=1e-9)
    assert found.slope.value < 0.7


def test_intercept_makes_the_mean_probability_right():
    given = simulated(2, images=400)
    found = weak_calibration(ASKED, given, HOW).intercept
    moved = 1 / (1 + np.exp(-log_odds(given) - found.value))
    assert moved.mean() == pytest.approx((given.labels > 0).mean(), abs=1e-12)


@pytest.mark.parametrize("images", [100, 1000])
def test_intervals_are_those_of_refitted_patients(images):
    given = simulated(2, images=images)
    members, groups = given.members()
    odds, truth = log_odds(given), given.labels > 0
    drawn = []
    for weights in draw_counts(groups, range(HOW.draws), HOW.seed):
        rows = np.repeat(np.arange(images), weights[members])
        drawn.append(slope(odds[rows], truth[rows]))
    found = weak_calibration(ASKED, given, HOW).slope
    width = np.ptp(np.quantile(drawn, [0.05, 0.95]))
    np.testing.assert_allclose([found.lower, found.upper], np.quantile(drawn, [0.05, 0.95]), atol=1e-6 * width)


def test_perfect_probabilities_have_0_and_1():
    random = np.random.default_rng(0)
    shares = random.dirichlet(np.ones(3), 20000)
    labels = (shares.cumsum(axis=1) < random.random((20000, 1))).sum(axis=1)
    found = weak_calibration(ASKED, replace(simulated(images=20000), probabilities=shares, labels=labels), HOW)
    assert found.intercept.lower < 0 < found.intercept.upper
    assert found.slope.lower < 1 < found.slope.upper


def test_many_images_take_one_step(monkeypatch):
    given = simulated(2, images=1000)
    whole = weak_calibration(ASKED, given, HOW)
    monkeypatch.setattr("cervinet.evaluation.weak_calibration._MANY", 999)
    step = weak_calibration(ASKED, given, HOW)
    assert step.slope.value == pytest.approx(whole.slope.value, abs=1e-12)
    width = whole.slope.upper - whole.slope.lower
    assert 0 < abs(step.slope.lower - whole.slope.lower) < 0.1 * width
    assert abs(step.slope.upper - whole.slope.upper) < 0.1 * width


@pytest.mark.parametrize(("label", "word"), [(0, "no"), (1, "every")])
def test_images_of_one_answer_have_neither(label, word):
    found = weak_calibration(ASKED, simulated(labels=[label] * 20), HOW)
    reason = f"{word} image is of 'CIN1 or CIN2+'"
    assert (found.intercept.reason, found.slope.reason) == (reason, reason)
    json.dumps(found.to_json(), allow_nan=False)


@pytest.mark.parametrize(
    ("probabilities", "reason"),
    [
        (np.eye(3), "a probability divides the positive images from the others: no finite slope fits"),
        (np.full((3, 3), 1 / 3), "all probabilities are equal"),
    ],
)
def test_without_a_finite_slope_there_is_the_intercept(probabilities, reason):
    given = simulated(2)
    found = weak_calibration(ASKED, replace(given, probabilities=probabilities[given.labels]), HOW)
    assert (found.slope.value, found.slope.reason) == (None, reason)
    assert found.intercept.value is not None


def test_a_step_from_where_an_earlier_one_led_nowhere_leads_nowhere():
    found = _step(np.array([[np.nan], [1.0], [1.0]]), np.array([[np.nan], [2.0], [0.0]]))
    np.testing.assert_array_equal(found, [[np.nan], [0.5], [np.nan]])
