"""What a metric needs to know of the images, looked at once and then weighted by many bootstrap draws.

A bootstrap draw is a count for each group, so a resampled data set is never built. A statistic reads the
images once, sorts or sums them by group, and returns a function of the counts of many draws at a time. With
integer counts every sum but that of the log-loss is exact.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Weights = NDArray[Any]
"""`(draws, groups)`, how often each group counts: int32 from the bootstrap, or float64, never negative."""


@dataclass(frozen=True, eq=False)
class Sample:
    """The images of one evaluation.

    Attributes:
        labels: int64 `(n,)`, true class, from 0.
        probabilities: float64 `(n, classes)`, not negative.
        members: int64 `(n,)`, group of each image, from 0.
        groups: how many groups there are.
    """

    labels: NDArray[np.int64]
    probabilities: Array
    members: NDArray[np.int64]
    groups: int


Statistic = Callable[[Sample], Callable[[Weights], Array]]


def confusion(sample: Sample) -> Callable[[Weights], Array]:
    """Confusion matrices `(draws, classes, classes)`; rows are the truth, columns the most probable class."""
    classes = sample.probabilities.shape[1]
    cells = sample.labels * classes + sample.probabilities.argmax(axis=1)
    order = np.argsort(cells, kind="stable")
    occupied, starts = np.unique(cells[order], return_index=True)
    members = sample.members[order]

    def of(weights: Weights) -> Array:
        counts = np.zeros((len(weights), classes * classes))
        counts[:, occupied] = np.add.reduceat(weights.take(members, axis=1), starts, axis=1)
        return counts.reshape(-1, classes, classes)

    return of


def log_losses(sample: Sample) -> Callable[[Weights], Array]:
    """`(draws, 2)`: the sum of the images' log-losses, and how many images that is.

    Natural logarithm of the true class's probability after each row was divided by its sum, clipped to
    [1e-15, 1 - 1e-15] as by Kaggle's "Intel & MobileODT Cervical Cancer Screening".
    """
    rows = sample.probabilities / sample.probabilities.sum(axis=1, keepdims=True)
    true = rows[np.arange(len(rows)), sample.labels]
    return _sums(sample, -np.log(np.clip(true, 1e-15, 1 - 1e-15)), np.ones(len(rows)))


def _sums(sample: Sample, *columns: Array) -> Callable[[Weights], Array]:
    """Weighted sums `(draws, columns)` of float64 `(n,)` values: counts times the totals of each group."""
    totals = np.stack(
        [np.bincount(sample.members, weights=column, minlength=sample.groups) for column in columns], axis=1
    )
    return lambda weights: weights.astype(np.float64) @ totals


def rank_areas(sample: Sample) -> Callable[[Weights], Array]:
    """One-vs-rest areas under the ROC curve `(draws, classes)`.

    NaN where a draw has no image of the class, or no other.
    The area is the share of (image of the class, other image) pairs in which the first has the higher
    probability, a tie counting half (Hanley & McNeil, Radiology 143:29, 1982).
    """
    areas = [
        _area(sample.labels == index, scores, sample.members) for index, scores in enumerate(sample.probabilities.T)
    ]
    return lambda weights: np.stack([area(weights) for area in areas], axis=1)


def _area(positive: NDArray[np.bool_], scores: Array, members: NDArray[np.int64]) -> Callable[[Weights], Array]:
    order = np.argsort(scores, kind="stable")
    ours, others = order[positive[order]], order[~positive[order]]
    # Which sums of others' weights, in order of score, lie below each of ours: found once for all draws.
    below = np.searchsorted(scores[others], scores[ours], "left")
    up_to = np.searchsorted(scores[others], scores[ours], "right")

    def of(weights: Weights) -> Array:
        # The counts' own int32 makes this four times faster than float64 and stays exact up to 2**30 images.
        running = np.zeros((len(weights), len(others) + 1), dtype=weights.dtype)
        np.cumsum(weights.take(members[others], axis=1), axis=1, dtype=weights.dtype, out=running[:, 1:])
        own = weights.take(members[ours], axis=1)
        beaten = running.take(below, axis=1) + running.take(up_to, axis=1)
        won = np.einsum("dn,dn->d", own, beaten, dtype=np.float64) / 2
        pairs = own.sum(axis=1, dtype=np.float64) * running[:, -1]
        return np.where(pairs > 0, won, np.nan) / np.where(pairs > 0, pairs, 1)

    return of
