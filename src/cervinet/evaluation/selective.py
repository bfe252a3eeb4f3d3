"""Answering only where the network is sure: risk against coverage."""

from dataclasses import dataclass

from cervinet.evaluation.intervals import Estimate, Resampling
from cervinet.evaluation.predictions import Predictions
from cervinet.evaluation.statistics import Array


@dataclass(frozen=True)
class Abstain:
    """No answer below a probability.

    Attributes:
        threshold: lowest probability of the predicted class that is answered, in [0, 1]; above 1: none is.
        most_errors: the share of wrong answers that it was chosen for.
        n: validation images.
    """

    threshold: float
    most_errors: float
    n: int


@dataclass(frozen=True, eq=False)
class Selective:
    """Risk (share of wrong answers) when only the surest share of the images is answered.

    Attributes:
        coverage: float64 `(k,)` in (0, 1], rising.
        risk: float64 `(k,)` in [0, 1].
        lower: of its interval, `(k,)`.
        upper: of its interval, `(k,)`.
        area: under the curve (AURC).
        abstain: the threshold that was chosen on validation images, if any.
        answered: share of the judged images above it.
        risk_answered: share of wrong ones among them.
        spread_auroc: how well the spread between members or views tells wrong answers from right ones; None without.
    """

    coverage: Array
    risk: Array
    lower: Array
    upper: Array
    area: Estimate
    abstain: Abstain | None = None
    answered: Estimate | None = None
    risk_answered: Estimate | None = None
    spread_auroc: Estimate | None = None


def fit_abstain(validation: Predictions, most_errors: float) -> Abstain:
    raise NotImplementedError


def selective(predictions: Predictions, abstain: Abstain | None, how: Resampling) -> Selective:
    raise NotImplementedError
