"""How far probabilities are from what happens: expected calibration errors in 15 bins.

The error is the mean over the images of the distance, in the image's bin, between the mean probability and the share
for which it came true (Naeini et al., AAAI 2015; Guo et al., ICML 2017): of the probability of the predicted class (top
label), or of every class against the others, then the mean over the classes (Kull et al., NeurIPS 2019). Bins are of
equal width, or hold equally many images (Nguyen & O'Connor, EMNLP 2015). A finite sample makes it too large, and
a bootstrap draw even larger, so that its intervals are made of the distances between draws and sample.
"""

import numpy as np
from numpy.typing import NDArray

from cervinet.evaluation.statistics import Array, Columns, Sample

BINS = 15
KINDS = ("ece", "ece_equal_mass", "ece_classwise", "ece_classwise_equal_mass")


def equal_width(bins: int) -> Array:
    """The inner edges of bins over [0, 1], float64 `(bins - 1,)`; a bin is (lower, upper], the first holds 0 too."""
    edges: Array = np.linspace(0, 1, bins + 1)[1:-1]
    return edges


def equal_mass(scores: Array, bins: int) -> Array:
    """Inner edges between which equally many of `scores`, float64 `(n,)`, lie; equal scores share a bin.

    Bootstrap draws keep the edges of the whole sample, as they keep those of equal width.
    """
    edges: Array = np.quantile(scores, np.linspace(0, 1, bins + 1)[1:-1])
    return edges


def bin_of(scores: Array, edges: Array) -> NDArray[np.int64]:
    """int64 of the shape of `scores`, from 0: the bin (lower, upper] that each lies in."""
    return np.searchsorted(edges, scores, "left").astype(np.int64)


def gaps(sample: Sample) -> Columns:
    """For each kind and each bin the sum over its images of probability less truth; see `errors`."""
    rows = sample.normalised
    predicted = sample.probabilities.argmax(axis=1)
    top = rows[np.arange(len(rows)), predicted]
    right = (predicted == sample.labels).astype(np.float64)
    truth = np.eye(sample.classes)[sample.labels]
    at, values = [], []
    for scores, true in ((top[None], right[None]), (rows.T, truth.T)):
        # Equal but for how a row was summed: they lie in the same bin.
        rounded = np.round(scores, 12)
        for edges in ([equal_width(BINS)] * len(scores), [equal_mass(one, BINS) for one in rounded]):
            at += [bin_of(one, of_one) for one, of_one in zip(rounded, edges, strict=True)]
            values += list(scores - true)
    starts = BINS * np.arange(len(at))[:, None]
    return Columns(np.stack(at) + starts, np.stack(values), BINS * len(at))


def errors(gaps: Array) -> Array:
    """`(draws, 4)` in [0, 1], in the order of `KINDS`: of the sums of `gaps`, each divided by the images of its draw.

    Of the difference between the gaps of a draw and those of the sample it is how far the draw is away: the errors of
    the two do not differ by more.
    """
    distances = np.abs(gaps.reshape(len(gaps), -1, BINS)).sum(axis=2)
    top, classes = distances[:, :2], np.split(distances[:, 2:], 2, axis=1)
    return np.concatenate([top, *(one.mean(axis=1, keepdims=True) for one in classes)], axis=1)
