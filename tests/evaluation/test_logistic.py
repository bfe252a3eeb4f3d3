"""Regressions on the logit, against scikit-learn, a root of the score equation, and what was simulated."""

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from cervinet.evaluation.draws import draw_counts
from cervinet.evaluation.logistic import calibration_line, outcomes


def simulated(images, *, intercept=0.0, slope=1.0, seed=0, groups=None):
    random = np.random.default_rng(seed)
    logits = random.normal(-1, 1.5, images)
    truth = random.random(images) < expit(intercept + slope * logits)
    members = np.arange(images) if groups is None else random.integers(0, groups, images)
    return outcomes(expit(logits), truth, members, groups or images), logits


def oracle(logits, truth, weights):
    sloped = LogisticRegression(C=np.inf, tol=1e-12, max_iter=10_000, solver="newton-cholesky")
    sloped.fit(logits[:, None], truth, sample_weight=weights)
    level = brentq(lambda at: (weights * (truth - expit(at + logits))).sum(), -30, 30, xtol=1e-13)
    return level, sloped.coef_[0, 0]


@pytest.mark.parametrize("seed", range(3))
def test_every_draw_is_what_scikit_learn_fits(seed):
    found, logits = simulated(200, intercept=0.5, slope=0.6, seed=seed, groups=50)
    weights = np.concatenate([np.ones((1, 50), np.int32), draw_counts(50, range(20), seed)])
    values = calibration_line(found)(weights)
    expected = [oracle(logits, found.truth, each[found.members]) for each in weights]
    np.testing.assert_allclose(values["intercept"], [one[0] for one in expected], atol=1e-7)
    np.testing.assert_allclose(values["slope"], [one[1] for one in expected], atol=1e-6)


def test_far_off_starts_are_found_too():
    """Slopes from 0.02 to 20, and probabilities of 0 and 1 that are taken for the nearest ones."""
    for slope in (0.02, -0.5, 20):
        found, logits = simulated(500, intercept=-2.0, slope=slope, seed=1)
        value = calibration_line(found)(np.ones((1, 500), np.int32))
        assert value["slope"][0] == pytest.approx(oracle(logits, found.truth, np.ones(500))[1], rel=1e-5)
    certain = outcomes(np.array([0.0, 1.0, 0.0, 1.0, 0.5]), np.array([0, 1, 1, 0, 1], bool), np.arange(5), 5)
    value = calibration_line(certain)(np.ones((1, 5), np.int32))
    expected = oracle(certain.logits, certain.truth, np.ones(5))
    assert np.abs(certain.logits).max() == pytest.approx(34.54, abs=0.01)
    assert (value["intercept"][0], value["slope"][0]) == pytest.approx(expected, abs=1e-6)


def test_on_the_flat_ends_of_the_curve_the_intercept_is_found():
    """All certain and wrong: three of four are positive, so that σ(a − 34.5) must be 2/3."""
    found = outcomes(np.array([0.0, 0.0, 0.0, 1.0]), np.array([1, 1, 1, 0], bool), np.arange(4), 4)
    value = calibration_line(found)(np.ones((1, 4), np.int32))["intercept"][0]
    assert value == pytest.approx(-found.logits[0] + np.log(2), abs=1e-6)


def test_what_was_put_in_comes_out():
    found, _ = simulated(200_000, intercept=0.0, slope=0.5)
    assert calibration_line(found)(np.ones((1, 200_000), np.int32))["slope"][0] == pytest.approx(0.5, abs=0.02)
    found, _ = simulated(200_000, intercept=0.8, slope=1.0)
    value = calibration_line(found)(np.ones((1, 200_000), np.int32))
    assert value["intercept"][0] == pytest.approx(0.8, abs=0.02)


def line(probabilities, truth, weights=None):
    found = outcomes(np.array(probabilities), np.array(truth, bool), np.arange(len(truth)), len(truth))
    value = calibration_line(found)(np.ones((1, len(truth)), int) if weights is None else np.array(weights))
    return value["intercept"], value["slope"]


def test_what_has_no_finite_answer_is_nan():
    ((level,), (slope,)) = line([0.1, 0.2, 0.7, 0.9], [0, 0, 1, 1])  # parted by 0.5
    assert np.isfinite(level)
    assert np.isnan(slope)
    assert np.isnan(line([0.1, 0.2, 0.2, 0.9], [0, 0, 1, 1])[1]).all()  # parted but for a tie
    assert np.isnan(line([0.9, 0.8, 0.3, 0.1], [0, 0, 1, 1])[1]).all()  # parted the wrong way round
    assert np.isnan(line([0.3, 0.3, 0.3, 0.3], [0, 1, 0, 1])[1]).all()  # no slope to be seen
    assert np.isnan(line([0.1, 0.2, 0.7], [1, 1, 1])).all()


def test_a_draw_may_lack_what_the_others_have():
    probabilities, truth = [0.1, 0.6, 0.4, 0.9], [0, 0, 1, 1]
    level, slope = line(probabilities, truth, [[1, 1, 1, 1], [1, 0, 0, 1], [2, 2, 0, 0], [2, 1, 1, 1]])
    np.testing.assert_array_equal(np.isnan(level), [False, False, True, False])
    np.testing.assert_array_equal(np.isnan(slope), [False, True, True, False])
