"""The interval of an area under the ROC curve from its own variance, to check the bootstrap with."""

from math import sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from cervinet.evaluation.intervals import Check
from cervinet.evaluation.statistics import Array


def area_variance(
    positive: NDArray[np.bool_], scores: Array, members: NDArray[np.int64], groups: int
) -> tuple[float, float]:
    """Area under the ROC curve and its variance; NaN where one kind of image is in fewer than two groups.

    By group (Obuchowski, Biometrics 53:567, 1997), which is DeLong's where every group has one image (DeLong,
    DeLong & Clarke-Pearson, Biometrics 44:837, 1988).

    Args:
        positive: bool `(n,)`.
        scores: float64 `(n,)`, higher for positive.
        members: int64 `(n,)`, group of each image, from 0.
        groups: how many groups there are.
    """
    ours, others = np.sort(scores[positive]), np.sort(scores[~positive])
    if not len(ours) or not len(others):
        return float("nan"), float("nan")
    # What each image beats of the other kind, a tie counting half.
    wins = _rank(others, scores[positive]) / len(others)
    losses = 1 - _rank(ours, scores[~positive]) / len(ours)
    area = float(wins.mean())
    one = _excess(wins - area, members[positive], groups)
    other = _excess(losses - area, members[~positive], groups)
    kinds = [np.unique(members[which]).size for which in (positive, ~positive)]
    if min(kinds) < 2:
        return area, float("nan")
    own = sum(
        n / (n - 1) * float(excess @ excess) / images**2
        for n, excess, images in zip(kinds, (one, other), (len(ours), len(others)), strict=True)
    )
    shared = 2 * groups / (groups - 1) * float(one @ other) / (len(ours) * len(others))
    return area, max(own + shared, 0.0)


def _rank(ordered: Array, scores: Array) -> Array:
    below = np.searchsorted(ordered, scores, "left") + np.searchsorted(ordered, scores, "right")
    half: Array = below / 2
    return half


def _excess(values: Array, members: NDArray[np.int64], groups: int) -> Array:
    return np.bincount(members, weights=values, minlength=groups).astype(np.float64)


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
