"""Curves over every threshold."""

import numpy as np
from numpy.typing import NDArray

from cervinet.evaluation.statistics import Array


def roc_curve(positive: NDArray[np.bool_], scores: Array) -> tuple[Array, Array]:
    """The receiver operating characteristic: one step a distinct score, a slope where scores tie.

    Args:
        positive: bool `(n,)`, with at least one of each.
        scores: float64 `(n,)`, higher for positive.

    Returns:
        False and true positive rates, float64 `(points,)` in [0, 1], rising from (0, 0) to (1, 1), without
        the points inside a straight line.

    Reference: Fawcett, An introduction to ROC analysis, Pattern Recognition Letters 27:861, 2006.
    """
    order = np.argsort(-scores, kind="stable")
    last_of_tie = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    hits = np.concatenate([[0], np.cumsum(positive[order])[last_of_tie]])
    alarms = np.concatenate([[0], np.cumsum(~positive[order])[last_of_tie]])
    turn = np.diff(hits[:-1]) * np.diff(alarms[1:]) != np.diff(hits[1:]) * np.diff(alarms[:-1])
    corner = np.concatenate([[True], turn, [True]])
    return alarms[corner] / alarms[-1], hits[corner] / hits[-1]
