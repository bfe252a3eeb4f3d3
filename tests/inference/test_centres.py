"""k-means against scikit-learn's."""

import numpy as np
import pytest
from sklearn.cluster import KMeans

from cervinet.inference.centres import centres_of, moved, squares


@pytest.fixture
def points():
    random = np.random.default_rng(3)
    return random.normal(size=(300, 4)) + 6 * random.integers(0, 3, (300, 1))


def test_centres_move_as_those_of_scikit_learn(points):
    first = points[:5]
    theirs = KMeans(5, init=first, n_init=1, tol=0, max_iter=1000, algorithm="lloyd").fit(points)
    np.testing.assert_allclose(moved(points, first), theirs.cluster_centers_, atol=1e-9)


def test_they_are_as_near_as_those_of_scikit_learn(points):
    ours = squares(points, centres_of(points, 8, least=1, seed=0)).min(axis=1).sum()
    theirs = [KMeans(8, n_init=1, random_state=seed).fit(points).inertia_ for seed in range(10)]
    assert ours <= max(theirs) * 1.02


def test_the_same_seed_gives_the_same(points):
    np.testing.assert_array_equal(centres_of(points, 8, least=1, seed=1), centres_of(points, 8, least=1, seed=1))


@pytest.mark.parametrize("count", [2, 3, 50])
def test_of_few_distinct_points_each_is_a_centre(count):
    found = centres_of(np.repeat([[0.0, 0.0], [1.0, 5.0]], 7, axis=0), count, least=7, seed=0)
    np.testing.assert_array_equal(sorted(found.tolist()), [[0, 0], [1, 5]])


def test_one_centre_is_the_mean(points):
    np.testing.assert_allclose(centres_of(points, 1, least=1, seed=0)[0], points.mean(axis=0), atol=1e-12)


def test_a_centre_that_nothing_is_near_stays():
    points = np.array([[0.0], [1.0]])
    np.testing.assert_array_equal(moved(points, np.array([[0.5], [9.0]])), [[0.5], [9.0]])


def test_no_centre_is_the_mean_of_too_few(points):
    odd = np.concatenate([points, [[100.0] * 4, [-100.0] * 4]])
    assert np.abs(centres_of(odd, 6, least=1, seed=0)).max() == 100
    found = centres_of(odd, 6, least=5, seed=0)
    assert np.bincount(squares(odd, found).argmin(axis=1)).min() >= 5


@pytest.mark.parametrize("n", [1, 3, 4])
def test_too_few_points_have_one_centre(points, n):
    np.testing.assert_allclose(centres_of(points[:n], 4, least=5, seed=0), points[:n].mean(axis=0)[None], atol=1e-12)
