"""Mutual information between the class and who answers, against its definition as a divergence."""

import numpy as np
import pytest
from scipy.special import rel_entr
from scipy.stats import entropy as scipy_entropy

from cervinet.inference.spread import entropy, mutual_information


def test_entropy_is_that_of_scipy_also_where_a_probability_is_0():
    given = np.array([[0.2, 0.3, 0.5], [1.0, 0.0, 0.0], [0.0, 0.5, 0.5]])
    np.testing.assert_allclose(entropy(given), scipy_entropy(given, axis=1), atol=1e-15)


@pytest.mark.parametrize("weights", [[1 / 3] * 3, [0.6, 0.3, 0.1], [0.5, 0.5, 0.0]])
def test_it_is_the_divergence_of_the_joint_distribution_from_independence(weights):
    """Σ p(m, c) ln(p(m, c) / p(m) p(c)), summed cell by cell."""
    answers = np.random.default_rng(0).dirichlet([0.4, 1, 2, 3], (3, 50))
    joint = np.array(weights)[:, None, None] * answers
    independent = np.array(weights)[:, None, None] * joint.sum(axis=0)
    expected = rel_entr(joint, independent).sum(axis=(0, 2))
    np.testing.assert_allclose(mutual_information(answers, weights), expected, atol=1e-12)


def test_what_it_says_and_does_not_say():
    unsure = np.full((2, 1, 2), 0.5)
    np.testing.assert_array_equal(mutual_information(unsure, [0.5, 0.5]), [0.0])  # agreed that nobody knows
    apart = np.array([[[1.0, 0.0]], [[0.0, 1.0]]])
    np.testing.assert_allclose(mutual_information(apart, [0.5, 0.5]), [np.log(2)], atol=1e-15)


def test_it_is_never_negative_where_rounding_would_make_it_so():
    same = np.repeat(np.random.default_rng(1).dirichlet(np.ones(7), (1, 1000)), 3, axis=0)
    found = mutual_information(same, [0.1, 0.2, 0.7])
    assert found.min() == 0
    assert found.max() < 1e-14
