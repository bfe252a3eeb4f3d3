"""Chosen metrics of predictions as functions of how often each group counts."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from cervinet.evaluation.metrics import PER_CLASS
from cervinet.evaluation.predictions import Predictions
from cervinet.evaluation.seen import Seen, look
from cervinet.evaluation.statistics import Array, Sample, Weights

Value = Callable[[Seen], Array]
"""What was seen in each draw → a metric: `(draws,)`, or `(draws, k)` for a metric of k parts."""


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


def measured(samples: Sequence[Sample], values: Mapping[str, Value]) -> Callable[[Weights], dict[str, Array]]:
    """Counts `(draws, groups)` → name → the metric's mean over the repeats; NaN where it is undefined in one of them.

    Args:
        samples: one for each repeat, of the same groups.
        values: the metrics; they share their work.
    """
    looked = [look(sample) for sample in samples]

    def of(weights: Weights) -> dict[str, Array]:
        seen = [one(weights) for one in looked]
        return {name: np.mean([value(one) for one in seen], axis=0) for name, value in values.items()}

    return of


def mean_sensitivity(labels: NDArray[np.int64]) -> Value:
    """Balanced accuracy `(draws,)`, over the classes that occur among these labels.

    NaN for a draw without one of them, which would average over fewer: another quantity; and where one class occurs.
    """
    occur = np.unique(labels)

    def value(seen: Seen) -> Array:
        found: Array = PER_CLASS["sensitivity"].value(seen)[:, occur].mean(axis=1)
        return found if len(occur) > 1 else np.full_like(found, np.nan)

    return value
