"""Means and shares over images with their intervals, from the totals of each group."""

from collections.abc import Callable, Hashable, Mapping
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from cervinet.evaluation.intervals import Estimate, Resampling, estimates
from cervinet.evaluation.predictions import Predictions
from cervinet.evaluation.statistics import Array, Weights, ratio

Key = TypeVar("Key", bound=Hashable)

Parts = tuple[NDArray[np.number | np.bool_], NDArray[np.number | np.bool_]]
"""Of each row what is summed above and what below the line, finite, `(n,)` each; below, 0 leaves a row out."""


def means(members: NDArray[np.int64], groups: int, parts: Mapping[Key, Parts]) -> Callable[[Weights], dict[Key, Array]]:
    """Counts `(draws, groups)` → name → sum above / sum below, float64 `(draws,)`; NaN where the latter is 0.

    Args:
        members: int64 `(n,)`, group of each row, from 0.
        groups: how many there are.
        parts: name → above and below.
    """
    columns = [column for pair in parts.values() for column in pair]
    totals = np.stack([np.bincount(members, weights=column, minlength=groups) for column in columns], axis=1)

    def of(weights: Weights) -> dict[Key, Array]:
        sums = weights.astype(np.float64) @ totals
        return dict(zip(parts, ratio(sums[:, ::2], sums[:, 1::2]).T, strict=True))

    return of


def mean_estimates(
    predictions: Predictions, parts: Mapping[Key, Parts], undefined: Mapping[Key, str], how: Resampling
) -> dict[Key, Estimate]:
    """The means with their intervals.

    The rows of several repeats of a cross-validation count as images of the same group.

    Args:
        predictions: `n` rows.
        parts: name → above and below, of each row.
        undefined: name → why there may be nothing below the line.
        how: the intervals are made.
    """
    members, groups = predictions.members()
    return estimates(
        means(members, groups, parts),
        counted={name: predictions.count(below != 0) for name, (_, below) in parts.items()},
        undefined=undefined,
        groups=groups,
        images=len(members),
        how=how,
    )
