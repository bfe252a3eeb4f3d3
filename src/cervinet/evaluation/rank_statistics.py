"""What metrics need of the order of the scores: each class is sorted once, for all bootstrap draws.

With integer counts every count of pairs is exact.
"""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from cervinet.evaluation.statistics import Array, Sample, Weights

_CELLS = 2_000_000
"""Images × classes × draws held at a time where every probability of every image is ranked."""

Ranking = Callable[[Weights], tuple[Array, Array]]


def one_vs_rest(sample: Sample) -> Callable[[Weights], tuple[Array, Array]]:
    """Area under the ROC curve and average precision of each class, both `(draws, classes)`; see `ranking`."""
    rankings = [
        ranking(sample.labels == index, scores, sample.members) for index, scores in enumerate(sample.probabilities.T)
    ]

    def of(weights: Weights) -> tuple[Array, Array]:
        found = [one(weights) for one in rankings]
        return np.stack([area for area, _ in found], axis=1), np.stack([precision for _, precision in found], axis=1)

    return of


def micro(sample: Sample) -> Ranking:
    """Area under the ROC curve and average precision, both `(draws,)`, of all probabilities of all images in one row.

    Each is a score for "this image is of this class"; see `ranking`.
    """
    positive = np.eye(sample.classes, dtype=np.bool_)[sample.labels]
    one = ranking(positive.ravel(), sample.probabilities.ravel(), np.repeat(sample.members, sample.classes))
    size = max(1, _CELLS // positive.size)

    def of(weights: Weights) -> tuple[Array, Array]:
        found = [one(weights[start : start + size]) for start in range(0, len(weights), size)]
        return np.concatenate([area for area, _ in found]), np.concatenate([precision for _, precision in found])

    return of


def ranking(positive: NDArray[np.bool_], scores: Array, members: NDArray[np.int64]) -> Ranking:
    """Counts → area under the ROC curve and average precision, both `(draws,)`; NaN without images of both kinds.

    The area is the share of (positive, other) pairs in which the positive has the higher score, a tie counting
    half (Hanley & McNeil, Radiology 143:29, 1982). The average precision is the mean over the positives of the
    precision among all that score at least as high, without interpolation.

    Args:
        positive: bool `(n,)`.
        scores: float64 `(n,)`, higher for positive.
        members: int64 `(n,)`, the column of the counts that an image's weight stands in.
    """
    order = np.argsort(-scores, kind="stable")
    falling, ours = -scores[order], order[positive[order]]
    own = -scores[ours]
    # How many of all images, and of ours, score higher than each of ours, and how many at least as high.
    higher, of_ours_higher = np.searchsorted(falling, own, "left"), np.searchsorted(own, own, "left")
    as_high, of_ours_as_high = np.searchsorted(falling, own, "right"), np.searchsorted(own, own, "right")
    without_ties = bool((as_high - higher == of_ours_as_high - of_ours_higher).all())

    def of(weights: Weights) -> tuple[Array, Array]:
        hers = weights.take(members[ours], axis=1)
        every, hits = _running(weights.take(members[order], axis=1)), _running(hers)
        total, others = hits[:, -1].astype(np.float64), (every[:, -1] - hits[:, -1]).astype(np.float64)
        reached, found = every.take(as_high, axis=1), hits.take(of_ours_as_high, axis=1)
        alarms = reached - found
        if without_ties:
            lost = np.einsum("dn,dn->d", hers, alarms, dtype=np.float64)
        else:
            before = every.take(higher, axis=1) - hits.take(of_ours_higher, axis=1)
            lost = np.einsum("dn,dn->d", hers, alarms + before, dtype=np.float64) / 2
        # Where none is reached, ours has no weight either.
        precisions = np.einsum("dn,dn->d", hers, found / np.where(reached > 0, reached, 1))
        both = (total > 0) & (others > 0)
        area = 1 - lost / np.where(both, total * others, 1)
        return np.where(both, area, np.nan), np.where(both, precisions / np.where(both, total, 1), np.nan)

    return of


def pair_areas(sample: Sample) -> Callable[[Weights], Array]:
    """How well the probability of class i tells i from j alone: `(draws, classes, classes)` of areas A(i|j).

    NaN on the diagonal, and where a draw has no image of one of the two.
    Reference: Hand & Till, Machine Learning 45:171, 2001.
    """
    each = [_against_each(sample, index) for index in range(sample.classes)]
    return lambda weights: np.stack([one(weights) for one in each], axis=1)


def _against_each(sample: Sample, index: int) -> Callable[[Weights], Array]:
    scores, labels, members = sample.probabilities[:, index], sample.labels, sample.members
    order = np.lexsort((scores, labels))
    starts = np.searchsorted(labels[order], np.arange(sample.classes + 1))
    ours = order[starts[index] : starts[index + 1]]
    others = [order[start:end] for start, end in pairwise(starts)]
    below = [np.searchsorted(scores[ours], scores[other], "left") for other in others]
    up_to = [np.searchsorted(scores[ours], scores[other], "right") for other in others]

    def of(weights: Weights) -> Array:
        areas = np.full((len(weights), sample.classes), np.nan)
        running = _running(weights.take(members[ours], axis=1))
        own = running[:, -1].astype(np.float64)
        for other in range(sample.classes):
            if other == index:
                continue
            theirs = weights.take(members[others[other]], axis=1)
            not_above = running.take(below[other], axis=1) + running.take(up_to[other], axis=1)
            lost = np.einsum("dn,dn->d", theirs, not_above, dtype=np.float64) / 2
            pairs = own * theirs.sum(axis=1, dtype=np.float64)
            areas[:, other] = np.where(pairs > 0, 1 - lost / np.where(pairs > 0, pairs, 1), np.nan)
        return areas

    return of


def _running(weights: Weights) -> Weights:
    """Sums of the first 0, 1, … `n` columns, `(draws, n + 1)`.

    The counts' own int32 is four times faster than float64, and exact up to 2**30 images.
    """
    running = np.zeros((len(weights), weights.shape[1] + 1), dtype=weights.dtype)
    np.cumsum(weights, axis=1, dtype=weights.dtype, out=running[:, 1:])
    return running
