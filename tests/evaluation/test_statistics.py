"""Sums by group against images that are repeated as often as they are drawn."""

import numpy as np
import pytest

from cervinet.evaluation.draws import draw_counts
from cervinet.evaluation.statistics import Columns, counts_of, ratio, summed

MEMBERS = np.array([0, 0, 1, 2, 2, 2, 3])


def repeated(counts):
    return np.repeat(np.arange(len(MEMBERS)), counts[MEMBERS])


@pytest.mark.parametrize("cells", [np.arange(7) % 3, np.stack([np.arange(7) % 3, np.full(7, 2)])])
def test_a_cell_holds_the_images_that_are_drawn(cells):
    weights = draw_counts(4, range(5), 0)
    found = counts_of(MEMBERS, 4, cells, 4)(weights)
    for counts, row in zip(weights, found, strict=True):
        drawn = np.atleast_2d(cells)[:, repeated(counts)].ravel()
        np.testing.assert_array_equal(row, np.bincount(drawn, minlength=4))


def test_sums_stand_apart():
    weights = draw_counts(4, range(5), 0)
    values = np.random.default_rng(0).random((2, 7))
    at = np.array([[0], [1]])
    parts = {"a": Columns(np.broadcast_to(at, (2, 7)), values, 2), "b": Columns(np.zeros((1, 7), int), values[:1], 3)}
    found = summed(MEMBERS, 4, parts)(weights)
    for draw, counts in enumerate(weights):
        expected = values[:, repeated(counts)].sum(axis=1)
        np.testing.assert_allclose(found["a"][draw], expected, atol=1e-12)
        np.testing.assert_allclose(found["b"][draw], [expected[0], 0, 0], atol=1e-12)


def test_a_ratio_over_nothing_is_not_known():
    np.testing.assert_array_equal(ratio(np.array([1.0, 0, 3]), np.array([2.0, 0, 0])), [0.5, np.nan, np.nan])
