"""Means and shares over images with their intervals, from the totals of each group."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from cervinet.evaluation.intervals import Estimate, Resampling, estimates
from cervinet.evaluation.predictions import Predictions
from cervinet.evaluation.statistics import Array, Weights

Parts = tuple[NDArray[np.number | np.bool_], NDArray[np.number | np.bool_]]
"""Of each row what is summed above and what below the line, `(n,)` each; below, 0 leaves a row out."""


def ratios(
    members: NDArray[np.int64], groups: int, parts: Mapping[str, Parts]
) -> Callable[[Weights], dict[str, Array]]:
    """Counts `(draws, groups)` → name → sum above / sum below, float64 `(draws,)`; NaN where the latter is 0.

    Args:
        members: int64 `(n,)`, group of each row, from 0.
        groups: how many there are.
        parts: name → above and below.
    """
    columns = [column for pair in parts.values() for column in pair]
    totals = np.stack([np.bincount(members, weights=column, minlength=groups) for column in columns], axis=1)

    def of(weights: Weights) -> dict[str, Array]:
        sums = weights.astype(np.float64) @ totals
        above, below = sums[:, ::2], sums[:, 1::2]
        found = np.where(below > 0, above, np.nan) / np.where(below > 0, below, 1)
        return dict(zip(parts, found.T, strict=True))

    return of


def ratio_estimates(
    predictions: Predictions, parts: Mapping[str, Parts], undefined: Mapping[str, str], how: Resampling
) -> dict[str, Estimate]:
    """The ratios with their intervals.

    The rows of several repeats of a cross-validation count as images of the same group.

    Args:
        predictions: `n` rows.
        parts: name → above and below, of each row.
        undefined: name → why there may be nothing below the line.
        how: the intervals are made.
    """
    members, groups = predictions.members()
    repeats = len(predictions.by_repeat())
    return estimates(
        ratios(members, groups, parts),
        counted={name: round(np.count_nonzero(below) / repeats) for name, (_, below) in parts.items()},
        undefined=undefined,
        groups=groups,
        images=len(members),
        how=how,
    )
