"""Averages of several networks, and the weights that fit them best."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.stats
from scipy.optimize import minimize
from sklearn.metrics import log_loss

from cervinet.inference.answers import Answers
from cervinet.inference.average import combined, fit_weights


def members(count, pictures=120, classes=3, seed=0):
    """Labels, and networks of which each knows less of them than the one before."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, pictures)
    found = []
    for number in range(count):
        logits = random.normal(size=(pictures, classes)) * (1 + number / 2)
        logits[np.arange(pictures), labels] += 1.5
        powers = np.exp(logits)
        found.append(Answers(powers / powers.sum(axis=1, keepdims=True), logits))
    return labels, found


def test_the_mean_of_probabilities():
    _, found = members(3)
    weights = [0.5, 0.3, 0.2]
    made = combined(found, weights, "probability")
    expected = sum(w * one.probabilities for w, one in zip(weights, found, strict=True))
    np.testing.assert_allclose(made.probabilities, expected, atol=1e-12)
    np.testing.assert_allclose(made.logits, np.log(expected), atol=1e-12)


def test_the_mean_of_logits_is_the_geometric_mean_of_probabilities():
    _, found = members(3)
    weights = [0.5, 0.3, 0.2]
    made = combined(found, weights, "logit")
    product = np.prod([one.probabilities**w for w, one in zip(weights, found, strict=True)], axis=0)
    np.testing.assert_allclose(made.probabilities, product / product.sum(axis=1, keepdims=True), atol=1e-12)
    mean = sum(w * one.logits for w, one in zip(weights, found, strict=True))
    np.testing.assert_allclose(made.logits, mean, atol=1e-12)


@pytest.mark.parametrize("average", ["probability", "logit"])
def test_nothing_overflows(average):
    sure = Answers(np.array([[1.0, 0.0]]), np.array([[2000.0, -2000.0]]))
    made = combined([sure, sure], [0.5, 0.5], average)
    np.testing.assert_array_equal(made.probabilities, [[1.0, 0.0]])
    np.testing.assert_array_equal(made.spread, [0.0])
    assert np.isfinite(made.logits).all()


def test_other_probabilities_are_averaged_where_every_member_has_them():
    _, found = members(2)
    finer = [replace(one, subclasses=np.full((120, 4), value)) for one, value in zip(found, (0.1, 0.3), strict=True)]
    np.testing.assert_allclose(combined(finer, [0.75, 0.25], "logit").subclasses, np.full((120, 4), 0.15))
    assert combined([finer[0], found[1]], [0.75, 0.25], "logit").subclasses is None


@pytest.mark.parametrize("average", ["probability", "logit"])
def test_the_spread_is_that_of_all_views_of_all_members_at_once(average):
    """Averaged over views first and members then, it is what one table of every view of every member gives."""
    _, views = members(5)
    parts, weights = (views[:2], views[2:]), [0.7, 0.3]
    found = [combined(part, [1 / len(part)] * len(part), "probability") for part in parts]
    shares = np.array([0.35, 0.35, 0.1, 0.1, 0.1])
    table = np.stack([one.probabilities for one in views])
    mean = np.einsum("v,vnc->nc", shares, table)
    expected = scipy.stats.entropy(mean, axis=1) - shares @ scipy.stats.entropy(table, axis=2)
    np.testing.assert_allclose(combined(found, weights, average).spread, expected, atol=1e-12)


@pytest.mark.parametrize("average", ["probability", "logit"])
@pytest.mark.parametrize("count", [2, 5])
@pytest.mark.parametrize("seed", range(3))
def test_fitted_weights_are_those_that_scipy_finds(average, count, seed):
    labels, found = members(count, seed=seed)

    def objective(weights):
        return log_loss(labels, combined(found, weights, average).probabilities)

    weights = fit_weights(found, labels, average)
    expected = minimize(
        objective,
        np.full(count, 1 / count),
        bounds=[(0, 1)] * count,
        constraints={"type": "eq", "fun": lambda weights: weights.sum() - 1},
        method="SLSQP",
        options={"ftol": 1e-13, "maxiter": 1000},
    )
    assert weights.sum() == pytest.approx(1)
    assert (weights >= 0).all()
    assert objective(weights) < objective(np.full(count, 1 / count))
    assert objective(weights) == pytest.approx(expected.fun, abs=2e-7)


@pytest.mark.parametrize("average", ["probability", "logit"])
def test_a_useless_member_gets_nothing_and_equal_members_anything(average):
    labels, (good, _) = members(2)
    wrong = (1 - good.probabilities) / 2
    weights = fit_weights([good, Answers(wrong, np.log(wrong))], labels, average)
    if average == "probability":
        np.testing.assert_allclose(weights, [1, 0], atol=1e-4)
    np.testing.assert_array_equal(fit_weights([good, good], labels, average), [0.5, 0.5])
