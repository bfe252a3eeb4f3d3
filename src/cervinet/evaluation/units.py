"""From images to patients: one answer a group."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cervinet.errors import DataError
from cervinet.evaluation.predictions import Predictions
from cervinet.evaluation.statistics import Array


def by_group(predictions: Predictions) -> tuple[Predictions, int]:
    """One row a group, or a group and repeat; the very same predictions where every group has one image.

    The probability of a class is its mean over the group's images, each divided by the sum of its row; the logit is the
    logarithm of that mean, so that softmax(logits) = probabilities. (The mean of the images' logits would be the
    logarithm of their geometric mean: other probabilities than those that are judged.) The spread is the mean. A
    sub-class and an attribute are kept where all images of the group have the same, else they are empty. The row's
    image and group are the name of the group. Unreadable images remain what they are.

    Args:
        predictions: of images.

    Returns:
        The groups in the order of their first images; and how many groups were left out because their images have
        several labels, so that the group has no single truth.

    Example:
        >>> patients, left_out = by_group(read_predictions("predictions_test.csv"))
    """
    members, _ = predictions.members()
    repeats = np.zeros(len(members), np.int64) if predictions.repeats is None else predictions.repeats
    labels = predictions.labels
    several = _differ(labels, members)
    left_out = len(np.unique(members[several]))
    kept = predictions.take(np.flatnonzero(~several)) if left_out else predictions
    numbers, _ = pd.factorize(pd.MultiIndex.from_arrays([repeats[~several], members[~several]]))
    rows = numbers.astype(np.int64)
    first = np.unique(rows, return_index=True)[1]
    if len(first) == len(members):
        return predictions, 0

    def mean(values: Array) -> Array:
        total = np.zeros((len(first), *values.shape[1:]))
        np.add.at(total, rows, values)
        counts: Array = np.bincount(rows).astype(np.float64)
        means: Array = (total.T / counts).T
        return means

    def common(texts: Sequence[str]) -> tuple[str, ...]:
        codes = pd.factorize(np.array(texts, dtype=object))[0].astype(np.int64)
        same = ~_differ(codes, rows)[first]
        return tuple(texts[row] if alike else "" for row, alike in zip(first.tolist(), same.tolist(), strict=True))

    probabilities = mean(kept.probabilities / kept.probabilities.sum(axis=1, keepdims=True))
    finer = kept.subclass_probabilities
    groups = kept.take(first)
    return replace(
        groups,
        images=groups.groups,
        probabilities=probabilities,
        unreadable=predictions.unreadable,
        logits=None if kept.logits is None else _logarithm(probabilities),
        sublabels=None if kept.sublabels is None else common(kept.sublabels),
        subclass_probabilities=None if finer is None else mean(finer / finer.sum(axis=1, keepdims=True)),
        spread=None if kept.spread is None else mean(kept.spread),
        attributes={name: common(texts) for name, texts in kept.attributes.items()},
    ), left_out


def check_groups(predictions: Predictions) -> None:
    """Raises a DataError where there are images, but no group of them that can be judged as one."""
    groups, mixed = by_group(predictions)
    if predictions.images and not groups.images:
        raise DataError(
            f"no group of the {predictions.split} images is of one class, so that none of the {mixed} can be judged as "
            "one; correct the groups, or set evaluation.unit to image"
        )


def _differ(values: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """bool `(n,)`: whether the values of the same row number, from 0, are not all one."""
    count = rows.max(initial=-1) + 1
    lowest = np.full(count, np.iinfo(np.int64).max)
    highest = np.full(count, np.iinfo(np.int64).min)
    np.minimum.at(lowest, rows, values)
    np.maximum.at(highest, rows, values)
    differ: NDArray[np.bool_] = (lowest != highest)[rows]
    return differ


def _logarithm(probabilities: Array) -> Array:
    """Finite where a probability is 0: of the smallest normal number, whose softmax is 0 to 300 digits."""
    logits: Array = np.log(np.maximum(probabilities, np.finfo(np.float64).tiny))
    return logits
