"""The area under the ROC curve and its variance from the images' placements, without a bootstrap."""

from math import sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from cervinet.evaluation.intervals import Check
from cervinet.evaluation.statistics import Array


def placements(positive: NDArray[np.bool_], scores: Array) -> Array:
    """float64 `(n,)`: the share of images of the other kind that an image's score is on the right side of.

    A tie counts half. NaN where there is no image of the other kind.
    """
    ours, others = np.sort(scores[positive]), np.sort(scores[~positive])
    found = np.empty(len(scores))
    found[positive] = _share_below(others, scores[positive])
    found[~positive] = 1 - _share_below(ours, scores[~positive])
    return found


def _share_below(ordered: Array, values: Array) -> Array:
    below = np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right")
    return below / (2 * len(ordered)) if len(ordered) else np.full(len(values), np.nan)


def mean_and_variance(
    positive: NDArray[np.bool_], parts: Array, members: NDArray[np.int64], groups: int
) -> tuple[float, float]:
    """Of placements, or of differences of the placements of two scores: the area, and its variance by group.

    The variance is NaN where one kind of image is in fewer than two groups, and the area where there is none of a kind.
    By group: Obuchowski, Biometrics 53:567, 1997, which is DeLong's where every group has one image (DeLong, DeLong &
    Clarke-Pearson, Biometrics 44:837, 1988).

    Args:
        positive: bool `(n,)`.
        parts: float64 `(n,)`.
        members: int64 `(n,)`, group of each image, from 0.
        groups: how many there are.
    """
    kinds = (positive, ~positive)
    counts = [int(rows.sum()) for rows in kinds]
    if not min(counts):
        return float("nan"), float("nan")
    value = float(parts[positive].mean())
    holding = [len(np.unique(members[rows])) for rows in kinds]
    if min(holding) < 2:
        return value, float("nan")
    # Of each group: the sum of its images' parts less what it would be if all were the mean.
    sums = [np.bincount(members[rows], parts[rows] - value, groups) for rows in kinds]
    variance = sum(
        many / (many - 1) * float(total @ total) / count**2
        for many, count, total in zip(holding, counts, sums, strict=True)
    )
    variance += 2 * groups / (groups - 1) * float(sums[0] @ sums[1]) / (counts[0] * counts[1])
    return value, max(variance, 0.0)


def area_variance(
    positive: NDArray[np.bool_], scores: Array, members: NDArray[np.int64], groups: int
) -> tuple[float, float]:
    """Area under the ROC curve of scores, float64 `(n,)`, and its variance; see `mean_and_variance`."""
    return mean_and_variance(positive, placements(positive, scores), members, groups)


def area_check(
    positive: NDArray[np.bool_], scores: Array, members: NDArray[np.int64], groups: int, confidence: float
) -> Check | None:
    """The normal interval of the area within [0, 1]; None where the variance is not known, or is 0."""
    area, variance = area_variance(positive, scores, members, groups)
    if not variance > 0:
        return None
    half = NormalDist().inv_cdf((1 + confidence) / 2) * sqrt(variance)
    method = "DeLong" if groups == len(members) else f"DeLong by {groups} groups (Obuchowski)"
    return Check(method, max(0.0, area - half), min(1.0, area + half))
