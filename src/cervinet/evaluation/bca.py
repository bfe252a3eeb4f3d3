"""Bias-corrected and accelerated bootstrap intervals.

Reference: Efron, Better bootstrap confidence intervals, J. Am. Stat. Assoc. 82:171, 1987.
"""

from collections.abc import Callable, Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from cervinet.evaluation.statistics import Array

MOST_BLOCKS = 200
"""Of the jackknife; more groups than that are left out several at a time."""


def jackknife(groups: int, seed: int) -> tuple[int, Callable[[Sequence[int]], NDArray[np.int32]]]:
    """How many blocks there are, and: their numbers → int32 `(numbers, groups)`, 0 for the groups of the block, else 1.

    A block is one group up to 200 groups; beyond, 200 random blocks whose sizes differ by one at most. Blocks are less
    skewed than groups, and fewer, by what cancels in the acceleration.
    """
    blocks = min(groups, MOST_BLOCKS)
    order = np.random.default_rng((seed, 0, 1)).permutation(groups) if groups > blocks else np.arange(groups)
    block_of = order % blocks

    def counts(numbers: Sequence[int]) -> NDArray[np.int32]:
        kept: NDArray[np.int32] = np.not_equal(block_of, np.array(numbers)[:, None]).astype(np.int32)
        return kept

    return blocks, counts


def bca(value: float, drawn: Array, left_out: Array, confidence: float) -> tuple[float, float] | None:
    """Lower and upper bound; None where all draws lie on one side of the value, or the jackknife shows no variation.

    Args:
        value: on all images.
        drawn: float64 `(draws,)`, under each draw, without NaN.
        left_out: float64 `(blocks,)`, without each block.
        confidence: in (0, 1).
    """
    if len(left_out) < 2:
        return None
    below = (np.count_nonzero(drawn < value) + np.count_nonzero(drawn <= value)) / (2 * len(drawn))
    influence = left_out.mean() - left_out
    spread = float((influence**2).sum())
    if not 0 < below < 1 or not spread > 0:
        return None
    normal = NormalDist()
    bias = normal.inv_cdf(below)
    acceleration = float((influence**3).sum()) / (6 * spread**1.5)
    tail = (1 - confidence) / 2
    shares = []
    for z in (bias + normal.inv_cdf(tail), bias + normal.inv_cdf(1 - tail)):
        if acceleration * z >= 1:
            return None
        shares.append(normal.cdf(bias + z / (1 - acceleration * z)))
    lower, upper = np.quantile(drawn, shares)
    return float(lower), float(upper)
