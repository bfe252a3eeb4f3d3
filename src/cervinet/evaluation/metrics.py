"""The metrics: one small function each over the statistics of many draws, and the table that names them.

To add one, write a function of a statistic that ends in `(..., )` or `(..., classes)`, and give it a row.
A metric that cannot be computed is NaN, never 0; its row holds the sentence that says why.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cervinet.evaluation.statistics import (
    Array,
    Sample,
    Statistic,
    Weights,
    confusion,
    log_losses,
    rank_areas,
)


def _ratio(numerator: Array, denominator: Array) -> Array:
    """NaN where the denominator is 0."""
    with np.errstate(invalid="ignore"):
        return np.where(denominator > 0, numerator, np.nan) / np.where(denominator > 0, denominator, 1)


def _hits(matrix: Array) -> Array:
    hits: Array = np.diagonal(matrix, axis1=-2, axis2=-1)
    return hits


def _true(matrix: Array) -> Array:
    true: Array = matrix.sum(axis=-1)
    return true


def _predicted(matrix: Array) -> Array:
    predicted: Array = matrix.sum(axis=-2)
    return predicted


def _all(matrix: Array) -> Array:
    """The images of the matrix, once for each class."""
    return np.broadcast_to(matrix.sum(axis=(-2, -1))[..., None], matrix.shape[:-1])


def accuracy(matrix: Array) -> Array:
    """Share of images whose most probable class is theirs; `(..., C, C)` → `(...,)` in [0, 1]."""
    return _ratio(_hits(matrix).sum(axis=-1), matrix.sum(axis=(-2, -1)))


def balanced_accuracy(matrix: Array) -> Array:
    """Mean sensitivity of the classes that occur, two at least; `(..., C, C)` → `(...,)` in [0, 1]."""
    occurs = _true(matrix) > 0
    total = np.where(occurs, sensitivity(matrix), 0).sum(axis=-1)
    classes = occurs.sum(axis=-1)
    return _ratio(total, np.where(classes >= 2, classes, 0))


def sensitivity(matrix: Array) -> Array:
    """Share of a class's images that were predicted as it (recall); `(..., C, C)` → `(..., C)` in [0, 1]."""
    return _ratio(_hits(matrix), _true(matrix))


def specificity(matrix: Array) -> Array:
    """Share of the other classes' images not predicted as it; `(..., C, C)` → `(..., C)` in [0, 1]."""
    others = _all(matrix) - _true(matrix)
    return _ratio(others - (_predicted(matrix) - _hits(matrix)), others)


def precision(matrix: Array) -> Array:
    """Share of the images predicted as a class that are of it (PPV); `(..., C, C)` → `(..., C)` in [0, 1]."""
    return _ratio(_hits(matrix), _predicted(matrix))


def f1(matrix: Array) -> Array:
    """Harmonic mean of precision and sensitivity; `(..., C, C)` → `(..., C)` in [0, 1].

    As 2TP / (2TP + FP + FN), it is 0 for a class that was never predicted. It is undefined for a class that
    does not occur, of which scikit-learn says 0.
    """
    return _ratio(2 * _hits(matrix), np.where(_true(matrix) > 0, _true(matrix) + _predicted(matrix), 0))


def log_loss(sums: Array) -> Array:
    """Mean log-loss in nats; `(..., 2)` of `statistics.log_losses` → `(...,)` in [0, 34.6]."""
    return _ratio(sums[..., 0], sums[..., 1])


def auroc(areas: Array) -> Array:
    """One-vs-rest areas under the ROC curve, `(..., C)` in [0, 1]; 0.5 is chance."""
    return areas


@dataclass(frozen=True)
class Metric:
    """A row of the table.

    Attributes:
        statistic: what it is computed from; metrics of one statistic share the work.
        value: the statistic → `(draws,)`, or `(draws, classes)` if the metric is one of each class.
        counted: the confusion matrix `(C, C)` → `(C,)`, the images each class's value rests on.
        undefined: why a value can be NaN; `{name}` stands for the class.
    """

    statistic: Statistic
    value: Callable[[Array], Array]
    counted: Callable[[Array], Array]
    undefined: str


OVERALL = {
    "accuracy": Metric(confusion, accuracy, _all, "there are no images"),
    "balanced_accuracy": Metric(confusion, balanced_accuracy, _all, "there are images of one class only"),
    "log_loss": Metric(log_losses, log_loss, _all, "there are no images"),
}
"""One value for all images."""

PER_CLASS = {
    "auroc": Metric(rank_areas, auroc, _all, "there must be images of {name} and of other classes"),
    "precision": Metric(confusion, precision, _predicted, "no image was predicted as {name}"),
    "sensitivity": Metric(confusion, sensitivity, _true, "no image is of {name}"),
    "specificity": Metric(confusion, specificity, lambda m: _all(m) - _true(m), "every image is of {name}"),
    "f1": Metric(
        confusion,
        f1,
        lambda m: _true(m) + _predicted(m) - _hits(m),
        "no image is of {name}",
    ),
}
"""A value for each class; `<name>_macro` is their mean, and undefined if one of them is."""


def measure(
    name: str, labels: NDArray[np.int64], probabilities: Array, weights: Weights | None = None
) -> NDArray[np.float64]:
    """One metric of weighted images.

    Args:
        name: a key of `OVERALL` or `PER_CLASS`.
        labels: int64 `(n,)`, true class, from 0.
        probabilities: float64 `(n, classes)`, not negative.
        weights: `(n,)` or `(draws, n)`, not negative; ones by default.

    Returns:
        float64 of the weights' shape without `n`, with `classes` at the end for a metric of each class.

    Example:
        >>> measure("sensitivity", np.array([0, 1]), np.array([[0.9, 0.1], [0.8, 0.2]]))
        array([1., 0.])
    """
    metric = (OVERALL | PER_CLASS)[name]
    images = len(labels)
    chosen = np.ones(images) if weights is None else weights
    of = metric.statistic(Sample(labels, probabilities, np.arange(images), images))
    values = metric.value(of(np.atleast_2d(chosen)))
    return values[0] if chosen.ndim == 1 else values
