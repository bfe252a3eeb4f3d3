"""Intervals of plain proportions, and what they rest on."""

from collections.abc import Mapping
from math import sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from cervinet.evaluation.statistics import Sample


def wilson(share: float, n: int, confidence: float) -> tuple[float, float]:
    """Score interval of a share of `n` independent trials; within [0, 1], and of a width above 0 for 0 and 1 too.

    Args:
        share: in [0, 1].
        n: at least 1.
        confidence: in (0, 1).

    Reference: Wilson, J. Am. Stat. Assoc. 22:209, 1927.
    """
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    centre, shrink = share + z * z / (2 * n), 1 + z * z / n
    width = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    # Exact where rounding would leave 1e-17.
    lower = 0.0 if share == 0 else (centre - width) / shrink
    return lower, 1.0 if share == 1 else (centre + width) / shrink


def groups_counted(sample: Sample) -> Mapping[str, NDArray[np.int64]]:
    """How many groups have an image that a proportion counts, int64 `(classes,)` for each proportion of a class.

    Sensitivity counts the images of the class, specificity all others, ppv those predicted as it, npv the rest.
    """

    def with_images(labels: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        cells = np.bincount(sample.members * classes + labels, minlength=sample.groups * classes)
        images = cells.reshape(sample.groups, classes)
        return (images > 0).sum(axis=0), (images < images.sum(axis=1, keepdims=True)).sum(axis=0)

    classes = sample.classes
    of, of_others = with_images(sample.labels)
    as_it, as_others = with_images(sample.probabilities.argmax(axis=1))
    return {"sensitivity": of, "specificity": of_others, "ppv": as_it, "npv": as_others}
