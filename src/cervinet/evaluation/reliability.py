"""Whether what is called 80 % probable happens in 80 % of cases."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from cervinet.evaluation.calibration_error import BINS, NAMES, Errors, confidence, width_bins
from cervinet.evaluation.cell_sums import cell_sums, images_of
from cervinet.evaluation.intervals import Estimate, Resampling, estimates
from cervinet.evaluation.predictions import Predictions
from cervinet.evaluation.question import Question
from cervinet.evaluation.statistics import Array, Weights
from cervinet.evaluation.weak_calibration import WeakCalibration, weak_calibration

TOP = "predicted class"


@dataclass(frozen=True)
class Bin:
    """Images whose probability lies in (lower, upper]; those of probability 0 are in the first bin.

    Attributes:
        lower: of the bin, in [0, 1].
        upper: of the bin, in [0, 1].
        n: images in it; where each image was predicted several times, predictions.
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
        change: name → after minus before, from the same draws; below 0 is better. Empty without calibration.
        weak: "before" and "after" → intercept and slope of each question that was asked.
    """

    method: str
    before: tuple[Reliability, ...]
    after: tuple[Reliability, ...]
    metrics: dict[str, dict[str, Estimate]]
    change: dict[str, Estimate] = field(default_factory=dict)
    weak: dict[str, tuple[WeakCalibration, ...]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain numbers, text and null, under the names of the attributes."""
        return {
            "method": self.method,
            "before": [asdict(one) for one in self.before],
            "after": [asdict(one) for one in self.after],
            "metrics": {when: _to_json(values) for when, values in self.metrics.items()},
            "change": _to_json(self.change),
            "weak": {when: [one.to_json() for one in found] for when, found in self.weak.items()},
        }


def _to_json(values: Mapping[str, Estimate]) -> dict[str, Any]:
    return {name: value.to_json() for name, value in values.items()}


def calibrated(
    predictions: Predictions, own: Array, method: str, how: Resampling, asked: Sequence[Question] = ()
) -> Calibrated:
    """Compare `predictions` with the probabilities before calibration, `own`, float64 `(n, classes)`.

    Metrics, all lower for better: log_loss; brier (the sum over classes of squared errors, 0 to 2); ece, the mean gap
    between confidence and share of right answers over 15 bins of equal width; ece_equal_mass, over 15 bins of equally
    many images; ece_classwise, the mean over the classes of their gaps.

    Args:
        predictions: the judged ones, calibrated.
        own: the network's own probabilities of the same images.
        method: of the calibration; with "none" `own` is not looked at.
        how: intervals.
        asked: questions whose calibration intercept and slope are wanted.

    Raises:
        ValueError: `own` is of another shape than the probabilities.
    """
    if own.shape != predictions.probabilities.shape:
        raise ValueError(f"own must be {predictions.probabilities.shape}; got {own.shape}")
    raw = replace(predictions, probabilities=own)
    stages = {"before": raw, "after": predictions}
    if method == "none":
        stages = {"before": predictions}
    diagrams = {when: _diagrams(stage, how) for when, stage in stages.items()}
    metrics, change = _metrics(stages, how)
    weak = {when: tuple(weak_calibration(one, stage, how) for one in asked) for when, stage in stages.items()}
    return Calibrated(
        method=method,
        before=diagrams["before"],
        after=diagrams.get("after", diagrams["before"]),
        metrics=metrics if "after" in metrics else metrics | {"after": metrics["before"]},
        change=change,
        weak=weak if "after" in weak else weak | {"after": weak["before"]},
    )


def _diagrams(predictions: Predictions, how: Resampling) -> tuple[Reliability, ...]:
    """The predicted class's and those of each class, from one set of draws."""
    top = (TOP, *confidence(predictions))
    each = [
        (name, predictions.probabilities[:, index], predictions.labels == index)
        for index, name in enumerate(predictions.classes)
    ]
    cells = np.stack([width_bins(probability) for _, probability, _ in (top, *each)])
    came_true = np.stack([true for *_, true in (top, *each)])
    # Two rows of cells a diagram: what came true, and what did not.
    counts = cell_sums(
        predictions,
        cells + BINS * (2 * np.arange(len(cells))[:, None] + ~came_true),
        2 * BINS * len(cells),
    )

    def values(weights: Weights) -> dict[str, Array]:
        right, wrong = np.moveaxis(counts(weights).reshape(len(weights), len(cells), 2, BINS), 2, 0)
        with np.errstate(invalid="ignore"):
            shares = right / (right + wrong)
        return {f"{row} {number}": shares[:, row, number] for row, number in np.ndindex(len(cells), BINS)}

    filled = [np.bincount(row, minlength=BINS) for row in cells]
    every = [(f"{diagram} {number}", int(n)) for diagram, of in enumerate(filled) for number, n in enumerate(of)]
    observed = estimates(
        values,
        counted=dict(every),
        undefined=dict.fromkeys(dict(every), "no image has a probability in this bin"),
        groups=predictions.members()[1],
        images=len(predictions.images),
        how=how,
    )
    return tuple(
        Reliability(
            name,
            tuple(_bin(number, probability[cell == number], observed[f"{diagram} {number}"]) for number in range(BINS)),
        )
        for diagram, ((name, probability, _), cell) in enumerate(zip((top, *each), cells, strict=True))
    )


def _bin(number: int, probabilities: Array, observed: Estimate) -> Bin:
    mean = float(probabilities.mean()) if len(probabilities) else None
    return Bin(number / BINS, (number + 1) / BINS, len(probabilities), mean, observed)


def _metrics(
    stages: Mapping[str, Predictions], how: Resampling
) -> tuple[dict[str, dict[str, Estimate]], dict[str, Estimate]]:
    """The metrics of each stage, and what calibration changed if there is a stage after it."""
    errors = Errors(stages)
    some = next(iter(stages.values()))

    def values(weights: Weights) -> dict[str, Array]:
        found = errors.of(weights)
        if "after" in stages:
            found |= {("change", name): found["after", name] - found["before", name] for name in NAMES}
        return {f"{when} {name}": value for (when, name), value in found.items()}

    names = [f"{when} {name}" for when in (*stages, *(["change"] if "after" in stages else [])) for name in NAMES]
    found = estimates(
        values,
        counted=dict.fromkeys(names, images_of(some, np.ones(len(some.images), np.bool_))),
        undefined=dict.fromkeys(names, "there are no images"),
        groups=some.members()[1],
        images=len(some.images),
        how=how,
    )
    metrics = {when: {name: found[f"{when} {name}"] for name in NAMES} for when in stages}
    change = {name: found[f"change {name}"] for name in NAMES} if "after" in stages else {}
    return metrics, change
