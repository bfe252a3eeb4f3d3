"""Paired tests against enumeration, direct sums over pairs, SciPy and tables by hand."""

import itertools
import math

import numpy as np
import pytest
from scipy.stats import binomtest, norm

from cervinet.evaluation.paired_tests import area_test, holm, swap_test


def test_mcnemar_by_hand():
    """1 against 8: 2 · (C(9, 0) + C(9, 1)) / 2⁹."""
    assert swap_test(np.array([1, 0, 0] + [-1] * 8)) == pytest.approx(20 / 512, rel=1e-12)


@pytest.mark.parametrize(("gained", "lost"), [(0, 1), (3, 3), (5, 17), (40, 22), (300, 240), (0, 60)])
def test_single_images_give_the_binomial_test(gained, lost):
    found = swap_test(np.array([1] * gained + [-1] * lost + [0] * 7))
    assert found == pytest.approx(binomtest(gained, gained + lost, 0.5).pvalue, rel=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_groups_give_what_trying_all_ways_gives(seed):
    differences = np.random.default_rng(seed).integers(-4, 5, 11)
    ways = [abs(np.dot(signs, differences)) for signs in itertools.product((-1, 1), repeat=11)]
    expected = np.mean(np.array(ways) >= abs(differences.sum()))
    assert swap_test(differences) == pytest.approx(expected, rel=1e-12)


def test_no_disagreement_is_no_evidence():
    assert swap_test(np.zeros(9, np.int64)) == 1


def scores(images=40, seed=0):
    random = np.random.default_rng(seed)
    positive = random.random(images) < 0.4
    first = np.round(random.normal(positive, 1), 1)  # rounded, so that scores tie
    return positive, first, np.round(first + random.normal(0.4 * positive, 0.8), 1)


def kernel(x, y):
    return 1.0 if x > y else 0.5 if x == y else 0.0


def direct(positive, first, second, members):
    """Obuchowski 1997 from the matrix of all pairs; with one image a group DeLong 1988."""
    ours, others = np.flatnonzero(positive), np.flatnonzero(~positive)
    pairs = np.array([[kernel(second[i], second[j]) - kernel(first[i], first[j]) for j in others] for i in ours])
    value = pairs.mean()
    of_ours, of_others = pairs.mean(axis=1), pairs.mean(axis=0)
    groups = sorted(set(members))
    x = np.array([sum(of_ours[k] - value for k, i in enumerate(ours) if members[i] == g) for g in groups])
    y = np.array([sum(of_others[k] - value for k, j in enumerate(others) if members[j] == g) for g in groups])
    m, n = len(ours), len(others)
    with_ours, with_others = len({members[i] for i in ours}), len({members[j] for j in others})
    s10 = with_ours / ((with_ours - 1) * m) * (x**2).sum()
    s01 = with_others / ((with_others - 1) * n) * (y**2).sum()
    s11 = len(groups) / (len(groups) - 1) * (x * y).sum()
    error = math.sqrt(s10 / m + s01 / n + 2 * s11 / (m * n))
    return value, error, 2 * norm.sf(abs(value) / error)


@pytest.mark.parametrize("size", [1, 3])
def test_areas_are_compared_as_by_sums_over_all_pairs(size):
    positive, first, second = scores()
    members = np.arange(len(first)) // size
    found = area_test(positive, first, second, members)
    value, error, p = direct(positive, first, second, members)
    assert (found.value, found.error, found.test.p) == pytest.approx((value, error, p), rel=1e-9)
    assert found.test.method == ("DeLong test" if size == 1 else "DeLong test for clustered data (Obuchowski 1997)")


def test_delong_is_the_covariance_of_the_parts():
    """With one image a group: the variances of both areas less twice their covariance, by numpy.cov."""
    positive, first, second = scores(seed=3)
    parts = [[], []]
    for values in (first, second):
        ours, others = values[positive], values[~positive]
        matrix = np.array([[kernel(a, b) for b in others] for a in ours])
        parts[0].append(matrix.mean(axis=1))
        parts[1].append(matrix.mean(axis=0))
    whole = np.cov(parts[0]) / len(parts[0][0]) + np.cov(parts[1]) / len(parts[1][0])
    found = area_test(positive, first, second, np.arange(len(first)))
    assert found.error == pytest.approx(math.sqrt(whole[0, 0] + whole[1, 1] - 2 * whole[0, 1]), rel=1e-9)


def test_copies_of_images_within_groups_are_no_more_evidence():
    positive, first, second = scores()
    once = area_test(positive, first, second, np.arange(40))
    positive, first, second = (np.repeat(values, 5) for values in (positive, first, second))
    assert area_test(positive, first, second, np.repeat(np.arange(40), 5)).test.p == pytest.approx(once.test.p)
    assert area_test(positive, first, second, np.arange(200)).test.p < once.test.p


def test_equal_scores_have_no_difference_at_all():
    positive, first, _ = scores()
    found = area_test(positive, first, first, np.arange(40))
    assert (found.value, found.test.p) == (0, 1)


def test_what_cannot_be_tested_says_why():
    positive, first, second = scores()
    none = area_test(np.zeros(40, bool), first, second, np.arange(40)).test
    assert (none.p, none.reason) == (None, "there must be images of the class and of other classes")
    one = area_test(np.arange(40) < 4, first, second, np.arange(40) // 4).test
    assert one.reason == "images of the class and images of others must each come from two or more groups"
    assert one.p is None
    right = np.where(positive, 1.0, 0.0)
    far = area_test(positive, 1 - right, right, np.arange(40))
    assert (far.value, far.test.p, far.test.reason) == (1, None, "the areas do not vary between groups")
    assert far.test.to_json() == {"p": None, "method": "DeLong test", "reason": "the areas do not vary between groups"}


def test_holm_by_hand():
    assert holm([0.04, None, 0.01, 0.03]) == pytest.approx([0.06, None, 0.03, 0.06])
    assert holm([0.9, 0.8]) == [1, 1]
    assert holm([None]) == [None]
