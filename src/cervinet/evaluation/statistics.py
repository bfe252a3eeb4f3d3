"""What the metrics need to know of the images, looked at once and then weighted by many bootstrap draws.

A bootstrap draw is a count for each group, so a resampled data set is never built. The images are read, binned
and sorted once. What is a sum over images is a total of each group: one sparse product with the counts of many
draws gives all of it. What depends on the order of the scores is in `rank_statistics`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Weights = NDArray[Any]
"""`(draws, groups)`, how often each group counts: int32 from the bootstrap, or float64, never negative."""


@dataclass(frozen=True, eq=False)
class Hierarchy:
    """To which class each label of a finer level belongs.

    Attributes:
        parents: int64 `(labels,)`, the class of each; -1 where it is not known.
        alone: bool `(labels,)`, whether the label is that class itself, which has no finer ones.
    """

    parents: NDArray[np.int64]
    alone: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Sample:
    """The images of one evaluation.

    Attributes:
        labels: int64 `(n,)`, true class, from 0.
        probabilities: float64 `(n, classes)`, not negative.
        members: int64 `(n,)`, group of each image, from 0.
        groups: how many groups there are.
        hierarchy: of the labels, where they are sub-classes.
    """

    labels: NDArray[np.int64]
    probabilities: Array
    members: NDArray[np.int64]
    groups: int
    hierarchy: Hierarchy | None = None

    @property
    def classes(self) -> int:
        """How many there are, whether they occur or not."""
        return int(self.probabilities.shape[1])

    @property
    def normalised(self) -> Array:
        """The probabilities, each row divided by its sum."""
        rows: Array = self.probabilities / self.probabilities.sum(axis=1, keepdims=True)
        return rows


@dataclass(frozen=True, eq=False)
class Columns:
    """Values of images that are to be summed, each into one of several sums.

    Attributes:
        at: int64 `(k, n)`, which sum each of an image's k values goes into.
        values: float64 `(k, n)`.
        sums: how many sums there are.
    """

    at: NDArray[np.int64]
    values: Array
    sums: int


def ratio(numerator: Array, denominator: Array) -> Array:
    """Element by element, float64; NaN, not 0 or infinity, where the denominator is not above 0."""
    with np.errstate(invalid="ignore"):
        return np.where(denominator > 0, numerator, np.nan) / np.where(denominator > 0, denominator, 1)


def summed(
    members: NDArray[np.int64], groups: int, parts: Mapping[str, Columns]
) -> Callable[[Weights], dict[str, Array]]:
    """Weighted sums over the images: counts `(draws, groups)` → name → float64 `(draws, sums)`.

    Sums of whole numbers are exact. A sum does not depend on the other draws of a call.

    Args:
        members: int64 `(n,)`, group of each image, from 0.
        groups: how many there are.
        parts: name → what is summed.
    """
    # Imported here since most commands evaluate nothing. Dense totals of each group and cell took 15 times as long for
    # the decision curve of 100,000 images.
    from scipy.sparse import coo_array

    starts = np.cumsum([0, *(part.sums for part in parts.values())])
    rows = [(part.at + start).ravel() for part, start in zip(parts.values(), starts, strict=False)]
    columns = [np.broadcast_to(members, part.at.shape).ravel() for part in parts.values()]
    values = [part.values.ravel() for part in parts.values()]
    places = (np.concatenate(rows), np.concatenate(columns))
    totals = coo_array((np.concatenate(values), places), shape=(starts[-1], groups)).tocsr()

    def of(weights: Weights) -> dict[str, Array]:
        sums = (totals @ np.ascontiguousarray(weights.T, dtype=np.float64)).T
        return {name: sums[:, starts[k] : starts[k + 1]] for k, name in enumerate(parts)}

    return of


def counts_of(
    members: NDArray[np.int64], groups: int, cells: NDArray[np.int64], size: int
) -> Callable[[Weights], Array]:
    """Counts `(draws, groups)` → how many images are in each cell, float64 `(draws, size)`.

    Args:
        members: int64 `(n,)`, group of each image, from 0.
        groups: how many there are.
        cells: int64 `(n,)` or `(k, n)` in [0, size), the cell that each image is in, or its `k` cells.
        size: how many cells there are.
    """
    at = np.atleast_2d(cells)
    sums = summed(members, groups, {"cells": Columns(at, np.ones(at.shape), size)})
    return lambda weights: sums(weights)["cells"]


def confusion(sample: Sample) -> Columns:
    """Cells `classes * classes` of the confusion matrix; rows are the truth, columns the most probable class."""
    cells = sample.labels * sample.classes + sample.probabilities.argmax(axis=1)
    return Columns(cells[None], np.ones((1, len(cells))), sample.classes**2)


def losses(sample: Sample) -> Columns:
    """Two sums: the images' log-losses, and their Brier scores.

    The log-loss is the natural logarithm of the true class's probability after each row was divided by its sum,
    clipped to [1e-15, 1 - 1e-15] as by Kaggle's "Intel & MobileODT Cervical Cancer Screening". The Brier score is
    the sum over the classes of the squared difference from 1 for the true class and 0 for the others (Brier,
    Monthly Weather Review 78:1, 1950): for two classes twice what is usual for one probability.
    """
    rows, images = sample.normalised, np.arange(len(sample.labels))
    logarithms = -np.log(np.clip(rows[images, sample.labels], 1e-15, 1 - 1e-15))
    squares = ((rows - np.eye(sample.classes)[sample.labels]) ** 2).sum(axis=1)
    values = np.stack([logarithms, squares])
    return Columns(np.broadcast_to([[0], [1]], values.shape), values, 2)
