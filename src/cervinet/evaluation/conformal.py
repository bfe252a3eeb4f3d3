"""Prediction sets that hold the true class as often as promised (split conformal prediction)."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cervinet.evaluation.intervals import Estimate, Resampling
from cervinet.evaluation.predictions import Predictions
from cervinet.evaluation.statistics import Array

Score = Literal["lac", "aps"]


@dataclass(frozen=True)
class SetRule:
    """How sets are made.

    Attributes:
        score: lac (smallest sets) or aps (adapts to difficulty).
        conditional: one threshold a class, so that the promise holds for each class by itself.
        coverage: promised, in (0, 1).
        thresholds: one, or one a class (inf where the validation images of a class are too few to promise anything).
        n: validation images.
        groups: validation groups.
    """

    score: Score
    conditional: bool
    coverage: float
    thresholds: tuple[float, ...]
    n: int
    groups: int

    def sets(self, probabilities: Array) -> NDArray[np.bool_]:
        """bool `(n, classes)`: which classes are in each set."""
        raise NotImplementedError


@dataclass(frozen=True)
class Coverage:
    """What a rule gives on the judged images: `per_class` → coverage of the images of each class."""

    rule: SetRule
    coverage: Estimate
    size: Estimate
    single: Estimate
    per_class: dict[str, Estimate]


def fit_sets(validation: Predictions, coverage: float) -> list[SetRule]:
    """LAC and APS, each over all classes and class by class; groups, not images, are exchangeable."""
    raise NotImplementedError


def covered(rule: SetRule, predictions: Predictions, how: Resampling) -> Coverage:
    raise NotImplementedError
