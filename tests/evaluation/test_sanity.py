"""Heat maps beside those of random weights."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import spearmanr

from cervinet.evaluation.intervals import Resampling
from cervinet.evaluation.plain_json import plain
from cervinet.evaluation.sanity import rank_correlations, sanity

HOW = Resampling(draws=200, confidence=0.95, seed=0)


def test_correlations_are_those_of_scipy_with_ties():
    random = np.random.default_rng(0)
    own, other = random.integers(0, 5, (2, 6, 7, 9)).astype(float)
    expected = [spearmanr(a.ravel(), b.ravel()).statistic for a, b in zip(own, other, strict=True)]
    np.testing.assert_allclose(rank_correlations(own, other), expected, atol=1e-12)


def test_a_map_that_is_the_same_everywhere_has_none():
    random = np.random.default_rng(1).random((3, 4, 4))
    flat = random.copy()
    flat[1] = 0
    assert np.isnan(rank_correlations(random, flat)).tolist() == [False, True, False]


def groups(number):
    return [f"g{n}" for n in range(number)]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (
            [0.1, -0.1, 0.06],
            "The heat maps depend on what the network learnt: their rank correlation with those of the same network "
            "with random weights is 0.02 (3 pictures).",
        ),
        (
            [0.4, 0.6],
            "The heat maps depend only in part on what the network learnt: their rank correlation with those of the "
            "same network with random weights is 0.50 (2 pictures).",
        ),
        (
            [1.0, 1.0, np.nan],
            "The heat maps hardly depend on what the network learnt, so do not trust them: their rank correlation with "
            "those of the same network with random weights is 1.00 (2 pictures). 1 more had a map that is the same "
            "everywhere and could not be compared.",
        ),
        (
            [np.nan],
            "Whether the heat maps depend on what the network learnt cannot be said: no picture has a map that varies "
            "both with its own and with random weights.",
        ),
        (
            [],
            "Whether the heat maps depend on what the network learnt cannot be said: no picture has a map that varies "
            "both with its own and with random weights.",
        ),
    ],
)
def test_what_is_said(values, sentence):
    found = sanity(np.array(values, float), groups(len(values)), replace(HOW, draws=0))
    assert found.sentence == sentence
    json.dumps(plain(found), allow_nan=False)


def test_a_method_whose_maps_depend_on_the_picture_alone_is_caught():
    """An edge detector, which looks convincing and knows nothing of the network."""
    pictures = np.random.default_rng(2).random((6, 12, 12))
    edges = np.abs(np.diff(pictures, axis=1, append=0))
    found = sanity(rank_correlations(edges, edges), groups(6), HOW)
    assert found.correlation.value == pytest.approx(1)
    assert "do not trust them" in found.sentence


def test_the_mean_has_an_interval_by_group():
    values = np.random.default_rng(3).uniform(-0.2, 0.2, 30)
    found = sanity(values, [f"g{n // 2}" for n in range(30)], HOW)
    mean = found.correlation
    assert mean.value == pytest.approx(values.mean(), abs=1e-12)
    assert mean.method == "percentile bootstrap, 200 draws of 15 groups"
    assert mean.lower < mean.value < mean.upper
    assert found.sentence.endswith(f"is {mean.value:.2f} ({mean.lower:.2f} – {mean.upper:.2f}, 30 pictures).")
