"""BCa against its formula written out, and blocks of groups against single ones."""

import numpy as np
import pytest
from scipy import stats

from cervinet.evaluation.bca import bca, jackknife


def test_equals_the_formula():
    random = np.random.default_rng(0)
    drawn, left_out, value = random.gamma(3, size=500), random.gamma(2, size=40), 2.7
    bias = stats.norm.ppf(np.mean(drawn < value))
    centred = left_out.mean() - left_out
    acceleration = (centred**3).sum() / (6 * (centred**2).sum() ** 1.5)
    z = bias + stats.norm.ppf([0.025, 0.975])
    expected = np.quantile(drawn, stats.norm.cdf(bias + z / (1 - acceleration * z)))
    assert bca(value, drawn, left_out, 0.95) == pytest.approx(tuple(expected), abs=1e-12)


def test_without_bias_and_skewness_it_is_the_percentile():
    drawn, left_out = np.linspace(0, 1, 2001), np.linspace(-1, 1, 21)
    assert bca(0.5, drawn, left_out, 0.9) == pytest.approx((0.05, 0.95), abs=1e-9)


@pytest.mark.parametrize(
    ("value", "left_out"), [(-1.0, np.arange(9.0)), (2.0, np.arange(9.0)), (0.5, np.ones(9)), (0.5, np.ones(1))]
)
def test_what_cannot_be_computed_is_none(value, left_out):
    assert bca(value, np.linspace(0, 1, 101), left_out, 0.95) is None


def test_up_to_two_hundred_groups_each_is_left_out_once():
    blocks, counts = jackknife(200, seed=3)
    assert blocks == 200
    np.testing.assert_array_equal(counts(range(200)), 1 - np.eye(200, dtype=int))


def test_of_more_groups_random_blocks_are_left_out():
    blocks, counts = jackknife(1001, seed=3)
    left_out = counts(range(blocks)) == 0
    assert blocks == 200
    assert (left_out.sum(axis=0) == 1).all()
    assert sorted(set(left_out.sum(axis=1))) == [5, 6]
    assert (counts([7, 8]) == counts(range(200))[7:9]).all()
    assert (jackknife(1001, seed=4)[1](range(200)) != counts(range(200))).any()


def test_blocks_estimate_the_acceleration_of_single_groups():
    """Of a mean of skewed values: the sum of cubes over six times the sum of squares to the power of 1.5."""
    values = np.random.default_rng(1).exponential(size=20_000)

    def acceleration(means):
        centred = means.mean() - means
        return (centred**3).sum() / (6 * (centred**2).sum() ** 1.5)

    single = acceleration((values.sum() - values) / (len(values) - 1))
    found = []
    for seed in range(20):
        blocks, counts = jackknife(len(values), seed)
        kept = counts(range(blocks))
        found.append(acceleration(kept @ values / kept.sum(axis=1)))
    assert np.mean(found) == pytest.approx(single, rel=0.3)
