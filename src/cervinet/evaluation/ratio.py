"""Division that says NaN, not 0 or infinity, where there is nothing to divide by."""

import numpy as np

from cervinet.evaluation.statistics import Array


def ratio(numerator: Array, denominator: Array) -> Array:
    """Element by element, float64; NaN where the denominator is 0, without a warning."""
    with np.errstate(invalid="ignore"):
        return np.where(denominator > 0, numerator, np.nan) / np.where(denominator > 0, denominator, 1)
