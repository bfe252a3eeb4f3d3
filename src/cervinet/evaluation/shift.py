"""What changes from a run's own test pictures to those of another site."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from cervinet.errors import DataError
from cervinet.evaluation.evaluate import evaluate
from cervinet.evaluation.intervals import Estimate, Resampling
from cervinet.evaluation.means import Parts, mean_estimates
from cervinet.evaluation.metric_names import metric_title
from cervinet.evaluation.plain_json import plain
from cervinet.evaluation.predictions import Predictions
from cervinet.evaluation.proportions import wilson
from cervinet.evaluation.question import Question, questions
from cervinet.evaluation.weak_calibration import weak_calibration

METRICS = ("log_loss", "accuracy", "auroc_macro", "brier", "ece")
"""What is compared, as far as it is measured."""


@dataclass(frozen=True)
class Shift:
    """Own test images beside the other site's, under the same locked network, temperature and thresholds.

    Attributes:
        own: name → estimate on the run's own test images.
        other: the same on the other site's.
        prevalence: class → (own, other) estimates of its share.
        calibration: question → name (intercept, slope, in_the_large) → (own, other). intercept and slope: see
            `WeakCalibration`; in_the_large: the observed share less the mean probability, in [-1, 1].
        sentences: what parted, in plain words.
    """

    own: dict[str, Estimate]
    other: dict[str, Estimate]
    prevalence: dict[str, tuple[Estimate, Estimate]]
    calibration: dict[str, dict[str, tuple[Estimate, Estimate]]]
    sentences: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain numbers, text and null; pairs are {"own", "other"}."""

        def pairs(of: dict[str, tuple[Estimate, Estimate]]) -> dict[str, Any]:
            return {name: {"own": plain(own), "other": plain(other)} for name, (own, other) in of.items()}

        return {
            "metrics": pairs({name: (one, self.other[name]) for name, one in self.own.items()}),
            "prevalence": pairs(self.prevalence),
            "calibration": {name: pairs(of) for name, of in self.calibration.items()},
            "sentences": list(self.sentences),
        }


def shift(own: Predictions, other: Predictions, positive: list[str] | None, how: Resampling) -> Shift:
    """Compare.

    Args:
        own: test predictions of the run.
        other: of the other site, by the same network.
        positive: the classes that are searched for; None: see `question.questions`.
        how: the intervals are made.

    Raises:
        DataError: the classes are others, or one of the two has no image.
    """
    if own.classes != other.classes:
        raise DataError(
            f"the other site's predictions must be for the classes {', '.join(own.classes)} in this order; "
            f"got {', '.join(other.classes)}"
        )
    mine, theirs = (_metrics(each, how) for each in (own, other))
    shares = [_prevalence(each, how) for each in (own, other)]
    prevalence = {name: (shares[0][name], shares[1][name]) for name in own.classes}
    calibration = {}
    for question in questions(own.classes, positive):
        found = [_calibration(question, each, how) for each in (own, other)]
        calibration[question.name] = {name: (one, found[1][name]) for name, one in found[0].items()}
    sentences = (*_of_prevalence(prevalence), *_of_metrics(mine, theirs), *_of_calibration(calibration))
    return Shift(mine, theirs, prevalence, calibration, sentences)


def _metrics(predictions: Predictions, how: Resampling) -> dict[str, Estimate]:
    found = evaluate(predictions, how).metrics
    return {name: found[name] for name in METRICS if name in found}


def _prevalence(predictions: Predictions, how: Resampling) -> dict[str, Estimate]:
    one = np.ones(len(predictions.labels))
    parts: dict[str, Parts] = {
        name: (predictions.labels == index, one) for index, name in enumerate(predictions.classes)
    }
    found = mean_estimates(predictions, parts, dict.fromkeys(parts, "there are no images"), how)
    _, groups = predictions.members()
    constant = {name for name, one in found.items() if one.value in (0, 1)}
    return {name: _wilson(one, groups, how) if name in constant else one for name, one in found.items()}


def _wilson(estimate: Estimate, groups: int, how: Resampling) -> Estimate:
    """For a share of 0 or 1, which every draw repeats: Wilson's interval, each group counting as one image."""
    if not how.draws or groups < 2 or estimate.value is None:
        return estimate
    lower, upper = wilson(estimate.value, groups, how.confidence)
    return replace(estimate, lower=lower, upper=upper, method=f"Wilson, {groups} groups", reason=None)


def _calibration(question: Question, predictions: Predictions, how: Resampling) -> dict[str, Estimate]:
    scores, truth = question.scores(predictions.probabilities), question.truth(predictions.labels)
    fitted = weak_calibration(question, predictions, how)
    parts: dict[str, Parts] = {"in_the_large": (truth - scores, np.ones(len(truth)))}
    large = mean_estimates(predictions, parts, {"in_the_large": "there are no images"}, how)
    return {"intercept": fitted.intercept, "slope": fitted.slope, **large}


def _of_prevalence(prevalence: dict[str, tuple[Estimate, Estimate]]) -> Iterator[str]:
    for name, (own, other) in prevalence.items():
        if _parted(own, other):
            yield (
                f"{name!r} is {_percent(other)} of the images here and {_percent(own)} of the run's own test images: "
                "predictive values and probabilities that were right there need not be right here"
            )


def _of_metrics(own: dict[str, Estimate], other: dict[str, Estimate]) -> Iterator[str]:
    for name, mine in own.items():
        theirs = other[name]
        if _parted(mine, theirs):
            assert mine.value is not None
            assert theirs.value is not None
            moved = "lower" if theirs.value < mine.value else "higher"
            yield f"{metric_title(name)} is {moved} here: {_with_interval(theirs)} against {_with_interval(mine)}"


def _of_calibration(calibration: dict[str, dict[str, tuple[Estimate, Estimate]]]) -> Iterator[str]:
    for question, found in calibration.items():
        own, large = found["in_the_large"]
        aim = _side(large, 0)
        if aim and large.value is not None:
            yield (
                f"probabilities of {question!r} are too {'low' if aim > 0 else 'high'} here{_as_there(aim, own, 0)}: "
                f"the true share is {100 * abs(large.value):.1f} points {'above' if aim > 0 else 'below'} their mean"
            )
        own, slope = found["slope"]
        bend = _side(slope, 1)
        if bend:
            words = "too extreme" if bend < 0 else "not decided enough"
            yield (
                f"probabilities of {question!r} are {words} here{_as_there(bend, own, 1)}: the calibration slope is "
                f"{_with_interval(slope)}, 1 is ideal"
            )


def _as_there(side: int, own: Estimate, ideal: float) -> str:
    return ", as on the run's own test images" if _side(own, ideal) == side else ""


def _side(estimate: Estimate, ideal: float) -> int:
    """1 above the ideal value, -1 below it, 0 where the interval holds it or is not known."""
    if estimate.lower is None or estimate.upper is None:
        return 0
    return int(estimate.lower > ideal) - int(estimate.upper < ideal)


def _parted(own: Estimate, other: Estimate) -> bool:
    if own.lower is None or own.upper is None or other.lower is None or other.upper is None:
        return False
    return own.upper < other.lower or other.upper < own.lower


def _percent(estimate: Estimate) -> str:
    assert estimate.value is not None
    return f"{100 * estimate.value:.{0 if estimate.value >= 0.1 or not estimate.value else 1}f} %"


def _with_interval(estimate: Estimate) -> str:
    return f"{estimate.value:.3f} ({estimate.lower:.3f} – {estimate.upper:.3f})"
