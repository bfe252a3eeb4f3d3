"""Whether what is called 80 % probable happens in 80 % of cases."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from cervinet.evaluation import statistics
from cervinet.evaluation.calibration_error import BINS, KINDS, bin_of, equal_width, errors, gaps
from cervinet.evaluation.intervals import Estimate, Resampling, estimates
from cervinet.evaluation.predictions import Predictions
from cervinet.evaluation.question import Question
from cervinet.evaluation.statistics import Array, Sample, Weights, ratio
from cervinet.evaluation.weak_calibration import WeakCalibration, weak_calibration

TOP = "predicted class"
NAMES = ("log_loss", "brier", *KINDS)
"""Lower is better."""


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


def calibrated(
    predictions: Predictions, own: Array, method: str, how: Resampling, asked: Sequence[Question] = ()
) -> Calibrated:
    """Compare `predictions` with the probabilities before calibration, `own`, float64 `(n, classes)`.

    The metrics are log_loss, brier and the calibration errors of `calibration_error.KINDS`, all lower for better. The
    rows of several repeats of a cross-validation count as images of the same group.

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
    sure = predictions.probabilities.max(axis=1)
    top = (TOP, sure, predictions.predicted == predictions.labels)
    each = [
        (name, predictions.probabilities[:, index], predictions.labels == index)
        for index, name in enumerate(predictions.classes)
    ]
    cells = np.stack([bin_of(probability, equal_width(BINS)) for _, probability, _ in (top, *each)])
    came_true = np.stack([true for *_, true in (top, *each)])
    # Two rows of cells a diagram: what came true, and what did not.
    counts = statistics.counts_of(
        *predictions.members(),
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
    of = {when: _losses(stage) for when, stage in stages.items()}
    some = next(iter(stages.values()))

    def values(weights: Weights) -> dict[tuple[str, str], Array]:
        found = {(when, name): value for when, losses in of.items() for name, value in losses(weights).items()}
        if "after" in stages:
            found |= {("change", name): found["after", name] - found["before", name] for name in NAMES}
        return found

    names = [(when, name) for when in (*stages, *(["change"] if "after" in stages else [])) for name in NAMES]
    found = estimates(
        values,
        counted=dict.fromkeys(names, some.count(np.ones(len(some.images), np.bool_))),
        undefined=dict.fromkeys(names, "there are no images"),
        groups=some.members()[1],
        images=len(some.images),
        how=how,
        distances={(when, name): (when, f"distance of {name}") for when in stages for name in KINDS},
    )
    metrics = {when: {name: found[when, name] for name in NAMES} for when in stages}
    change = {name: found["change", name] for name in NAMES} if "after" in stages else {}
    return metrics, change


def _losses(predictions: Predictions) -> Callable[[Weights], dict[str, Array]]:
    """Counts → the metrics of `NAMES`, and how far the calibration errors of a draw are from those of the sample."""
    members, groups = predictions.members()
    sample = Sample(predictions.labels, predictions.probabilities, members, groups, None)
    sums = statistics.summed(members, groups, {"losses": statistics.losses(sample), "gaps": gaps(sample)})
    sizes = np.bincount(members, minlength=groups).astype(np.float64)
    of_sample = sums(np.ones((1, groups)))["gaps"] / len(members)

    def values(weights: Weights) -> dict[str, Array]:
        found, images = sums(weights), (weights @ sizes)[:, None]
        means = ratio(found["gaps"], images)
        table = np.hstack([ratio(found["losses"], images), errors(means), errors(means - of_sample)])
        return dict(zip((*NAMES, *(f"distance of {name}" for name in KINDS)), table.T, strict=True))

    return values
