"""Limits that a share of new values exceeds: the share is counted on new values."""

from math import inf, sqrt

import numpy as np
import pytest
import scipy.stats

from cervinet.inference.limits import lower_limit, upper_limit


@pytest.mark.parametrize(("n", "rank"), [(99, 1), (198, 1), (199, 2), (1000, 10)])
def test_of_many_values_it_is_one_of_them(n, rank):
    values = np.random.default_rng(0).permutation(n).astype(float)
    assert upper_limit(values, 0.01) == n - rank
    assert lower_limit(values, 0.01) == rank - 1


def test_of_few_values_it_is_the_prediction_limit_of_a_normal_distribution():
    values = np.array([1.0, 2.0, 4.0, 5.0])
    expected = 3 + scipy.stats.t.ppf(0.99, 3) * sqrt(10 / 3) * sqrt(1.25)
    assert upper_limit(values, 0.01) == pytest.approx(expected, rel=1e-12)
    assert lower_limit(values, 0.01) == pytest.approx(6 - expected, rel=1e-12)


def test_of_few_values_it_is_never_within_them():
    values = np.array([0.0] * 50 + [100.0])
    assert upper_limit(values, 0.01) == 100


@pytest.mark.parametrize("values", [[], [3.0]])
def test_fewer_than_two_values_limit_nothing(values):
    assert (upper_limit(np.array(values), 0.01), lower_limit(np.array(values), 0.01)) == (inf, -inf)


def test_values_that_are_all_the_same():
    assert upper_limit(np.full(5, 7.0), 0.01) == 7


@pytest.mark.parametrize("n", [10, 30, 98, 99, 150, 500])
@pytest.mark.parametrize("share", [0.01, 0.05])
def test_the_share_of_new_values_beyond_it(n, share):
    """Of normal values; the largest of ten would be exceeded by 9 %."""
    random = np.random.default_rng(n)
    beyond = [scipy.stats.norm.sf(upper_limit(random.normal(size=n), share)) for _ in range(1500)]
    assert np.mean(beyond) < share * 1.15
    assert np.mean(beyond) > share * 0.4
