"""Wilson's interval against its equation and published figures; the groups behind a proportion."""

from statistics import NormalDist

import numpy as np
import pytest

from cervinet.evaluation.proportions import groups_counted, wilson
from cervinet.evaluation.statistics import Sample


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
@pytest.mark.parametrize(("k", "n"), [(0, 5), (1, 1), (3, 10), (81, 263), (15, 148), (29, 29), (9_999, 10_000)])
def test_the_bounds_solve_the_score_equation(k, n, confidence):
    """Where the normal test of the bound, with the bound's own variance, just gives up."""
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    lower, upper = wilson(k / n, n, confidence)
    assert 0 <= lower <= k / n <= upper <= 1
    for bound in (lower, upper):
        assert (k / n - bound) ** 2 == pytest.approx(z * z * bound * (1 - bound) / n, abs=1e-12)


def test_published_figures():
    """Newcombe, Statistics in Medicine 17:857, 1998, table I, method 3."""
    assert wilson(81 / 263, 263, 0.95) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(15 / 148, 148, 0.95) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert wilson(0 / 20, 20, 0.95) == pytest.approx((0, 0.1611), abs=5e-5)
    assert wilson(1 / 29, 29, 0.95) == pytest.approx((0.0061, 0.1718), abs=5e-5)


def test_none_and_all_are_exact_at_their_end():
    assert wilson(0.0, 7, 0.95)[0] == 0
    assert wilson(1.0, 7, 0.95)[1] == 1


def test_groups_are_counted_once():
    labels = np.array([0, 0, 1, 1, 2, 0])
    predicted = np.array([0, 1, 1, 1, 2, 0])
    members = np.array([0, 0, 1, 1, 1, 2])
    found = groups_counted(Sample(labels, np.eye(3)[predicted], members, 3))
    assert {name: counts.tolist() for name, counts in found.items()} == {
        "sensitivity": [2, 1, 1],
        "specificity": [1, 3, 3],
        "ppv": [2, 2, 1],
        "npv": [2, 3, 3],
    }
