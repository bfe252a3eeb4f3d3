"""What it is worth to act on a prediction: net benefit and expected cost over all thresholds."""

from dataclasses import dataclass

from cervinet.evaluation.intervals import Resampling
from cervinet.evaluation.predictions import Predictions
from cervinet.evaluation.question import Question
from cervinet.evaluation.statistics import Array


@dataclass(frozen=True, eq=False)
class DecisionCurve:
    """Net benefit (Vickers & Elkin 2006) of a question over the threshold probability.

    Attributes:
        of: name of the question.
        prevalence: that the curve is for.
        thresholds: float64 `(k,)` in (0, 1).
        net_benefit: float64 `(k,)`.
        lower: of its interval, `(k,)`, NaN where there is none.
        upper: of its interval, `(k,)`.
        treat_all: float64 `(k,)`; treating none is worth 0.
    """

    of: str
    prevalence: float
    thresholds: Array
    net_benefit: Array
    lower: Array
    upper: Array
    treat_all: Array


@dataclass(frozen=True, eq=False)
class CostCurve:
    """Lowest expected cost (Drummond & Holte 2006) over the probability cost.

    Attributes:
        of: name of the question.
        probability_cost: float64 `(k,)` in [0, 1].
        cost: normalised expected cost, float64 `(k,)`, at the best threshold for each.
        trivial: of always or never calling positive, `(k,)`.
    """

    of: str
    probability_cost: Array
    cost: Array
    trivial: Array


def decision_curve(
    question: Question, predictions: Predictions, prevalence: float | None, how: Resampling
) -> DecisionCurve | None:
    """None where the images are all positive or all negative."""
    raise NotImplementedError


def cost_curve(question: Question, predictions: Predictions) -> CostCurve | None:
    """None where the images are all positive or all negative."""
    raise NotImplementedError
