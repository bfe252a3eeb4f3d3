"""The same metrics for parts of the images: sites, age bands, devices, picture sizes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cervinet.evaluation.bands import parts_of
from cervinet.evaluation.intervals import FEW_GROUPS, Estimate, Resampling, estimates
from cervinet.evaluation.measured import measured, samples_of
from cervinet.evaluation.metric_names import metric_name, metric_title
from cervinet.evaluation.predictions import Predictions
from cervinet.evaluation.subgroup_metrics import asked_of


@dataclass(frozen=True)
class Part:
    """One subgroup: its value, its images and groups, its metrics, and whether it is too small to say much."""

    value: str
    images: int
    groups: int
    metrics: dict[str, Estimate]
    small: bool


@dataclass(frozen=True)
class Subgroups:
    """The parts by one column, the images without a value, and the gaps whose intervals part, in plain words.

    Attributes:
        column: what the images are divided by.
        parts: in the order of their numbers, or of their texts.
        unknown: images without a value.
        gaps: where a part and all other images of known value differ; those of small parts are never flagged.
        caution: what must be said with the gaps.
        confidence: of the intervals.
        whole: all images of known value together.
        compared: metrics of parts that were compared with those of the rest.
    """

    column: str
    parts: tuple[Part, ...]
    unknown: int
    gaps: tuple[str, ...]
    caution: str = ""
    confidence: float | None = None
    whole: Part | None = None
    compared: int = 0


def subgroups(
    predictions: Predictions,
    column: str,
    values: Sequence[str],
    edges: Sequence[float] | None,
    how: Resampling,
    positive: Sequence[str] | None = None,
) -> Subgroups:
    """Judge each part; `values` has one text an image, empty where unknown; numbers are banded.

    Metrics: accuracy, log_loss, sensitivity and specificity (of the positive classes; `…_macro` where more than one
    question is asked), auroc_macro (of more than two classes), and `auroc:<class>` (of two, that of the last). Each
    interval is from draws of the part's own groups.

    Args:
        predictions: `n` rows.
        column: its name.
        values: `n` texts.
        edges: between bands of numbers, increasing; None for tertiles where there are many numbers.
        how: draws, confidence, seed and method of the intervals.
        positive: the classes that are looked for, as `evaluation.positive`.

    Raises:
        ConfigError: the edges do not increase.
        DataError: no image has a value, or one is no number though there are edges.
    """
    labels, names = parts_of(column, values, edges)
    of_each, repeats = np.array(labels, dtype=object), len(predictions.by_repeat())
    known = np.flatnonzero(np.not_equal(of_each, ""))
    whole = _part(predictions, "all of known value", known, how, positive)
    parts, gaps, compared = [], [], 0
    for name in names:
        inside = np.equal(of_each, name)
        part = _part(predictions, name, np.flatnonzero(inside), how, positive)
        parts.append(part)
        others = known[~inside[known]]
        if part.small or not len(others):
            continue
        rest = _part(predictions, "others", others, how, positive)
        # Of two parts each is the rest of the other: one of the two says it all.
        if not rest.small and not (len(names) == 2 and name == names[1] and not parts[0].small):
            compared += len(part.metrics)
            gaps += _gaps(column, part, rest)
    caution = (
        f"{compared} comparisons were made; some gaps are expected by chance alone, and a gap does not say what "
        "causes it"
        if compared
        else "no part and its rest are large enough to be compared"
    )
    unknown = (len(labels) - len(known)) // repeats
    return Subgroups(column, tuple(parts), unknown, tuple(gaps), caution, how.confidence, whole, compared)


def _part(
    predictions: Predictions, name: str, rows: NDArray[np.int64], how: Resampling, positive: Sequence[str] | None
) -> Part:
    samples = samples_of(predictions, rows)
    groups, images, members = samples[0].groups, len(samples[0].labels), samples[0].members
    asked = asked_of(predictions.classes, samples[0].labels, positive)
    found = estimates(
        measured(samples, {one.key: one.value for one in asked}),
        counted={one.key: one.counted for one in asked},
        undefined={one.key: one.undefined for one in asked},
        groups=groups,
        images=images * len(samples),
        how=how,
        proportions={one.key: len(np.unique(members[one.share_of])) for one in asked if one.share_of is not None},
    )
    return Part(name, images, groups, found, small=groups < FEW_GROUPS)


def _gaps(column: str, part: Part, rest: Part) -> list[str]:
    """Metrics whose intervals do not overlap."""
    said = []
    for key, here in part.metrics.items():
        there = rest.metrics[key]
        if here.lower is None or here.upper is None or there.lower is None or there.upper is None:
            continue
        if here.lower <= there.upper and there.lower <= here.upper:
            continue
        better = (here.lower > there.upper) != (metric_name(key).better == "lower")
        said.append(
            f"{metric_title(key)} is {'better' if better else 'worse'} where {column} is {part.value}: {_shown(here)} "
            f"against {_shown(there)} of the other images"
        )
    return said


def _shown(estimate: Estimate) -> str:
    return f"{estimate.value:.3f} ({estimate.lower:.3f} to {estimate.upper:.3f})"
