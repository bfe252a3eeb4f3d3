"""Several predictions of the same images against the first of them: differences, intervals, tests.

A bootstrap draw takes the same groups for all of them, so that what is hard about an image cancels out: the interval
of a difference is shorter than those of the two values suggest.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cervinet.errors import UsageError
from cervinet.evaluation.contrasts import Change, Contrast, Measure, measures
from cervinet.evaluation.intervals import FEW_GROUPS, Estimate, Resampling, estimates
from cervinet.evaluation.matching import Entrant, matched
from cervinet.evaluation.measured import Value, mean_sensitivity, measured, samples_of
from cervinet.evaluation.metrics import OVERALL, PER_CLASS
from cervinet.evaluation.paired_tests import PValue, area_test, holm, swap_test
from cervinet.evaluation.plain_json import plain
from cervinet.evaluation.predictions import Predictions
from cervinet.evaluation.statistics import Array, Weights

_SEVERAL = "each image was predicted several times, for which there is no such test"


@dataclass(frozen=True)
class Comparison:
    """Runs against the first of them, the reference, on the same images.

    Attributes:
        reference: its name.
        contrasts: the others.
        classes: names.
        images: how many.
        groups: how many.
        confidence: of the intervals.
        remarks: what must be said with the figures.
    """

    reference: str
    contrasts: tuple[Contrast, ...]
    classes: tuple[str, ...]
    images: int
    groups: int
    confidence: float
    remarks: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The content of `comparison.json`: plain numbers, text and null, never NaN."""
        return {
            "reference": self.reference,
            "images": self.images,
            "groups": self.groups,
            "classes": list(self.classes),
            "confidence": self.confidence,
            "remarks": list(self.remarks),
            "runs": plain(self.contrasts),
        }


def compare(entrants: Sequence[Entrant], how: Resampling) -> Comparison:
    """Compare each with the first.

    Args:
        entrants: two or more, with distinct names.
        how: draws, confidence, seed and method of the intervals.

    Raises:
        UsageError: there are fewer than two.
        DataError: they are not of the same images, labels, groups and classes.
    """
    if len(entrants) < 2:
        raise UsageError(f"two or more runs are needed for a comparison; got {len(entrants)}")
    together = matched(entrants)
    first, *others = together.predictions
    images, (_, groups) = len(set(first.images)), first.members()
    asked = measures(first.classes)
    found = _all_estimates(together.predictions, asked, images, groups, how)
    tests = _adjusted([_tests(first, other, images, groups) for other in others])
    contrasts = []
    for place, (other, tested) in enumerate(zip(others, tests, strict=True), start=1):
        changes = [
            Change(
                measure,
                found[f"0 {measure.key}"],
                found[f"{place} {measure.key}"],
                found[f"{place} - 0 {measure.key}"],
                how.confidence,
                tested.get(measure.key),
            )
            for measure in asked
        ]
        gained, lost = _discordant(first, other)
        same = first.probabilities.shape == other.probabilities.shape and bool(
            (first.probabilities == other.probabilities).all()
        )
        contrasts.append(Contrast(entrants[place].name, tuple(changes), same, gained, lost))
    remarks = (*together.remarks, *_remarks(together.predictions, groups))
    return Comparison(entrants[0].name, tuple(contrasts), first.classes, images, groups, how.confidence, remarks)


def _all_estimates(
    together: Sequence[Predictions], asked: Sequence[Measure], images: int, groups: int, how: Resampling
) -> dict[str, Estimate]:
    """`<place> <measure>` and `<place> - 0 <measure>` → estimate, all from the same draws."""
    first = together[0]
    rows: dict[str, Value] = {
        "accuracy": OVERALL["accuracy"].value,
        "balanced_accuracy": mean_sensitivity(first.labels),
        "log_loss": OVERALL["log_loss"].value,
        "brier": OVERALL["brier"].value,
        "auroc": PER_CLASS["auroc"].value,
    }
    of_each = [measured(samples_of(one), rows) for one in together]

    def values(weights: Weights) -> dict[str, Array]:
        own = [_by_measure(of(weights), asked, first.classes) for of in of_each]
        found = {f"{place} {key}": value for place, one in enumerate(own) for key, value in one.items()}
        for place, one in enumerate(own[1:], start=1):
            found |= {f"{place} - 0 {key}": value - own[0][key] for key, value in one.items()}
        return found

    undefined = {}
    for place in range(len(together)):
        for measure in asked:
            undefined[f"{place} {measure.key}"] = why = _undefined(measure, first)
            if place:
                undefined[f"{place} - 0 {measure.key}"] = why
    return estimates(
        values,
        counted=dict.fromkeys(undefined, images),
        undefined=undefined,
        groups=groups,
        images=len(first.images) * len(together),
        how=how,
    )


def _by_measure(found: dict[str, Array], asked: Sequence[Measure], classes: Sequence[str]) -> dict[str, Array]:
    columns: dict[str, Callable[[Measure], Array]] = {
        "auroc": lambda measure: found["auroc"][:, classes.index(str(measure.label))],
        "auroc_macro": lambda measure: found["auroc"].mean(axis=1),
    }
    return {one.key: columns[one.metric](one) if one.metric in columns else found[one.metric] for one in asked}


def _undefined(measure: Measure, predictions: Predictions) -> str:
    if measure.label is not None:
        return PER_CLASS["auroc"].undefined.format(name=repr(measure.label))
    if measure.metric == "auroc_macro":
        occur = set(predictions.labels.tolist())
        missing = [repr(name) for number, name in enumerate(predictions.classes) if number not in occur]
        return f"there must be images of every class; none is of {', '.join(missing)}"
    return OVERALL["accuracy" if measure.metric == "brier" else measure.metric].undefined


def _discordant(first: Predictions, other: Predictions) -> tuple[int | None, int | None]:
    """Images that only the other gets right, and that only the first does."""
    if len(first.by_repeat()) > 1 or len(other.by_repeat()) > 1:
        return None, None
    gains = _right(other) - _right(first)
    return int((gains == 1).sum()), int((gains == -1).sum())


def _right(predictions: Predictions) -> NDArray[np.int64]:
    right: NDArray[np.int64] = np.equal(predictions.predicted, predictions.labels).astype(np.int64)
    return right


def _tests(first: Predictions, other: Predictions, images: int, groups: int) -> dict[str, PValue]:
    """Measure → test, of accuracy and of the area of each class."""
    single = groups == images
    swap = "exact McNemar test" if single else "exact test that swaps the two within each group (McNemar's for groups)"
    labels = {measure.key: measure.label for measure in measures(first.classes) if measure.label is not None}
    if len(first.by_repeat()) > 1 or len(other.by_repeat()) > 1:
        none = PValue(None, "none", _SEVERAL)
        return {"accuracy": none} | dict.fromkeys(labels, none)
    members, _ = first.members()
    gains = np.bincount(members, _right(other) - _right(first), groups).round().astype(np.int64)
    found = {"accuracy": PValue(swap_test(gains), swap)}
    for key, label in labels.items():
        index = first.classes.index(label)
        scores = first.probabilities[:, index], other.probabilities[:, index]
        found[key] = area_test(first.labels == index, *scores, members).test
    return found


def _adjusted(tests: Sequence[dict[str, PValue]]) -> list[dict[str, PValue]]:
    """With Holm's adjustment for being several runs, measure by measure; one alone needs none."""
    if len(tests) < 2:
        return list(tests)
    adjusted = {key: holm([one[key].p for one in tests]) for key in tests[0]}
    return [
        {key: replace(test, adjusted=adjusted[key][place]) for key, test in one.items()}
        for place, one in enumerate(tests)
    ]


def _remarks(together: Sequence[Predictions], groups: int) -> list[str]:
    said = []
    if groups < FEW_GROUPS:
        said.append(f"there are {groups} groups; with fewer than about {FEW_GROUPS} the intervals are too short")
    if any(one.split == "val" for one in together):
        said.append(
            "these are validation images, by which epochs and thresholds were chosen: what was tuned more looks better"
        )
    if len(together) > 2:
        said.append(
            f"{len(together) - 1} runs are compared with one reference: their p-values are adjusted by Holm's method, "
            "each interval stands for itself"
        )
    return said
