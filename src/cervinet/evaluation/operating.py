"""Thresholds: chosen on validation predictions, then judged on others."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cervinet import registry
from cervinet.errors import DataError
from cervinet.evaluation.intervals import Estimate, Resampling, estimates
from cervinet.evaluation.predictions import Predictions
from cervinet.evaluation.question import Question, questions
from cervinet.evaluation.statistics import Array, Weights, counts_of


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
        prevalence: share of positive patients that `ppv`, `npv` and `per_1000` are for.
        prevalence_stated: whether the config states it; else it is that of the judged images.
        sensitivity: with its interval, like the next three.
        specificity: of the judged images.
        ppv: at the prevalence.
        npv: at the prevalence.
        per_1000: of 1,000 screened: found, missed, false_alarms, rightly_cleared, as estimates.
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
    """A point by each rule (name and options of a registered `operating_point`).

    Raises:
        DataError: no validation image is positive, or every one is.
    """
    truth, scores = question.truth(validation.labels), question.scores(validation.probabilities)
    points = []
    for name, options in rules:
        try:
            threshold, words = registry.find("operating_point", name).function(truth, scores, **options)
        except DataError as error:
            raise DataError(f"no operating point for '{question.name}' by the rule '{name}': {error}") from None
        called = scores >= threshold
        points.append(
            OperatingPoint(
                rule=words,
                positive=question.positive,
                threshold=threshold,
                sensitivity=float(called[truth].mean()),
                specificity=float((~called[~truth]).mean()),
                positives=validation.count(truth),
                negatives=validation.count(~truth),
            )
        )
    return points


def at_point(point: OperatingPoint, predictions: Predictions, prevalence: float | None, how: Resampling) -> AtPoint:
    """Apply a point to other predictions.

    PPV, NPV and counts are for the stated prevalence π by Bayes' rule: PPV = Se π / (Se π + (1 − Sp)(1 − π)). Without
    one π is the share of positive images, which then varies from draw to draw like sensitivity and specificity. What
    needs both answers and has one only is None, and its reason says so.

    Args:
        point: chosen on validation images.
        predictions: to judge it on.
        prevalence: where the network is to be used, in (0, 1); None: that of these images.
        how: intervals.

    Raises:
        DataError: there are no images, or a positive class of the point is none of theirs.
    """
    if not predictions.images:
        raise DataError(f"there is no image in split '{predictions.split}' to apply an operating point to")
    (question,) = questions(predictions.classes, point.positive)
    truth, scores = question.truth(predictions.labels), question.scores(predictions.probabilities)
    called = scores >= point.threshold
    one_sided = question.one_sided(truth)
    every = np.ones_like(truth)
    rows = {
        "sensitivity": (truth, one_sided),
        "specificity": (~truth, one_sided),
        "ppv": (every, one_sided or "no image was called positive"),
        "npv": (every, one_sided or "every image was called positive"),
        **dict.fromkeys(("found", "missed", "false_alarms", "rightly_cleared"), (every, one_sided)),
    }
    members, groups = predictions.members()
    # At a stated prevalence predictive values are no shares of images.
    shares = {"sensitivity": truth, "specificity": ~truth}
    shares |= {"ppv": called, "npv": ~called} if prevalence is None else {}
    found = estimates(
        _values(predictions, truth, called, prevalence),
        counted={name: predictions.count(which) for name, (which, _) in rows.items()},
        undefined={name: reason for name, (_, reason) in rows.items()},
        groups=groups,
        images=len(truth),
        how=how,
        proportions={name: len(np.unique(members[which])) for name, which in shares.items()},
    )
    share = float(truth.mean()) if prevalence is None else prevalence
    sensitivity, specificity = found.pop("sensitivity"), found.pop("specificity")
    return AtPoint(
        point=point,
        prevalence=share,
        prevalence_stated=prevalence is not None,
        sensitivity=sensitivity,
        specificity=specificity,
        ppv=found.pop("ppv"),
        npv=found.pop("npv"),
        per_1000={
            "found": _bounded(found["found"], sensitivity, share),
            "missed": _bounded(found["missed"], sensitivity, share, rest=True),
            "false_alarms": _bounded(found["false_alarms"], specificity, 1 - share, rest=True),
            "rightly_cleared": _bounded(found["rightly_cleared"], specificity, 1 - share),
        },
    )


def _bounded(count: Estimate, of: Estimate, share: float, *, rest: bool = False) -> Estimate:
    """A count that is the same in every draw gets the bounds of its sensitivity or specificity, at this prevalence.

    Where nobody was missed, that none of 1,000 would be is not known: Wilson's interval says how many it may be.
    """
    if count.value is None or count.lower is not None or of.lower is None or of.upper is None:
        return count
    ends = sorted(1000 * share * (1 - end if rest else end) for end in (of.lower, of.upper))
    return replace(count, lower=ends[0], upper=ends[1], method=of.method, reason=None)


def _values(
    predictions: Predictions, truth: NDArray[np.bool_], called: NDArray[np.bool_], prevalence: float | None
) -> Callable[[Weights], dict[str, Array]]:
    counts = counts_of(*predictions.members(), 2 * truth.astype(np.int64) + called, 4)

    def values(weights: Weights) -> dict[str, Array]:
        cleared, alarms, missed, hits = counts(weights).T
        with np.errstate(invalid="ignore", divide="ignore"):
            sensitivity, specificity = hits / (hits + missed), cleared / (cleared + alarms)
            share = (hits + missed) / (cleared + alarms + missed + hits) if prevalence is None else prevalence
            found, false_alarms = share * sensitivity, (1 - share) * (1 - specificity)
            overlooked, rightly_cleared = share * (1 - sensitivity), (1 - share) * specificity
            ppv, npv = found / (found + false_alarms), rightly_cleared / (rightly_cleared + overlooked)
        return {
            "sensitivity": sensitivity,
            "specificity": specificity,
            "ppv": ppv,
            "npv": npv,
            "found": 1000 * found,
            "missed": 1000 * overlooked,
            "false_alarms": 1000 * false_alarms,
            "rightly_cleared": 1000 * rightly_cleared,
        }

    return values
