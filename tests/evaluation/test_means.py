"""Means and shares by group, against tables that are resampled image by image."""

from dataclasses import replace

import numpy as np
import pytest
from prediction_tables import random_table

from cervinet.evaluation.draws import draw_counts
from cervinet.evaluation.intervals import Resampling
from cervinet.evaluation.means import mean_estimates, means

HOW = Resampling(draws=150, confidence=0.8, seed=4)


def test_every_draw_is_the_mean_of_the_resampled_images():
    given = random_table(80, seed=1, per_group=5)
    members, groups = given.members()
    above, below = given.probabilities[:, 0], given.labels == 1
    weights = draw_counts(groups, range(30), 0)
    found = means(members, groups, {"a": (above * below, below), "b": (below, np.ones(80))})(weights)
    for draw, counts in enumerate(weights):
        rows = np.repeat(np.arange(80), counts[members])
        assert found["a"][draw] == pytest.approx(above[rows][below[rows]].mean(), abs=1e-12)
        assert found["b"][draw] == pytest.approx(below[rows].mean(), abs=1e-12)


def test_nothing_below_the_line_is_said():
    given = random_table(20, seed=1)
    (found,) = mean_estimates(given, {"a": (np.ones(20), np.zeros(20))}, {"a": "no image is of 'x'"}, HOW).values()
    assert (found.value, found.n, found.reason) == (None, 0, "no image is of 'x'")


def test_n_counts_the_images_of_one_repeat():
    given = random_table(30, seed=1)
    twice = replace(
        given,
        **{name: getattr(given, name) * 2 for name in ("images", "groups")},
        labels=np.tile(given.labels, 2),
        probabilities=np.tile(given.probabilities, (2, 1)),
        repeats=np.repeat([1, 2], 30),
    )
    one, two = (
        mean_estimates(each, {"a": (each.labels == 0, np.ones(len(each.labels)))}, {"a": ""}, HOW)["a"]
        for each in (given, twice)
    )
    assert one == two
    assert one.n == 30
