"""Agreement of prediction and truth beyond chance, from the confusion matrix."""

from typing import Literal

import numpy as np

from cervinet.evaluation.statistics import Array, ratio


def matthews(matrix: Array) -> Array:
    """Matthews correlation coefficient; `(..., C, C)` → `(...,)` in [-1, 1].

    NaN where all images are of one class, or are predicted as one; scikit-learn says 0.
    Reference: Gorodkin, Computational Biology and Chemistry 28:367, 2004, for more than two classes.
    """
    true, predicted, images = matrix.sum(axis=-1), matrix.sum(axis=-2), matrix.sum(axis=(-2, -1))
    hits = np.trace(matrix, axis1=-2, axis2=-1)
    covariance = hits * images - (true * predicted).sum(axis=-1)
    spread = (images**2 - (true**2).sum(axis=-1)) * (images**2 - (predicted**2).sum(axis=-1))
    return ratio(covariance, np.sqrt(np.maximum(spread, 0)))


def kappa(matrix: Array, weights: Literal["none", "linear", "quadratic"]) -> Array:
    """Cohen's kappa; `(..., C, C)` → `(...,)` up to 1; 0 is what chance gives.

    With weights a mistake counts by how far apart the two classes are in their order, or by its square; that says
    something only where the order means something. NaN where all images are of one class and predicted as it;
    scikit-learn says NaN or 0.
    References: Cohen, Educational and Psychological Measurement 20:37, 1960; Psychological Bulletin 70:213, 1968.
    """
    classes = np.arange(matrix.shape[-1])
    apart = np.abs(classes[:, None] - classes[None]).astype(np.float64)
    cost = {"none": (apart > 0).astype(np.float64), "linear": apart, "quadratic": apart**2}[weights]
    true, predicted, images = matrix.sum(axis=-1), matrix.sum(axis=-2), matrix.sum(axis=(-2, -1))
    observed = (matrix * cost).sum(axis=(-2, -1)) * images
    by_chance = np.einsum("...i,ij,...j->...", true, cost, predicted)
    return np.where(by_chance > 0, 1 - ratio(observed, by_chance), np.nan)
