"""Limits beyond which a new picture is unusual, from what was measured on others."""

from math import floor, inf, sqrt

import numpy as np
from numpy.typing import NDArray


def upper_limit(values: NDArray[np.float64], share: float) -> float:
    """What a share of new values is to exceed, if they are drawn as these were.

    With at least 1 / share − 1 values it is one of them, the k-th largest with k = ⌊share (n + 1)⌋: a new value exceeds
    it with probability k / (n + 1) at most, whatever the distribution. A smaller set has no such value: its largest is
    exceeded by one new value in n + 1, which of ten values would be one in eleven. There it is the limit that a normal
    distribution gives, or the largest value where that is higher.

    Args:
        values: float64 (n,), finite.
        share: in (0, 1).

    Returns:
        The limit; infinite for fewer than two values.

    Reference: Vovk, Gammerman & Shafer, Algorithmic Learning in a Random World, 2005, for the first; Hahn & Meeker,
        Statistical Intervals, 1991, section 4.7, prediction limits of a normal distribution, for the second.
    """
    n = len(values)
    if n < 2:
        return inf
    rank = floor(share * (n + 1) + 1e-9)
    if rank >= 1:
        return float(np.sort(values)[n - rank])
    from scipy.stats import t

    normal = values.mean() + t.ppf(1 - share, n - 1) * values.std(ddof=1) * sqrt(1 + 1 / n)
    return float(max(values.max(), normal))


def lower_limit(values: NDArray[np.float64], share: float) -> float:
    """The same for what a share of new values is to fall below; minus infinity for fewer than two values."""
    return -upper_limit(-values, share)
