"""What it is worth to act on a prediction: net benefit and expected cost over all thresholds."""

from dataclasses import dataclass

import numpy as np

from cervinet.evaluation.curves import roc_curve
from cervinet.evaluation.intervals import Resampling, estimates
from cervinet.evaluation.predictions import Predictions
from cervinet.evaluation.question import Question
from cervinet.evaluation.statistics import Array, Weights, counts_of

_THRESHOLDS = np.arange(1, 100) / 100
_PROBABILITY_COSTS = np.arange(101) / 100


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
    """None where the images are all positive or all negative.

    At a threshold p, where treating a healthy woman weighs p / (1 − p) of treating an ill one, a network that calls
    positive from p on is worth Se π − (1 − Sp)(1 − π) p / (1 − p): true positives a patient, less false ones by their
    weight. At the observed prevalence, which then varies from draw to draw, this is TP / n − FP / n · p / (1 − p).

    Args:
        question: what is positive.
        predictions: calibrated ones; of others a threshold is no probability.
        prevalence: π where the network is to be used, in (0, 1); None: that of these images.
        how: intervals; the band is of each threshold by itself.
    """
    truth, scores = question.truth(predictions.labels), question.scores(predictions.probabilities)
    if truth.all() or not truth.any():
        return None
    size = len(_THRESHOLDS) + 1
    reached = np.searchsorted(_THRESHOLDS, scores, side="right").astype(np.int64)
    counts = counts_of(*predictions.members(), reached + size * truth, 2 * size)
    weight = _THRESHOLDS / (1 - _THRESHOLDS)

    def net_benefit(weights: Weights) -> Array:
        sums = counts(weights).reshape(-1, 2, size)
        at_least = sums[..., ::-1].cumsum(axis=2)[..., ::-1]
        negatives, positives = at_least[:, 0, :1], at_least[:, 1, :1]
        share = positives / (positives + negatives) if prevalence is None else prevalence
        with np.errstate(invalid="ignore"):
            found, alarms = at_least[:, 1, 1:] / positives, at_least[:, 0, 1:] / negatives
        benefit: Array = found * share - alarms * (1 - share) * weight
        return benefit

    names = [f"{threshold:.2f}" for threshold in _THRESHOLDS]
    found = estimates(
        lambda weights: dict(zip(names, net_benefit(weights).T, strict=True)),
        counted=dict.fromkeys(names, predictions.count(np.ones_like(truth))),
        undefined=dict.fromkeys(names, "there must be positive and negative images"),
        groups=predictions.members()[1],
        images=len(truth),
        how=how,
    )
    share = float(truth.mean()) if prevalence is None else prevalence
    return DecisionCurve(
        of=question.name,
        prevalence=share,
        thresholds=_THRESHOLDS,
        net_benefit=np.array([one.value for one in found.values()], np.float64),
        lower=np.array([one.lower for one in found.values()], np.float64),
        upper=np.array([one.upper for one in found.values()], np.float64),
        treat_all=share - (1 - share) * weight,
    )


def cost_curve(question: Question, predictions: Predictions) -> CostCurve | None:
    """None where the images are all positive or all negative.

    Over x, the share of the expected cost of calling everyone wrongly that missed cases would make up, the least of
    (1 − Se) x + (1 − Sp)(1 − x) over all thresholds, those that call everyone or no one positive among them. These
    thresholds are the best for the judged images themselves: a limit to compare networks by, not what one will cost.
    """
    truth, scores = question.truth(predictions.labels), question.scores(predictions.probabilities)
    if truth.all() or not truth.any():
        return None
    alarms, hits = roc_curve(truth, scores)
    # In a loop, since thresholds × costs would not fit into memory for a million images.
    cost = [float(((1 - hits) * x + alarms * (1 - x)).min()) for x in _PROBABILITY_COSTS]
    trivial = np.minimum(_PROBABILITY_COSTS, 1 - _PROBABILITY_COSTS)
    return CostCurve(question.name, _PROBABILITY_COSTS, np.array(cost), trivial)
