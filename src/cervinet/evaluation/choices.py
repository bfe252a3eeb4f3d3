"""What was settled on validation predictions, and is only applied ever after: kept in `model.json`."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from cervinet.evaluation.calibration import Calibration, Method, fit_calibration
from cervinet.evaluation.conformal import SetRule, fit_sets
from cervinet.evaluation.operating import OperatingPoint, choose_points
from cervinet.evaluation.predictions import Predictions
from cervinet.evaluation.question import questions
from cervinet.evaluation.selective import Abstain, fit_abstain


@dataclass(frozen=True)
class Choices:
    """Thresholds on calibrated probabilities.

    Attributes:
        unit: "image" or "group", what they were chosen on.
        points: operating points.
        sets: rules of prediction sets.
        abstain: when not to answer; None: always answer.
    """

    unit: str
    points: tuple[OperatingPoint, ...]
    sets: tuple[SetRule, ...]
    abstain: Abstain | None

    def to_json(self) -> dict[str, Any]:
        """As in `model.json`; infinite thresholds are null."""
        values = asdict(self)
        for rule in values["sets"]:
            rule["thresholds"] = [None if value == float("inf") else value for value in rule["thresholds"]]
        return values

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
    asked = questions(validation.classes, positive)
    return Choices(
        unit=unit,
        points=tuple(point for one in asked for point in choose_points(one, rules, validation)),
        sets=tuple(fit_sets(validation, coverage)),
        abstain=None if most_errors is None else fit_abstain(validation, most_errors),
    )


def calibrate(method: Method, validation: Predictions) -> Calibration:
    """Fit on validation predictions that have logits."""
    assert validation.logits is not None
    return fit_calibration(method, validation.logits, validation.labels)
