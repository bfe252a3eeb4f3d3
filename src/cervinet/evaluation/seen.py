"""All that the metrics need, under many bootstrap draws at once: work that they share is done once."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cervinet.evaluation import calibration_error, hierarchy, rank_statistics, statistics
from cervinet.evaluation.ratio import ratio
from cervinet.evaluation.statistics import Array, Sample, Weights, summed


@dataclass(frozen=True, eq=False)
class Seen:
    """What was seen in each draw, all float64.

    Attributes:
        confusion: `(draws, classes, classes)`; rows are the truth, columns the most probable class.
        losses: `(draws, 2)`, sums of the log-losses and of the Brier scores.
        calibration: `(draws, 4)`, each kind of calibration error.
        calibration_distances: `(draws, 4)`, how far the bins' gaps of the draw are from those of the sample.
        overlaps: `(draws, 3)`, sums of labels shared, predicted and true; without columns where there is no hierarchy.
        areas: `(draws, classes)`, one-vs-rest areas under the ROC curve.
        average_precisions: `(draws, classes)`, one-vs-rest.
        pair_areas: `(draws, classes, classes)`, A(i|j).
        micro_area: `(draws,)`.
        micro_precision: `(draws,)`.
    """

    confusion: Array
    losses: Array
    calibration: Array
    calibration_distances: Array
    overlaps: Array
    areas: Array
    average_precisions: Array
    pair_areas: Array
    micro_area: Array
    micro_precision: Array


def look(sample: Sample) -> Callable[[Weights], Seen]:
    """Read, bin and sort the images once; counts `(draws, groups)` → what is seen in each draw."""
    parts = {
        "confusion": statistics.confusion(sample),
        "losses": statistics.losses(sample),
        "gaps": calibration_error.gaps(sample),
    }
    if sample.hierarchy is not None:
        parts["overlaps"] = hierarchy.overlaps(sample)
    sums, classes = summed(sample, parts), sample.classes
    one_vs_rest, micro = rank_statistics.one_vs_rest(sample), rank_statistics.micro(sample)
    of_sample = sums(np.ones((1, sample.groups)))["gaps"] / len(sample.labels)
    pair_areas = rank_statistics.pair_areas(sample)

    def of(weights: Weights) -> Seen:
        summed_up = sums(weights)
        matrix = summed_up["confusion"]
        gaps = ratio(summed_up["gaps"], matrix.sum(axis=1, keepdims=True))
        areas, precisions = one_vs_rest(weights)
        micro_area, micro_precision = micro(weights)
        return Seen(
            confusion=matrix.reshape(-1, classes, classes),
            losses=summed_up["losses"],
            calibration=calibration_error.errors(gaps),
            calibration_distances=calibration_error.errors(gaps - of_sample),
            overlaps=summed_up.get("overlaps", np.empty((len(weights), 0))),
            areas=areas,
            average_precisions=precisions,
            pair_areas=pair_areas(weights),
            micro_area=micro_area,
            micro_precision=micro_precision,
        )

    return of
