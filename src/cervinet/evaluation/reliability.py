"""Whether what is called 80 % probable happens in 80 % of cases."""

from dataclasses import dataclass

from cervinet.evaluation.intervals import Estimate, Resampling
from cervinet.evaluation.predictions import Predictions
from cervinet.evaluation.statistics import Array


@dataclass(frozen=True)
class Bin:
    """Images whose probability lies in (lower, upper].

    Attributes:
        lower: of the bin, in [0, 1].
        upper: of the bin, in [0, 1].
        n: images in it.
        predicted: mean probability in it; None where it is empty.
        observed: share in it for which it came true, with its interval.
    """

    lower: float
    upper: float
    n: int
    predicted: float | None
    observed: Estimate


@dataclass(frozen=True)
class Reliability:
    """One diagram: `of` is "predicted class" (top label), or the name of a class against the others."""

    of: str
    bins: tuple[Bin, ...]


@dataclass(frozen=True)
class Calibrated:
    """Before and after calibration, on the judged images.

    Attributes:
        method: of the calibration.
        before: diagrams of the network's own probabilities: the top label first, then each class.
        after: of the calibrated ones, in the same order; equal to `before` without calibration.
        metrics: "before" and "after" → name (log_loss, brier, ece, ...) → estimate.
    """

    method: str
    before: tuple[Reliability, ...]
    after: tuple[Reliability, ...]
    metrics: dict[str, dict[str, Estimate]]


def calibrated(predictions: Predictions, own: Array, method: str, how: Resampling) -> Calibrated:
    """Compare `predictions` with the probabilities before calibration, `own`, float64 `(n, classes)`."""
    raise NotImplementedError
