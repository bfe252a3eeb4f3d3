"""The metrics of one evaluation: which there are, what each rests on, and why it may be unknown."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from cervinet.evaluation.delong import area_check
from cervinet.evaluation.hierarchy import unknown
from cervinet.evaluation.intervals import Check
from cervinet.evaluation.metrics import HIERARCHICAL, OVERALL, PER_CLASS, Metric
from cervinet.evaluation.proportions import groups_counted, wilson
from cervinet.evaluation.seen import Seen, look
from cervinet.evaluation.statistics import Array, Sample, Weights

Quantity = tuple[str, str | None]
"""Name, and the class; None for what is said of all images."""


def values_of(samples: Sequence[Sample], classes: Sequence[str]) -> Callable[[Weights], dict[Quantity, Array]]:
    """Counts → each quantity, `(draws,)`, or `(draws, classes)` for a macro mean.

    Of several samples, the repeats of a cross-validation, the mean; undefined where it is in one of them.
    """
    repeats = [_values(sample, classes) for sample in samples]

    def values(weights: Weights) -> dict[Quantity, Array]:
        found = [of(weights) for of in repeats]
        return {name: np.mean([one[name] for one in found], axis=0) for name in found[0]}

    return values


def _values(sample: Sample, classes: Sequence[str]) -> Callable[[Weights], dict[Quantity, Array]]:
    looked, overall = look(sample), _overall(sample)
    occurs: NDArray[np.bool_] = np.bincount(sample.labels, minlength=sample.classes) > 0

    def alone(metric: Metric, seen: Seen) -> Array:
        # A draw without one of the sample's classes would average over fewer of them: another quantity.
        lacking = metric.of_all & (seen.confusion.sum(axis=2)[:, occurs] == 0).any(axis=1)
        return np.where(lacking, np.nan, metric.value(seen))

    def values(weights: Weights) -> dict[Quantity, Array]:
        seen = looked(weights)
        found: dict[Quantity, Array] = {(name, None): alone(metric, seen) for name, metric in overall.items()}
        for name, metric in overall.items():
            if metric.distance is not None:
                found[distance_of(name)] = metric.distance(seen)
        for name, metric in PER_CLASS.items():
            of_each = metric.value(seen)
            found[f"{name}_macro", None] = of_each
            found |= {(name, label): of_each[:, index] for index, label in enumerate(classes)}
        return found

    return values


def _overall(sample: Sample) -> dict[str, Metric]:
    return OVERALL if sample.hierarchy is None else OVERALL | HIERARCHICAL


def distance_of(name: str) -> Quantity:
    """Under which the distance of a metric that has one stands among the values."""
    return f"distance of {name}", None


DISTANCES: dict[Quantity, Quantity] = {
    (name, None): distance_of(name) for name, metric in OVERALL.items() if metric.distance is not None
}


def counted(matrix: Array, repeats: int, classes: Sequence[str]) -> dict[Quantity, int]:
    """The images that each quantity rests on, of a confusion matrix that is the sum over the repeats."""
    images = round(float(matrix.sum()) / repeats)
    found: dict[Quantity, int] = {(name, None): images for name in OVERALL | HIERARCHICAL}
    for name, metric in PER_CLASS.items():
        found[f"{name}_macro", None] = images
        found |= {(name, label): round(n / repeats) for label, n in zip(classes, metric.counted(matrix), strict=True)}
    return found


def undefined(sample: Sample, classes: Sequence[str]) -> dict[Quantity, str | list[str]]:
    """Why each quantity may be unknown; for a macro mean, a sentence a class."""
    images = np.bincount(sample.labels, minlength=sample.classes)
    words = {
        "absent": ", ".join(repr(label) for label, n in zip(classes, images, strict=True) if n == 0),
        "orphans": "" if sample.hierarchy is None else ", ".join(repr(classes[k]) for k in unknown(sample)),
    }
    found: dict[Quantity, str | list[str]] = {
        (name, None): metric.undefined.format(**words) for name, metric in _overall(sample).items()
    }
    for name, metric in PER_CLASS.items():
        reasons = [metric.undefined.format(name=repr(label)) for label in classes]
        found[f"{name}_macro", None] = reasons
        found |= {(name, label): reason for label, reason in zip(classes, reasons, strict=True)}
    return found


def proportions(sample: Sample, classes: Sequence[str]) -> dict[Quantity, int]:
    """The groups that count towards each plain proportion."""
    found: dict[Quantity, int] = {("accuracy", None): sample.groups}
    for name, groups in groups_counted(sample).items():
        found |= {(name, label): n for label, n in zip(classes, groups.tolist(), strict=True)}
    return found


def checks(sample: Sample, matrix: Array, classes: Sequence[str], confidence: float) -> dict[Quantity, Check | None]:
    """Intervals by other methods: of areas by their variance, of proportions where every group has one image."""
    found: dict[Quantity, Check | None] = {}
    for index, (label, scores) in enumerate(zip(classes, sample.probabilities.T, strict=True)):
        positive = sample.labels == index
        found["auroc", label] = area_check(positive, scores, sample.members, sample.groups, confidence)
    if sample.groups < len(sample.labels) or sample.groups < 2:
        return found
    images = matrix.sum()
    found["accuracy", None] = Check("Wilson", *wilson(float(np.trace(matrix) / images), round(images), confidence))
    for name, metric in PER_CLASS.items():
        if metric.share is not None:
            for label, share, n in zip(classes, metric.share(matrix), metric.counted(matrix), strict=True):
                check = Check("Wilson", *wilson(float(share), round(n), confidence)) if n else None
                found[name, label] = check
    return found
