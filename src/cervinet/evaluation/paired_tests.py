"""Tests of two sets of predictions of the same images, with images in groups.

References: McNemar, Psychometrika 12:153, 1947; DeLong, DeLong & Clarke-Pearson, Biometrics 44:837, 1988; Obuchowski,
Biometrics 53:567, 1997; Holm, Scand. J. Statist. 6:65, 1979.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cervinet.evaluation.delong import mean_and_variance, placements
from cervinet.evaluation.statistics import Array


@dataclass(frozen=True)
class PValue:
    """How well "there is no difference" agrees with the data.

    Attributes:
        p: two-sided, in [0, 1]; None where it cannot be known, and `reason` says why.
        method: name of the test.
        reason: why there is no `p`.
        adjusted: `p` for one of several runs that are compared with the same reference (Holm).
    """

    p: float | None
    method: str
    reason: str | None = None
    adjusted: float | None = None

    def to_json(self) -> dict[str, float | str | None]:
        found = {"p": self.p, "method": self.method}
        more = {"adjusted": self.adjusted, "reason": self.reason}
        return found | {key: value for key, value in more.items() if value is not None}


def swap_test(differences: NDArray[np.int64]) -> float:
    """The exact two-sided p-value of "the two are right equally often".

    If nothing sets the two apart, either could have given the answers of the other in a whole group: all ways of
    swapping them, group by group, are equally likely. The p-value is the share of ways in which the counts of right
    answers are at least as far apart as they are. With one image a group this is McNemar's exact test.

    Args:
        differences: int64 `(groups,)`, images that the one got right minus those that the other got right.
    """
    from scipy.stats import binom

    sizes, counts = np.unique(np.abs(differences[differences != 0]), return_counts=True)
    ways = np.ones(1)
    for size, count in zip(sizes.tolist(), counts.tolist(), strict=True):
        once = np.zeros(size * count + 1)
        once[::size] = binom.pmf(np.arange(count + 1), count, 0.5)
        ways = np.convolve(ways, once)
    total = len(ways) - 1
    apart = np.abs(2 * np.arange(total + 1) - total)
    return min(1.0, float(ways[apart >= abs(int(differences.sum()))].sum()))


@dataclass(frozen=True)
class AreaDifference:
    """The second area under the ROC curve minus the first, its standard error, and the test that it is 0."""

    value: float
    error: float | None
    test: PValue


def area_test(positive: NDArray[np.bool_], first: Array, second: Array, members: NDArray[np.int64]) -> AreaDifference:
    """Compare the areas of two scores by their structural components, summed over the images of each group.

    With one image a group this is DeLong's test, else Obuchowski's for clustered data.

    Args:
        positive: bool `(n,)`.
        first: float64 `(n,)`, scores.
        second: float64 `(n,)`, scores of the same images.
        members: int64 `(n,)`, group of each image, from 0.
    """
    groups = int(members.max()) + 1
    clustered = groups < len(members)
    method = "DeLong test for clustered data (Obuchowski 1997)" if clustered else "DeLong test"
    if positive.all() or not positive.any():
        reason = "there must be images of the class and of other classes"
        return AreaDifference(math.nan, None, PValue(None, method, reason))
    parts = placements(positive, second) - placements(positive, first)
    difference, variance = mean_and_variance(positive, parts, members, groups)
    if math.isnan(variance):
        reason = "images of the class and images of others must each come from two or more groups"
        return AreaDifference(difference, None, PValue(None, method, reason))
    if variance <= 0:
        test = PValue(1.0, method) if difference == 0 else PValue(None, method, "the areas do not vary between groups")
        return AreaDifference(difference, None, test)
    error = math.sqrt(variance)
    return AreaDifference(difference, error, PValue(math.erfc(abs(difference) / error / math.sqrt(2)), method))


def holm(values: Sequence[float | None]) -> list[float | None]:
    """The p-values adjusted for being several; those that are None count for nothing."""
    known = sorted((value, place) for place, value in enumerate(values) if value is not None)
    found: list[float | None] = [None] * len(values)
    highest = 0.0
    for rank, (value, place) in enumerate(known):
        highest = max(highest, min(1.0, (len(known) - rank) * value))
        found[place] = highest
    return found
