"""Chosen metrics of predictions as functions of how often each group counts, and the Brier score."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from cervinet.evaluation.metrics import PER_CLASS
from cervinet.evaluation.predictions import Predictions
from cervinet.evaluation.statistics import Array, Sample, Statistic, Weights

Row = tuple[Statistic, Callable[[Array], Array]]
"""A statistic, and what makes a metric of it: `(draws,)`, or `(draws, k)` for a metric of k parts."""


def samples_of(predictions: Predictions, rows: NDArray[np.int64] | None = None) -> list[Sample]:
    """A sample for each repeat, of these rows only, with the groups of these rows counted from 0.

    Args:
        predictions: of one split.
        rows: int64 `(k,)`, numbers of rows; all by default.
    """
    chosen = np.arange(len(predictions.images)) if rows is None else rows
    members = np.full(len(predictions.images), -1)
    whole, _ = predictions.members()
    found, members[chosen] = np.unique(whole[chosen], return_inverse=True)
    wanted = [part[np.isin(part, chosen)] for part in predictions.by_repeat()]
    return [
        Sample(predictions.labels[part], predictions.probabilities[part], members[part], len(found)) for part in wanted
    ]


def measured(samples: Sequence[Sample], rows: Mapping[str, Row]) -> Callable[[Weights], dict[str, Array]]:
    """Counts `(draws, groups)` → name → the metric's mean over the repeats; NaN where it is undefined in one of them.

    Args:
        samples: one for each repeat, of the same groups.
        rows: the metrics; those of one statistic share the work.
    """
    statistics = [{statistic: statistic(sample) for statistic, _ in rows.values()} for sample in samples]

    def values(weights: Weights) -> dict[str, Array]:
        seen = [{statistic: of(weights) for statistic, of in one.items()} for one in statistics]
        return {name: np.mean([value(one[of]) for one in seen], axis=0) for name, (of, value) in rows.items()}

    return values


def mean_sensitivity(labels: NDArray[np.int64]) -> Callable[[Array], Array]:
    """Balanced accuracy `(draws, classes, classes)` → `(draws,)`, over the classes that occur among these labels.

    NaN for a draw without one of them, which would average over fewer: another quantity; and where one class occurs.
    """
    occur = np.unique(labels)

    def value(matrix: Array) -> Array:
        found: Array = PER_CLASS["sensitivity"].value(matrix)[:, occur].mean(axis=1)
        return found if len(occur) > 1 else np.full_like(found, np.nan)

    return value


def brier_sums(sample: Sample) -> Callable[[Weights], Array]:
    """`(draws, 2)`: the sum of the images' Brier scores, and how many images that is.

    An image's score is the squared distance between its probabilities, divided by their sum, and 1 for the true class
    and 0 for the others, summed over the classes: 0 to 2 (Brier, Monthly Weather Review 78:1, 1950).
    """
    rows = sample.probabilities / sample.probabilities.sum(axis=1, keepdims=True)
    truth = np.eye(rows.shape[1])[sample.labels]
    scores = ((rows - truth) ** 2).sum(axis=1)
    columns = [np.bincount(sample.members, column, sample.groups) for column in (scores, np.ones(len(rows)))]
    totals = np.stack(columns, axis=1)
    return lambda weights: weights.astype(np.float64) @ totals


def brier(sums: Array) -> Array:
    """Mean Brier score; `(draws, 2)` of `brier_sums` → `(draws,)` in [0, 2], NaN in a draw without images."""
    with np.errstate(invalid="ignore"):
        found: Array = sums[:, 0] / sums[:, 1]
    return found
