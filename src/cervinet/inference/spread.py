"""How far apart the answers to one picture are: of the members of an ensemble, of mirrored and turned views."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def entropy(probabilities: Array) -> Array:
    """Shannon entropy in nats, float64 `(...,)` in [0, ln classes], of float64 `(..., classes)`; 0 · ln 0 is 0."""
    logarithms = np.log(probabilities, out=np.zeros_like(probabilities), where=probabilities > 0)
    found: Array = -(probabilities * logarithms).sum(axis=-1)
    return found


def mutual_information(answers: Array, weights: Sequence[float]) -> Array:
    """What knowing who answered would tell of the class: entropy of the mean answer less the mean of the entropies.

    It is 0 where all give the same probabilities, however unsure these are, and ln 2 where two of equal weight are each
    certain of another class. High values say that the networks disagree (epistemic uncertainty), which pictures unlike
    those of training cause; the entropy of the mean also holds what no network could know (aleatoric uncertainty).

    Args:
        answers: float64 `(answers, n, classes)`, probabilities.
        weights: of each answer, not negative, with the sum 1.

    Returns:
        float64 `(n,)` in nats, in [0, ln answers].

    Reference: Houlsby et al., Bayesian active learning for classification and preference learning, arXiv:1112.5745,
    2011; Lakshminarayanan et al., Simple and scalable predictive uncertainty estimation, NeurIPS 2017.
    """
    mean = np.einsum("m,mnc->nc", np.array(weights), answers)
    parted: Array = entropy(mean) - np.array(weights) @ entropy(answers)
    return np.maximum(parted, 0)  # rounding can make it -1e-17
