"""What several networks say of the same pictures, averaged; and the weights of such an average."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from cervinet.model_card import Average

Array = NDArray[np.float64]
Objective = Callable[[Array], tuple[float, Array]]

_TINY = np.finfo(np.float64).tiny


def combined(found: Sequence[tuple[Array, ...]], weights: Sequence[float], average: Average) -> tuple[Array, ...]:
    """The weighted average of what each member gives.

    Args:
        found: of each member probabilities and logits, float64 (n, classes), and what other probabilities it has.
        weights: of each member, not negative, with the sum 1.
        average: "probability": the mean of the probabilities, and its logarithm for logits; "logit": the mean of the
            logits, and its softmax for probabilities, which is their geometric mean.

    Returns:
        Probabilities and logits, float64 (n, classes), then the means of other probabilities that every member has.
    """
    probabilities, logits, *finer = (
        np.einsum("m,m...->...", np.array(weights), np.stack(values)) for values in zip(*found, strict=False)
    )
    if average == "probability":
        return probabilities, np.log(np.maximum(probabilities, _TINY)), *finer
    return _softmax(logits), logits, *finer


def fit_weights(found: Sequence[tuple[Array, ...]], labels: NDArray[np.int64], average: Average) -> Array:
    """The weights that give the lowest mean log-loss.

    Both averages make the log-loss a convex function of the weights, so that the minimum is one for all starts.
    Exponentiated gradient steps keep the weights positive with the sum 1; the steps end when no other weights could
    lower the log-loss by more than 1e-7.

    Args:
        found: see `combined`.
        labels: int64 (n,), the true class of each picture.
        average: see `combined`.

    Returns:
        float64 (members,), positive, with the sum 1.

    Reference: Kivinen & Warmuth, Exponentiated gradient versus gradient descent for linear predictors, Information and
    Computation 132:1, 1997; the bound is the gap of Frank & Wolfe, 1956.
    """
    objective = _of_probabilities(found, labels) if average == "probability" else _of_logits(found, labels)
    weights = np.full(len(found), 1 / len(found))
    value, gradient = objective(weights)
    step = 1.0
    for _ in range(10_000):
        if weights @ gradient - gradient.min() < 1e-7:
            break
        moved = weights * np.exp(-step * (gradient - gradient.min()))
        moved /= moved.sum()
        lower, steeper = objective(moved)
        if lower <= value:
            weights, value, gradient, step = moved, lower, steeper, step * 1.5
        else:
            step /= 2
    return weights


def _of_probabilities(found: Sequence[tuple[Array, ...]], labels: NDArray[np.int64]) -> Objective:
    true = np.stack([np.maximum(one[0][np.arange(len(labels)), labels], 1e-15) for one in found])

    def objective(weights: Array) -> tuple[float, Array]:
        mixed = weights @ true
        return float(-np.log(mixed).mean()), -(true / mixed).mean(axis=1)

    return objective


def _of_logits(found: Sequence[tuple[Array, ...]], labels: NDArray[np.int64]) -> Objective:
    logits = np.stack([one[1] for one in found])
    logits = logits - logits[:, np.arange(len(labels)), labels][..., None]

    def objective(weights: Array) -> tuple[float, Array]:
        mixed = np.einsum("m,mnc->nc", weights, logits)
        highest = mixed.max(axis=1)
        losses = highest + np.log(np.exp(mixed - highest[:, None]).sum(axis=1))
        return float(losses.mean()), np.einsum("nc,mnc->m", _softmax(mixed), logits) / len(labels)

    return objective


def _softmax(logits: Array) -> Array:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Array = powers / powers.sum(axis=1, keepdims=True)
    return shares
