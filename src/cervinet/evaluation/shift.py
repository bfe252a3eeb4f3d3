"""What changes from a run's own test pictures to those of another site."""

from dataclasses import dataclass

from cervinet.evaluation.intervals import Estimate, Resampling
from cervinet.evaluation.predictions import Predictions


@dataclass(frozen=True)
class Shift:
    """Own test images beside the other site's, under the same locked network, temperature and thresholds.

    Attributes:
        own: name → estimate on the run's own test images.
        other: the same on the other site's.
        prevalence: class → (own, other) estimates of its share.
        calibration: question → name (intercept, slope, in_the_large) → (own, other).
        sentences: what parted, in plain words.
    """

    own: dict[str, Estimate]
    other: dict[str, Estimate]
    prevalence: dict[str, tuple[Estimate, Estimate]]
    calibration: dict[str, dict[str, tuple[Estimate, Estimate]]]
    sentences: tuple[str, ...]


def shift(own: Predictions, other: Predictions, positive: list[str] | None, how: Resampling) -> Shift:
    raise NotImplementedError
