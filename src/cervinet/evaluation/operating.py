"""Thresholds: chosen on validation predictions, then judged on others."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cervinet.evaluation.intervals import Estimate, Resampling
from cervinet.evaluation.predictions import Predictions
from cervinet.evaluation.question import Question


@dataclass(frozen=True)
class OperatingPoint:
    """A picture is called positive when the probability of the positive classes is at least `threshold`.

    Attributes:
        rule: what it was chosen for, in words: "sensitivity at least 0.95".
        positive: names of the positive classes.
        threshold: in [0, 1]; may be above 1 where no picture is to be called positive.
        sensitivity: on the validation images.
        specificity: on the validation images.
        positives: validation images of a positive class.
        negatives: the others.
    """

    rule: str
    positive: tuple[str, ...]
    threshold: float
    sensitivity: float
    specificity: float
    positives: int
    negatives: int


@dataclass(frozen=True)
class AtPoint:
    """What a point gives on the judged images.

    Attributes:
        point: the point.
        prevalence: share of positive women that `ppv`, `npv` and `per_1000` are for.
        prevalence_stated: whether the config states it; else it is that of the judged images.
        sensitivity: with its interval, like the next three.
        specificity: of the judged images.
        ppv: at the prevalence.
        npv: at the prevalence.
        per_1000: of 1,000 women screened: found, missed, false_alarms, rightly_cleared, as estimates.
    """

    point: OperatingPoint
    prevalence: float
    prevalence_stated: bool
    sensitivity: Estimate
    specificity: Estimate
    ppv: Estimate
    npv: Estimate
    per_1000: dict[str, Estimate]


def choose_points(
    question: Question, rules: Sequence[tuple[str, dict[str, Any]]], validation: Predictions
) -> list[OperatingPoint]:
    """A point by each rule (name and options of a registered `operating_point`)."""
    raise NotImplementedError


def at_point(point: OperatingPoint, predictions: Predictions, prevalence: float | None, how: Resampling) -> AtPoint:
    """Apply a point to other predictions."""
    raise NotImplementedError
