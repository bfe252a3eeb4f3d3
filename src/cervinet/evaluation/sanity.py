"""Whether heat maps depend on what a network has learnt at all.

Some methods draw the edges of a picture whatever the weights are. If the maps of a network with random weights look
like those of the trained one, they say nothing of what it learnt (Adebayo et al., Sanity checks for saliency maps,
NeurIPS 2018).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cervinet.evaluation.intervals import Estimate, Resampling, estimates
from cervinet.evaluation.means import means
from cervinet.evaluation.statistics import Array

PASSED, FAILED = 0.3, 0.7
"""Rank correlations up to which maps follow the weights, and from which on they do not; a convention of ours."""


@dataclass(frozen=True)
class Sanity:
    """Heat maps beside those of the same network with random weights.

    Attributes:
        correlation: Spearman's, over the pixels of a picture, the mean over pictures; near 0 is right, 1 is wrong.
        undefined: pictures left out because one of their two maps is the same everywhere.
        sentence: what that means.
    """

    correlation: Estimate
    undefined: int
    sentence: str


def rank_correlations(own: NDArray[np.floating[Any]], randomised: NDArray[np.floating[Any]]) -> Array:
    """Spearman's rank correlation of each pair of maps, float64 `(n,)`; NaN where one is the same everywhere.

    Args:
        own: `(n, h, w)`, finite.
        randomised: `(n, h, w)`, finite.
    """
    from scipy.stats import rankdata

    first, second = (rankdata(maps.reshape(len(maps), -1), axis=1) for maps in (own, randomised))
    first, second = (ranks - ranks.mean(axis=1, keepdims=True) for ranks in (first, second))
    scale = np.sqrt((first**2).sum(axis=1) * (second**2).sum(axis=1))
    found: Array = np.divide((first * second).sum(axis=1), scale, out=np.full(len(own), np.nan), where=scale > 0)
    return found


def sanity(correlations: Array, groups: Sequence[str], how: Resampling) -> Sanity:
    """Their mean over the pictures.

    Args:
        correlations: float64 `(n,)` in [-1, 1]; NaN where undefined.
        groups: `n` names; pictures of one patient share one.
        how: the interval.
    """
    known = ~np.isnan(correlations)
    names, members = np.unique(np.array(groups, dtype=object)[known].astype(str), return_inverse=True)
    found = estimates(
        means(members, len(names), {"correlation": (correlations[known], np.ones(len(members)))}),
        counted={"correlation": int(known.sum())},
        undefined={"correlation": "no picture has two maps that vary"},
        groups=len(names),
        images=int(known.sum()),
        how=how,
    )["correlation"]
    return Sanity(found, int((~known).sum()), _sentence(found, int((~known).sum())))


def _sentence(found: Estimate, undefined: int) -> str:
    left_out = (
        f" {undefined} more had a map that is the same everywhere and could not be compared." if undefined else ""
    )
    if found.value is None:
        return (
            "Whether the heat maps depend on what the network learnt cannot be said: no picture has a map that varies "
            "both with its own and with random weights."
        )
    known = found.lower is not None and found.upper is not None
    interval = f"{found.lower:.2f} – {found.upper:.2f}, " if known else ""
    pictures = f"{interval}{found.n} picture" + ("" if found.n == 1 else "s")
    measured = (
        f"their rank correlation with those of the same network with random weights is {found.value:.2f} ({pictures})."
    )
    if found.value >= FAILED:
        return f"The heat maps hardly depend on what the network learnt, so do not trust them: {measured}{left_out}"
    if found.value > PASSED:
        return f"The heat maps depend only in part on what the network learnt: {measured}{left_out}"
    return f"The heat maps depend on what the network learnt: {measured}{left_out}"
