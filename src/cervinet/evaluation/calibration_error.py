"""How far probabilities are from what happens: functions of the counts of many bootstrap draws.

References: log-loss and Brier score, Brier, Monthly Weather Review 78:1, 1950; expected calibration error, Guo et al.,
ICML 2017; of bins of equal mass, Nixon et al., Measuring Calibration in Deep Learning, CVPR Workshops 2019; class by
class, Kull et al., Beyond temperature scaling, NeurIPS 2019.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from cervinet.evaluation.cell_sums import cell_sums
from cervinet.evaluation.predictions import Predictions
from cervinet.evaluation.statistics import Array, Weights

BINS = 15
"""Of equal width, or of equally many images."""

NAMES = ("log_loss", "brier", "ece", "ece_equal_mass", "ece_classwise")
"""Lower is better."""


def confidence(predictions: Predictions) -> tuple[Array, NDArray[np.bool_]]:
    """Float64 `(n,)`, the probability of the predicted class; bool `(n,)`, whether it is the true one."""
    return predictions.probabilities.max(axis=1), predictions.predicted == predictions.labels


def width_bins(probabilities: Array) -> NDArray[np.int64]:
    """Int64 of the same shape: the bin (i / 15, (i + 1) / 15] of each probability; 0 is in the first."""
    return np.searchsorted(np.arange(1, BINS) / BINS, probabilities, side="left").astype(np.int64)


def mass_bins(probabilities: Array) -> NDArray[np.int64]:
    """Int64 `(n,)`: bins of equally many images, but equal probabilities stay together."""
    first = np.searchsorted(np.sort(probabilities), probabilities, side="left")
    return (first * BINS // len(probabilities)).astype(np.int64)


class Errors:
    """Every error of each of some predictions of the same images, under many draws at a time.

    All of them are the mean over rows of a table of Σ |sum of a bin| / images: the two losses have a row with one
    bin of sums that are not negative, the gaps of classes a row a class.
    """

    def __init__(self, stages: Mapping[str, Predictions]) -> None:
        self._tables = {
            (when, name): table
            for when, stage in stages.items()
            for name, table in zip(NAMES, _tables(stage), strict=True)
        }
        cells = np.concatenate([cells for cells, _ in self._tables.values()])
        values = np.concatenate([values for _, values in self._tables.values()])
        some = next(iter(stages.values()))
        images = np.zeros((1, len(some.images)), np.int64)
        self._rows = len(cells)
        self._sums = cell_sums(
            some,
            np.concatenate([cells + BINS * np.arange(self._rows)[:, None], images + BINS * self._rows]),
            BINS * self._rows + 1,
            np.concatenate([values, images + 1.0]),
        )

    def of(self, weights: Weights) -> dict[tuple[str, str], Array]:
        """Counts `(draws, groups)` → (stage, name) → float64 `(draws,)`; NaN where a draw has no images."""
        sums = self._sums(weights)
        with np.errstate(invalid="ignore"):
            gaps = np.abs(sums[:, :-1]).reshape(len(sums), self._rows, BINS).sum(axis=2) / sums[:, -1:]
        found, start = {}, 0
        for key, (cells, _) in self._tables.items():
            found[key] = gaps[:, start : start + len(cells)].mean(axis=1)
            start += len(cells)
        return found


def _tables(predictions: Predictions) -> list[tuple[NDArray[np.int64], Array]]:
    """In the order of `NAMES`: bins and what is summed in them, `(rows, n)` each."""
    probabilities = predictions.probabilities
    truth = np.eye(len(predictions.classes))[predictions.labels]
    # Divided and clipped as by `statistics.log_losses`.
    shares = (probabilities * truth).sum(axis=1) / probabilities.sum(axis=1)
    losses = -np.log(np.clip(shares, 1e-15, 1 - 1e-15))
    sure, right = confidence(predictions)
    one = np.zeros((1, len(sure)), np.int64)
    return [
        (one, losses[None]),
        (one, ((probabilities - truth) ** 2).sum(axis=1)[None]),
        (width_bins(sure)[None], (sure - right)[None]),
        (mass_bins(sure)[None], (sure - right)[None]),
        (width_bins(probabilities.T), (probabilities - truth).T),
    ]
