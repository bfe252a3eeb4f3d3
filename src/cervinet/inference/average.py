"""What several networks say of the same pictures, averaged; and the weights of such an average."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from cervinet.inference.answers import Answers
from cervinet.inference.spread import mutual_information
from cervinet.model_card import Average

Array = NDArray[np.float64]
Objective = Callable[[Array], tuple[float, Array]]

_TINY = np.finfo(np.float64).tiny


def combined(found: Sequence[Answers], weights: Sequence[float], average: Average) -> Answers:
    """The weighted average of what each member, or each view, gives.

    Args:
        found: of each member.
        weights: of each member, not negative, with the sum 1.
        average: "probability": the mean of the probabilities, and its logarithm for logits; "logit": the mean of the
            logits, and its softmax for probabilities, which is their geometric mean.

    Returns:
        The averages; those of sub-classes where every member has them; of how unlike training a picture is, that of
        the members that know it. The spread is over all members and all views of theirs: what the members are apart,
        and the mean of what the views of each are. It is that of the members' own probabilities for either average.
    """
    answers = np.stack([one.probabilities for one in found])
    finer = [one.subclasses for one in found if one.subclasses is not None]
    spread = mutual_information(answers, weights)
    for one, weight in zip(found, weights, strict=True):
        if one.spread is not None:
            spread = spread + weight * one.spread  # the chain rule of mutual information
    if average == "probability":
        probabilities = _mean(answers, weights)
        logits = np.log(np.maximum(probabilities, _TINY))
    else:
        logits = _mean(np.stack([one.logits for one in found]), weights)
        probabilities = _softmax(logits)
    pairs = zip(found, weights, strict=True)
    known = [(one.unlike, weight) for one, weight in pairs if one.unlike is not None and weight > 0]
    return Answers(
        probabilities,
        logits,
        _mean(np.stack(finer), weights) if len(finer) == len(found) else None,
        spread,
        unlike=np.average([one for one, _ in known], axis=0, weights=[one for _, one in known]) if known else None,
    )


def fit_weights(found: Sequence[Answers], labels: NDArray[np.int64], average: Average) -> Array:
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


def _mean(values: Array, weights: Sequence[float]) -> Array:
    mean: Array = np.einsum("m,m...->...", np.array(weights), values)
    return mean


def _of_probabilities(found: Sequence[Answers], labels: NDArray[np.int64]) -> Objective:
    true = np.stack([np.maximum(one.probabilities[np.arange(len(labels)), labels], 1e-15) for one in found])

    def objective(weights: Array) -> tuple[float, Array]:
        mixed = weights @ true
        return float(-np.log(mixed).mean()), -(true / mixed).mean(axis=1)

    return objective


def _of_logits(found: Sequence[Answers], labels: NDArray[np.int64]) -> Objective:
    logits = np.stack([one.logits for one in found])
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
