"""Matthews correlation and kappa against scikit-learn, and where they say nothing."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, confusion_matrix, matthews_corrcoef

from cervinet.evaluation.agreement import kappa, matthews


def drawn(images, classes, seed=0):
    random = np.random.default_rng((seed, images, classes))
    labels = np.concatenate([np.arange(classes), random.integers(0, classes, images - classes)])
    right = random.random(images) < 0.6
    return labels, np.where(right, labels, random.integers(0, classes, images))


def matrix(labels, predicted, classes):
    return confusion_matrix(labels, predicted, labels=np.arange(classes)).astype(float)


@pytest.mark.parametrize("shape", [(30, 2), (222, 3), (900, 26)], ids=str)
def test_equal_scikit_learn(shape):
    labels, predicted = drawn(*shape)
    given = matrix(labels, predicted, shape[1])
    assert matthews(given) == pytest.approx(matthews_corrcoef(labels, predicted), abs=1e-12)
    for weights in ("none", "linear", "quadratic"):
        expected = cohen_kappa_score(labels, predicted, weights=None if weights == "none" else weights)
        assert kappa(given, weights) == pytest.approx(expected, abs=1e-12)


def test_of_two_classes_all_kappas_are_one():
    given = matrix(*drawn(50, 2), 2)
    assert kappa(given, "linear") == pytest.approx(kappa(given, "none"), abs=1e-15)
    assert kappa(given, "quadratic") == pytest.approx(kappa(given, "none"), abs=1e-15)


def test_a_worked_example():
    """Of 50 images 35 agree, 25 would by chance: (35 - 25) / (50 - 25)."""
    given = np.array([[20.0, 5.0], [10.0, 15.0]])
    assert kappa(given, "none") == pytest.approx(0.4, abs=1e-15)
    assert matthews(given) == pytest.approx((20 * 15 - 5 * 10) / np.sqrt(30 * 25 * 25 * 20), abs=1e-15)


@pytest.mark.parametrize(
    ("given", "correlation", "agreement"),
    [
        ([[5, 0], [0, 0]], np.nan, np.nan),  # one class, all right: nothing is known of chance
        ([[3, 2], [0, 0]], np.nan, 0.0),  # one class: no correlation, agreement no better than chance
        ([[3, 0], [2, 0]], np.nan, 0.0),  # one answer
        ([[4, 0], [0, 3]], 1.0, 1.0),
        ([[0, 4], [4, 0]], -1.0, -1.0),
    ],
)
def test_what_cannot_be_computed_is_nan_and_not_zero(given, correlation, agreement):
    given = np.array(given, float)
    np.testing.assert_allclose(matthews(given), correlation, atol=1e-15)
    np.testing.assert_allclose(kappa(given, "none"), agreement, atol=1e-15)


def test_many_matrices_at_once():
    many = np.stack([matrix(*drawn(60, 4, seed), 4) for seed in range(5)])
    np.testing.assert_array_equal(matthews(many), [matthews(one) for one in many])
    np.testing.assert_array_equal(kappa(many, "linear"), [kappa(one, "linear") for one in many])
