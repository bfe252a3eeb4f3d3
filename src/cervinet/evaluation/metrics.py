"""The metrics: one small function each over the statistics of many draws, and the tables that name them.

To add one, write a function of `Seen` that ends in `(draws,)` or `(draws, classes)`, and give it a row.
A metric that cannot be computed is NaN, never 0; its row holds the sentence that says why.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from cervinet.evaluation.agreement import kappa, matthews
from cervinet.evaluation.calibration_error import KINDS
from cervinet.evaluation.seen import Seen, look
from cervinet.evaluation.statistics import Array, Hierarchy, Sample, Weights, ratio


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


def _not_predicted(matrix: Array) -> Array:
    return _all(matrix) - _predicted(matrix)


def _others(matrix: Array) -> Array:
    return _all(matrix) - _true(matrix)


def accuracy(matrix: Array) -> Array:
    """Share of images whose most probable class is theirs; `(..., C, C)` → `(...,)` in [0, 1]."""
    return ratio(_hits(matrix).sum(axis=-1), matrix.sum(axis=(-2, -1)))


def balanced_accuracy(matrix: Array) -> Array:
    """Mean sensitivity of the classes that occur, two at least; `(..., C, C)` → `(...,)` in [0, 1]."""
    occurs = _true(matrix) > 0
    total = np.where(occurs, sensitivity(matrix), 0).sum(axis=-1)
    classes = occurs.sum(axis=-1)
    return ratio(total, np.where(classes >= 2, classes, 0))


def sensitivity(matrix: Array) -> Array:
    """Share of a class's images that were predicted as it (recall); `(..., C, C)` → `(..., C)` in [0, 1]."""
    return ratio(_hits(matrix), _true(matrix))


def specificity(matrix: Array) -> Array:
    """Share of the other classes' images not predicted as it; `(..., C, C)` → `(..., C)` in [0, 1]."""
    return ratio(_others(matrix) - _predicted(matrix) + _hits(matrix), _others(matrix))


def ppv(matrix: Array) -> Array:
    """Share of the images predicted as a class that are of it (precision); `(..., C, C)` → `(..., C)` in [0, 1]."""
    return ratio(_hits(matrix), _predicted(matrix))


def npv(matrix: Array) -> Array:
    """Share of the images not predicted as a class that are not of it; `(..., C, C)` → `(..., C)` in [0, 1]."""
    return ratio(_others(matrix) - _predicted(matrix) + _hits(matrix), _not_predicted(matrix))


def f1(matrix: Array) -> Array:
    """Harmonic mean of ppv and sensitivity; `(..., C, C)` → `(..., C)` in [0, 1].

    As 2TP / (2TP + FP + FN), it is 0 for a class that was never predicted. It is undefined for a class that
    does not occur, of which scikit-learn says 0.
    """
    return ratio(2 * _hits(matrix), np.where(_true(matrix) > 0, _true(matrix) + _predicted(matrix), 0))


def weighted(values: Array, matrix: Array) -> Array:
    """Mean of `(..., C)` over the classes, each with the share of its images; NaN if that of one that occurs is."""
    images = _true(matrix)
    return ratio(np.where(images > 0, values * images, 0).sum(axis=-1), images.sum(axis=-1))


def hand_till(areas: Array) -> Array:
    """Mean over all pairs of classes of the area between the two; `(..., C, C)` of A(i|j) → `(...,)` in [0, 1].

    NaN where a class does not occur.
    Reference: Hand & Till, Machine Learning 45:171, 2001; `multiclass.roc` of R's pROC.
    """
    classes = areas.shape[-1]
    apart = ~np.eye(classes, dtype=np.bool_)
    mean: Array = areas[..., apart].mean(axis=-1)
    return mean


def _mean(sums: Array, seen: Seen) -> Array:
    return ratio(sums, seen.confusion.sum(axis=(-2, -1)))


def _calibration_error(kind: int, seen: Seen) -> Array:
    return seen.calibration[:, kind]


def _calibration_distance(kind: int, seen: Seen) -> Array:
    return seen.calibration_distances[:, kind]


@dataclass(frozen=True)
class Metric:
    """A row of the table.

    Attributes:
        value: what was seen → `(draws,)`, or `(draws, classes)` if the metric is one of each class.
        undefined: why a value can be NaN; `{name}` stands for the class, `{absent}` for those without images.
        counted: the confusion matrix `(C, C)` → `(C,)`, the images each class's value rests on.
        share: for a plain share of the images counted, that share of the confusion matrix `(..., C, C)`.
        distance: what was seen → `(draws,)`, how far a draw lies from the sample, of a metric that resampling raises.
        of_all: whether a draw must have every class of the sample, for else it is another quantity.
    """

    value: Callable[[Seen], Array]
    undefined: str
    counted: Callable[[Array], Array] = _all
    share: Callable[[Array], Array] | None = None
    distance: Callable[[Seen], Array] | None = None
    of_all: bool = False


def _of_confusion(function: Callable[[Array], Array], undefined: str, *, of_all: bool = False) -> Metric:
    return Metric(lambda seen: function(seen.confusion), undefined, of_all=of_all)


def _share(function: Callable[[Array], Array], undefined: str, counted: Callable[[Array], Array]) -> Metric:
    return Metric(lambda seen: function(seen.confusion), undefined, counted, share=function)


NO_IMAGES = "there are no images"
ONE_CLASS = "there are images of one class only"
NOT_BOTH = "there must be images of {name} and of other classes"

ALL_RIGHT = "all images are of one class and predicted as it"

OVERALL = {
    "accuracy": _of_confusion(accuracy, NO_IMAGES),
    "balanced_accuracy": _of_confusion(balanced_accuracy, ONE_CLASS, of_all=True),
    "log_loss": Metric(lambda seen: _mean(seen.losses[:, 0], seen), NO_IMAGES),
    "brier": Metric(lambda seen: _mean(seen.losses[:, 1], seen), NO_IMAGES),
    "mcc": _of_confusion(matthews, "all images are of one class, or all were predicted as one"),
    "kappa": _of_confusion(partial(kappa, weights="none"), ALL_RIGHT),
    "kappa_linear": _of_confusion(partial(kappa, weights="linear"), ALL_RIGHT),
    "kappa_quadratic": _of_confusion(partial(kappa, weights="quadratic"), ALL_RIGHT),
    "auroc_micro": Metric(lambda seen: seen.micro_area, NO_IMAGES),
    "auroc_weighted": Metric(lambda seen: weighted(seen.areas, seen.confusion), ONE_CLASS, of_all=True),
    "auroc_hand_till": Metric(lambda seen: hand_till(seen.pair_areas), "no image is of {absent}"),
    "average_precision_micro": Metric(lambda seen: seen.micro_precision, NO_IMAGES),
    "average_precision_weighted": Metric(
        lambda seen: weighted(seen.average_precisions, seen.confusion), ONE_CLASS, of_all=True
    ),
    **{
        name: Metric(partial(_calibration_error, kind), NO_IMAGES, distance=partial(_calibration_distance, kind))
        for kind, name in enumerate(KINDS)
    },
}
"""One value for all images."""

PER_CLASS = {
    "auroc": Metric(lambda seen: seen.areas, NOT_BOTH),
    "average_precision": Metric(lambda seen: seen.average_precisions, NOT_BOTH),
    "sensitivity": _share(sensitivity, "no image is of {name}", _true),
    "specificity": _share(specificity, "every image is of {name}", _others),
    "ppv": _share(ppv, "no image was predicted as {name}", _predicted),
    "npv": _share(npv, "every image was predicted as {name}", _not_predicted),
    "f1": Metric(
        lambda seen: f1(seen.confusion), "no image is of {name}", lambda m: _true(m) + _predicted(m) - _hits(m)
    ),
}
"""A value for each class; `<name>_macro` is their mean, and undefined if one of them is."""

ORPHANS = "it is not known of which class the sub-class is: {orphans}"

HIERARCHICAL = {
    "hierarchical_precision": Metric(lambda seen: ratio(seen.overlaps[:, 0], seen.overlaps[:, 1]), ORPHANS),
    "hierarchical_recall": Metric(lambda seen: ratio(seen.overlaps[:, 0], seen.overlaps[:, 2]), ORPHANS),
    "hierarchical_f": Metric(
        lambda seen: ratio(2 * seen.overlaps[:, 0], seen.overlaps[:, 1] + seen.overlaps[:, 2]), ORPHANS
    ),
}
"""One value for all images, of sub-classes whose classes are known (Kiritchenko et al., Canadian AI 2006)."""


def measure(
    name: str,
    labels: NDArray[np.int64],
    probabilities: Array,
    weights: Weights | None = None,
    hierarchy: Hierarchy | None = None,
) -> NDArray[np.float64]:
    """One metric of weighted images.

    Args:
        name: a key of `OVERALL`, `PER_CLASS` or `HIERARCHICAL`.
        labels: int64 `(n,)`, true class, from 0.
        probabilities: float64 `(n, classes)`, not negative.
        weights: `(n,)` or `(draws, n)`, not negative; ones by default.
        hierarchy: of the labels, for a hierarchical metric.

    Returns:
        float64 of the weights' shape without `n`, with `classes` at the end for a metric of each class.

    Example:
        >>> measure("sensitivity", np.array([0, 1]), np.array([[0.9, 0.1], [0.8, 0.2]]))
        array([1., 0.])
    """
    metric = (OVERALL | PER_CLASS | HIERARCHICAL)[name]
    images = len(labels)
    chosen = np.ones(images) if weights is None else weights
    of = look(Sample(labels, probabilities, np.arange(images), images, hierarchy))
    values = metric.value(of(np.atleast_2d(chosen)))
    return values[0] if chosen.ndim == 1 else values
