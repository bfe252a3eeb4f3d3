"""Sums over the images of a cell (a bin, a field of a confusion table), under many bootstrap draws at a time."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from cervinet.evaluation.predictions import Predictions
from cervinet.evaluation.statistics import Array, Weights


def cell_sums(
    predictions: Predictions, cells: NDArray[np.int64], size: int, values: Array | None = None
) -> Callable[[Weights], Array]:
    """Counts `(draws, groups)` → sums `(draws, size)`, from the totals of each group in each cell.

    The rows of several repeats of a cross-validation count as images of the same group, which keeps intervals honest.

    Args:
        predictions: `n` rows.
        cells: int64 `(n,)` or `(k, n)` in [0, size), where each row counts, or in which `k` cells.
        size: how many cells there are.
        values: float64 of the shape of `cells`, what is summed; without, rows are counted.
    """
    # Imported here since most commands evaluate nothing. Dense totals of each group and cell took 15 times as long for
    # the decision curve of 100,000 images.
    from scipy.sparse import csr_array

    members, groups = predictions.members()
    summed = np.ones(cells.size) if values is None else values.ravel()
    totals = csr_array((summed, (cells.ravel(), np.broadcast_to(members, cells.shape).ravel())), shape=(size, groups))

    def of(weights: Weights) -> Array:
        sums: Array = (totals @ np.ascontiguousarray(weights.T, dtype=np.float64)).T
        return sums

    return of


def images_of(predictions: Predictions, rows: NDArray[np.bool_]) -> int:
    """How many images the rows are of, where each image has one for each repeat."""
    repeats = 1 if predictions.repeats is None else len(np.unique(predictions.repeats))
    return round(np.count_nonzero(rows) / repeats)
