"""All that metrics need, under many bootstrap draws at once: what they share is done once, and only where needed."""

from collections.abc import Callable
from functools import cached_property

import numpy as np

from cervinet.evaluation import calibration_error, hierarchy, rank_statistics, statistics
from cervinet.evaluation.rank_statistics import Ranking
from cervinet.evaluation.statistics import Array, Sample, Weights, ratio, summed


class _Looked:
    """The images read, binned and sorted once, each when it is first needed."""

    def __init__(self, sample: Sample) -> None:
        self.sample = sample

    @cached_property
    def sums(self) -> Callable[[Weights], dict[str, Array]]:
        sample = self.sample
        parts = {
            "confusion": statistics.confusion(sample),
            "losses": statistics.losses(sample),
            "gaps": calibration_error.gaps(sample),
        }
        if sample.hierarchy is not None:
            parts["overlaps"] = hierarchy.overlaps(sample)
        return summed(sample.members, sample.groups, parts)

    @cached_property
    def own_gaps(self) -> Array:
        gaps: Array = self.sums(np.ones((1, self.sample.groups)))["gaps"] / len(self.sample.labels)
        return gaps

    @cached_property
    def one_vs_rest(self) -> Callable[[Weights], tuple[Array, Array]]:
        return rank_statistics.one_vs_rest(self.sample)

    @cached_property
    def micro(self) -> Ranking:
        return rank_statistics.micro(self.sample)

    @cached_property
    def pair_areas(self) -> Callable[[Weights], Array]:
        return rank_statistics.pair_areas(self.sample)


class Seen:
    """What was seen in each of some draws, all float64; computed when it is asked for."""

    def __init__(self, looked: _Looked, weights: Weights) -> None:
        self._looked = looked
        self._weights = weights

    @cached_property
    def _sums(self) -> dict[str, Array]:
        return self._looked.sums(self._weights)

    @cached_property
    def confusion(self) -> Array:
        """`(draws, classes, classes)`; rows are the truth, columns the most probable class."""
        classes = self._looked.sample.classes
        return self._sums["confusion"].reshape(-1, classes, classes)

    @property
    def losses(self) -> Array:
        """`(draws, 2)`, sums of the log-losses and of the Brier scores."""
        return self._sums["losses"]

    @cached_property
    def _gaps(self) -> Array:
        return ratio(self._sums["gaps"], self._sums["confusion"].sum(axis=1, keepdims=True))

    @cached_property
    def calibration(self) -> Array:
        """`(draws, 4)`, each kind of calibration error."""
        return calibration_error.errors(self._gaps)

    @cached_property
    def calibration_distances(self) -> Array:
        """`(draws, 4)`, how far the bins' gaps of the draw are from those of the sample."""
        return calibration_error.errors(self._gaps - self._looked.own_gaps)

    @property
    def overlaps(self) -> Array:
        """`(draws, 3)`, sums of labels shared, predicted and true; only where there is a hierarchy."""
        return self._sums["overlaps"]

    @cached_property
    def _one_vs_rest(self) -> tuple[Array, Array]:
        return self._looked.one_vs_rest(self._weights)

    @property
    def areas(self) -> Array:
        """`(draws, classes)`, one-vs-rest areas under the ROC curve."""
        return self._one_vs_rest[0]

    @property
    def average_precisions(self) -> Array:
        """`(draws, classes)`, one-vs-rest."""
        return self._one_vs_rest[1]

    @cached_property
    def pair_areas(self) -> Array:
        """`(draws, classes, classes)`, A(i|j)."""
        return self._looked.pair_areas(self._weights)

    @cached_property
    def _micro(self) -> tuple[Array, Array]:
        return self._looked.micro(self._weights)

    @property
    def micro_area(self) -> Array:
        """`(draws,)`."""
        return self._micro[0]

    @property
    def micro_precision(self) -> Array:
        """`(draws,)`."""
        return self._micro[1]


def look(sample: Sample) -> Callable[[Weights], Seen]:
    """Counts `(draws, groups)` → what is seen in each draw."""
    looked = _Looked(sample)
    return lambda weights: Seen(looked, weights)
