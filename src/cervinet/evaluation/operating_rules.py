"""The rules by which a threshold is chosen on validation predictions; a rule is a function and a name in a config.

Each takes the truth, bool `(n,)`, and the scores, float64 `(n,)` in [0, 1], of validation images, and raises DataError
where these are all positive or all negative.

A threshold lies half-way between two neighbouring scores, or between the outermost one and 0 or 1, and never on a
score. So it is as far as can be from either image, and no image changes sides because another machine rounds
otherwise. Scores less than 1e-7 apart count as equal: the runtimes that a network is served by differ by 3e-8.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from cervinet.errors import DataError
from cervinet.evaluation.statistics import Array
from cervinet.registry import register

Share = Annotated[float, Field(gt=0, lt=1)]
Found = tuple[float, str]
"""A threshold, and in words what it was chosen for."""

_EQUAL = 1e-7


@dataclass(frozen=True, eq=False)
class _Cuts:
    """All ways to call the highest scores positive: none of them first, all of them last.

    Attributes:
        thresholds: float64 `(k,)`, falling.
        found: int64 `(k,)`, positive images at or above each.
        alarms: int64 `(k,)`, negative images at or above each.
    """

    thresholds: Array
    found: NDArray[np.int64]
    alarms: NDArray[np.int64]

    @property
    def positives(self) -> int:
        return int(self.found[-1])

    @property
    def negatives(self) -> int:
        return int(self.alarms[-1])

    @property
    def sensitivity(self) -> Array:
        return self.found / self.positives

    @property
    def specificity(self) -> Array:
        return (self.negatives - self.alarms) / self.negatives


def _cuts(truth: NDArray[np.bool_], scores: Array) -> _Cuts:
    if not truth.any() or truth.all():
        raise DataError(
            f"a threshold needs positive and negative validation images; there are {np.count_nonzero(truth)} positive "
            f"and {np.count_nonzero(~truth)} negative ones; bring the others or set evaluation.operating_points to []"
        )
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    last = np.flatnonzero(ranked[:-1] - ranked[1:] > _EQUAL)
    # A highest score of 1 leaves no room below 1 for a threshold that nothing reaches.
    above = 1.0 if ranked[0] < 1 - _EQUAL else 2.0
    lowest = ranked[-1] if ranked[-1] > _EQUAL else 0.0
    return _Cuts(
        thresholds=np.concatenate([[(above + ranked[0]) / 2], (ranked[last] + ranked[last + 1]) / 2, [lowest / 2]]),
        found=np.concatenate([[0], np.cumsum(truth[order])[np.append(last, -1)]]),
        alarms=np.concatenate([[0], np.cumsum(~truth[order])[np.append(last, -1)]]),
    )


def _last_best(worth: Array) -> int:
    """The greatest; of equal ones that of the lowest threshold, which misses the fewest."""
    return int(np.flatnonzero(worth >= worth.max() - 1e-14)[-1])


@register("operating_point")
def sensitivity(truth: NDArray[np.bool_], scores: Array, *, at_least: Share = 0.95) -> Found:
    """The highest threshold that finds at least this share of the positive images."""
    cuts = _cuts(truth, scores)
    first = int(np.argmax(cuts.sensitivity >= at_least))
    return float(cuts.thresholds[first]), f"sensitivity at least {at_least:g}"


@register("operating_point")
def specificity(truth: NDArray[np.bool_], scores: Array, *, at_least: Share = 0.95) -> Found:
    """The lowest threshold that clears at least this share of the negative images."""
    cuts = _cuts(truth, scores)
    last = int(np.flatnonzero(cuts.specificity >= at_least)[-1])
    return float(cuts.thresholds[last]), f"specificity at least {at_least:g}"


@register("operating_point")
def youden(truth: NDArray[np.bool_], scores: Array) -> Found:
    """The greatest sum of sensitivity and specificity; of equal ones the most sensitive.

    Reference: Youden, Index for rating diagnostic tests, Cancer 3:32, 1950.
    """
    cuts = _cuts(truth, scores)
    best = _last_best(cuts.sensitivity + cuts.specificity)
    return float(cuts.thresholds[best]), "the highest Youden index"


@register("operating_point")
def cost(
    truth: NDArray[np.bool_],
    scores: Array,
    *,
    missed: Annotated[float, Field(gt=0)] = 10.0,
    false_alarm: Annotated[float, Field(gt=0)] = 1.0,
    prevalence: Share | None = None,
) -> Found:
    """The lowest expected cost, at the stated prevalence or that of the validation images.

    Of equal costs the most sensitive.
    """
    cuts = _cuts(truth, scores)
    share = cuts.positives / len(truth) if prevalence is None else prevalence
    worst = max(missed, false_alarm)
    lost = missed / worst * share * (1 - cuts.sensitivity) + false_alarm / worst * (1 - share) * (1 - cuts.specificity)
    at = "the prevalence of the validation images" if prevalence is None else f"a prevalence of {prevalence:g}"
    words = f"lowest cost: a missed case {missed:g}, a false alarm {false_alarm:g}, at {at}"
    return float(cuts.thresholds[_last_best(-lost)]), words


@register("operating_point")
def prevalence(truth: NDArray[np.bool_], scores: Array, *, of: Share | None = None) -> Found:
    """As many called positive as there are positives, at the stated prevalence or that of the validation images.

    The nearest to it; of two equally near the most sensitive.
    """
    cuts = _cuts(truth, scores)
    share = cuts.positives / len(truth) if of is None else of
    called = share * cuts.sensitivity + (1 - share) * (1 - cuts.specificity)
    at = "" if of is None else f" at a prevalence of {of:g}"
    return float(cuts.thresholds[_last_best(-np.abs(called - share))]), f"as many called positive as there are{at}"
