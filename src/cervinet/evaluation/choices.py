"""What was settled on validation predictions, and is only applied ever after: kept in `model.json`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from cervinet.errors import DataError
from cervinet.evaluation.calibration import Calibration
from cervinet.evaluation.conformal import SetRule, fit_sets
from cervinet.evaluation.operating import OperatingPoint, choose_points
from cervinet.evaluation.plain_json import plain
from cervinet.evaluation.predictions import Predictions
from cervinet.evaluation.question import questions
from cervinet.evaluation.selective import Abstain, fit_abstain
from cervinet.evaluation.statistics import Array


@dataclass(frozen=True)
class Choices:
    """Thresholds on calibrated probabilities.

    Attributes:
        unit: "image" or "group", what they were chosen on.
        points: operating points.
        sets: rules of prediction sets.
        abstain: when not to answer; None: always answer.
        remarks: why a threshold could not be chosen, in words.
    """

    unit: str
    points: tuple[OperatingPoint, ...]
    sets: tuple[SetRule, ...]
    abstain: Abstain | None
    remarks: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As in `model.json`; infinite thresholds are null."""
        return {one.name: plain(getattr(self, one.name)) for one in fields(self)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Choices":
        """What `to_json` gave. Raises KeyError, TypeError or ValueError where it is something else."""
        infinite = float("inf")
        return cls(
            unit=values["unit"],
            points=tuple(OperatingPoint(**{**one, "positive": tuple(one["positive"])}) for one in values["points"]),
            sets=tuple(
                SetRule(**{**one, "thresholds": tuple(infinite if t is None else t for t in one["thresholds"])})
                for one in values["sets"]
            ),
            abstain=values["abstain"] and Abstain(**values["abstain"]),
            remarks=tuple(values["remarks"]),
        )


def choose(
    validation: Predictions,
    *,
    unit: str,
    positive: Sequence[str] | None,
    rules: Sequence[tuple[str, dict[str, Any]]],
    coverage: float,
    most_errors: float | None,
) -> Choices:
    """Settle thresholds on calibrated validation predictions of the unit."""
    points, remarks = list[OperatingPoint](), list[str]()
    for question in questions(validation.classes, positive):
        try:
            points += choose_points(question, rules, validation)
        except DataError as error:
            remarks.append(str(error))
    return Choices(
        unit=unit,
        points=tuple(points),
        sets=tuple(fit_sets(validation, coverage)),
        abstain=None if most_errors is None else fit_abstain(validation, most_errors),
        remarks=tuple(remarks),
    )


def corrected(predictions: Predictions, calibration: Calibration, parents: Sequence[str]) -> Predictions:
    """The predictions with calibrated probabilities; logits stay those of the network.

    Args:
        predictions: with logits.
        calibration: fitted on others.
        parents: the class that each sub-class belongs to, in the order of the sub-classes.
    """
    assert predictions.logits is not None
    own = predictions.probabilities
    probabilities = calibration.apply(predictions.logits)
    finer = predictions.subclass_probabilities
    if finer is not None:
        finer = finer_corrected(finer, own, probabilities, [predictions.classes.index(name) for name in parents])
    return replace(predictions, probabilities=probabilities, subclass_probabilities=finer)


def finer_corrected(finer: Array, own: Array, probabilities: Array, parents: Sequence[int]) -> Array:
    """Sub-class probabilities that again sum to those of their class, in the proportions that they had.

    Where a class had no probability at all, so that there are no proportions, its sub-classes have equal parts.

    Args:
        finer: float64 `(n, subclasses)`.
        own: float64 `(n, classes)`, before calibration.
        probabilities: float64 `(n, classes)`, after it.
        parents: the class of each sub-class.
    """
    of = np.asarray(parents)
    least, equal = np.finfo(np.float64).tiny, 1 / np.bincount(of)[of]
    shares = np.where(own[:, of] >= least, finer / np.maximum(own[:, of], least), equal)
    scaled: Array = shares * probabilities[:, of]
    return scaled
