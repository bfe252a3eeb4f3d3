"""Curves over every threshold, and how far the bootstrap moves them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cervinet.evaluation.draws import bootstrap
from cervinet.evaluation.intervals import MOST_LEFT_OUT, Resampling
from cervinet.evaluation.predictions import Predictions
from cervinet.evaluation.statistics import Array, Weights

POINTS = 101
"""Places along a curve at which its band is known."""


def roc_curve(positive: NDArray[np.bool_], scores: Array) -> tuple[Array, Array]:
    """The receiver operating characteristic: one step a distinct score, a slope where scores tie.

    Args:
        positive: bool `(n,)`, with at least one of each.
        scores: float64 `(n,)`, higher for positive.

    Returns:
        False and true positive rates, float64 `(points,)` in [0, 1], rising from (0, 0) to (1, 1), without
        the points inside a straight line.

    Reference: Fawcett, An introduction to ROC analysis, Pattern Recognition Letters 27:861, 2006.
    """
    order = np.argsort(-scores, kind="stable")
    last_of_tie = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    hits = np.concatenate([[0], np.cumsum(positive[order])[last_of_tie]])
    alarms = np.concatenate([[0], np.cumsum(~positive[order])[last_of_tie]])
    turn = np.diff(hits[:-1]) * np.diff(alarms[1:]) != np.diff(hits[1:]) * np.diff(alarms[:-1])
    corner = np.concatenate([[True], turn, [True]])
    return alarms[corner] / alarms[-1], hits[corner] / hits[-1]


def precision_recall_curve(positive: NDArray[np.bool_], scores: Array) -> tuple[Array, Array]:
    """Precision over recall: a point a distinct score, the strictest threshold first.

    Between two points the curve is a step: a recall that no threshold has costs the precision of the next that has
    more. Straight lines would promise too much (Davis & Goadrich, ICML 2006).

    Args:
        positive: bool `(n,)`, with at least one True.
        scores: float64 `(n,)`, higher for positive.

    Returns:
        Recall and precision, float64 `(points,)` in [0, 1]; recall does not fall and ends at 1.
    """
    alarms, hits = _counts(positive, scores, np.arange(len(scores)))(np.ones((1, len(scores)), dtype=np.int64))
    return hits[0, 1:] / hits[0, -1], hits[0, 1:] / (hits[0, 1:] + alarms[0, 1:])


@dataclass(frozen=True, eq=False)
class Band:
    """Pointwise intervals of a curve.

    Attributes:
        at: false positive rate or recall, float64 `(k,)`, from 0 to 1.
        lower: of the interval of the sensitivity or precision there, `(k,)`.
        upper: of the same, `(k,)`.
    """

    at: Array
    lower: Array
    upper: Array


@dataclass(frozen=True)
class Bands:
    """Of the curves of each class against the others; None where a class has no interval."""

    roc: tuple[Band | None, ...]
    precision_recall: tuple[Band | None, ...]


def bands(predictions: Predictions, how: Resampling) -> Bands:
    """How far the curves would move with other groups of images.

    ROC curves are averaged vertically: each draw gives a sensitivity at each of 101 false positive rates; likewise
    precision at 101 recalls. The bands are pointwise percentiles of these, whatever `how.method` is. As for a metric,
    there is no band where there is one group, no draw, or a class lacks in more than a tenth of the draws.

    Reference: Fawcett, An introduction to ROC analysis, Pattern Recognition Letters 27:861, 2006, section 9.
    """
    members, groups = predictions.members()
    classes, images = len(predictions.classes), len(predictions.images)
    if groups < 2 or not how.draws:
        return Bands((None,) * classes, (None,) * classes)
    counts = [_counts(predictions.labels == i, predictions.probabilities[:, i], members) for i in range(classes)]
    at = np.linspace(0, 1, POINTS)

    def values(weights: Weights) -> dict[str, Array]:
        seen = [of(weights) for of in counts]
        return {
            "roc": np.stack([_sensitivities(alarms, hits, at) for alarms, hits in seen], axis=1),
            "precision_recall": np.stack([_precisions(alarms, hits, at) for alarms, hits in seen], axis=1),
        }

    drawn = bootstrap(values, groups=groups, images=images, draws=how.draws, seed=how.seed)
    return Bands(
        *(
            tuple(_band(drawn[name][:, i], at, how.confidence) for i in range(classes))
            for name in ("roc", "precision_recall")
        )
    )


def _counts(
    positive: NDArray[np.bool_], scores: Array, members: NDArray[np.int64]
) -> Callable[[Weights], tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Counts `(draws, groups)` → false and true positives `(draws, 1 + distinct scores)` above falling thresholds."""
    order = np.argsort(-scores, kind="stable")
    last_of_tie = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    is_positive, of = positive[order], members[order]

    def counts(weights: Weights) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        each = weights.take(of, axis=1)
        both = np.zeros((2, len(weights), len(last_of_tie) + 1), dtype=np.int64)
        both[0, :, 1:] = np.cumsum(each * ~is_positive, axis=1)[:, last_of_tie]
        both[1, :, 1:] = np.cumsum(each * is_positive, axis=1)[:, last_of_tie]
        return both[0], both[1]

    return counts


def _sensitivities(alarms: NDArray[np.int64], hits: NDArray[np.int64], at: Array) -> Array:
    """The highest sensitivity `(draws, k)` at each false positive rate; NaN where a draw lacks one of the answers."""
    negatives, positives = alarms[:, -1:], hits[:, -1:]
    # All draws in one call: each has a stretch of the axis of its own.
    apart = 2.0 * np.arange(len(alarms))[:, None]
    rates, shares = alarms / np.maximum(negatives, 1) + apart, hits / np.maximum(positives, 1)
    found: Array = np.interp((at + apart).ravel(), rates.ravel(), shares.ravel()).reshape(len(alarms), -1)
    return np.where((negatives > 0) & (positives > 0), found, np.nan)


def _precisions(alarms: NDArray[np.int64], hits: NDArray[np.int64], at: Array) -> Array:
    """The precision `(draws, k)` of the strictest threshold that has each recall; NaN where a draw lacks positives."""
    positives = hits[:, -1:]
    # Less a hair, for a recall of 3 of 10 is not to ask for 4 where 0.3 × 10 comes out above 3.
    wanted = np.maximum(np.ceil(at * positives - 1e-9), 1).astype(np.int64)
    apart = (int(hits.max()) + 2) * np.arange(len(hits))[:, None]
    place = np.searchsorted((hits + apart).ravel(), (wanted + apart).ravel()).reshape(wanted.shape)
    place = np.minimum(place - hits.shape[1] * np.arange(len(hits))[:, None], hits.shape[1] - 1)
    true, false = (np.take_along_axis(counted, place, axis=1) for counted in (hits, alarms))
    found: Array = np.where(positives > 0, true, np.nan) / np.maximum(true + false, 1)
    return found


def _band(drawn: Array, at: Array, confidence: float) -> Band | None:
    kept = drawn[~np.isnan(drawn).any(axis=1)]
    if len(kept) < (1 - MOST_LEFT_OUT) * len(drawn):
        return None
    lower, upper = np.quantile(kept, [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
    return Band(at, lower, upper)
