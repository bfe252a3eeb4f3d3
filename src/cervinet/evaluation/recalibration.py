"""Calibration intercept and slope of probabilities, under many bootstrap draws at a time.

Reference: Van Calster, McLernon, van Smeden, Wynants & Steyerberg, Calibration: the Achilles heel of predictive
analytics, BMC Medicine 17:230, 2019.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cervinet.evaluation.statistics import Array, Weights

NEAREST = 1e-15
"""To 0 and 1 that a probability is taken for, as by the log-loss: its logit would be infinite."""


@dataclass(frozen=True, eq=False)
class Outcomes:
    """What is fitted to.

    Attributes:
        logits: of the probability of the positive answer, float64 `(n,)`.
        truth: bool `(n,)`.
        members: int64 `(n,)`, group of each image, from 0.
    """

    logits: Array
    truth: NDArray[np.bool_]
    members: NDArray[np.int64]


def outcomes(probabilities: Array, truth: NDArray[np.bool_], members: NDArray[np.int64]) -> Outcomes:
    """Of probabilities float64 `(n,)` in [0, 1]."""
    inside = np.clip(probabilities, NEAREST, 1 - NEAREST)
    return Outcomes(np.log(inside) - np.log1p(-inside), truth, members)


def calibration_line(found: Outcomes, groups: int) -> Callable[[Weights], dict[str, Array]]:
    """Counts `(draws, groups)` → `intercept` and `slope`, float64 `(draws,)`.

    intercept: of the logistic regression of the truth on the logit with the slope fixed at 1; 0 is ideal, above 0 the
    probabilities are too low as a whole. NaN where all images of a draw are positive, or all negative.
    slope: of the same regression with its own intercept; 1 is ideal, below 1 the probabilities are too extreme. NaN
    where some threshold on the logit parts the positive from the negative images of a draw, for it is infinite then.
    """
    once = np.ones((1, groups), dtype=np.int32)
    whole = found.members, found.logits, found.truth
    level = _fit(*whole, once, np.array([[0.0, 1.0]]), sloped=False)
    line = _fit(*whole, once, level, sloped=True)

    def of(weights: Weights) -> dict[str, Array]:
        # Draws lie near the whole: from its solution Newton needs four steps instead of ten.
        count = len(weights)
        intercept = _fit(*whole, weights, np.repeat(level, count, axis=0), sloped=False)[:, 0]
        slope = _fit(*whole, weights, np.repeat(line, count, axis=0), sloped=True)[:, 1]
        return {"intercept": intercept, "slope": slope}

    return of


def _fit(
    members: NDArray[np.int64], logits: Array, truth: NDArray[np.bool_], weights: Weights, start: Array, *, sloped: bool
) -> Array:
    """Intercept and slope `(draws, 2)` of weighted logistic regressions, by Newton's method with halved steps."""
    each = weights.take(members, axis=1).astype(np.float64)
    exists = _overlap(each, logits, truth) if sloped else (each @ truth > 0) & (each @ ~truth > 0)
    at = np.where(np.isnan(start), [0.0, 1.0], start)
    loss = _losses(at, each, logits, truth)
    farthest = np.array([1.0, np.abs(logits).max(initial=1.0)])
    for _ in range(100):
        step = _newton(at, each, logits, truth, sloped)
        length = np.abs(step).max(axis=1)
        if length[exists].max(initial=0) < 1e-9:
            break
        # Where all lies on the flat ends of the curve, a step as Newton has it leads out of the world.
        step *= np.minimum(1, 10 / np.maximum(np.abs(step) @ farthest, 1))[:, None]
        for _ in range(40):
            moved = at + step
            lower = _losses(moved, each, logits, truth)
            worse = ~(lower <= loss + 1e-12 * np.abs(loss))
            if not (worse & exists).any():
                break
            step[worse] /= 2
        at, loss = np.where(worse[:, None], at, moved), np.where(worse, loss, lower)
    return np.where((exists & (length < 1e-6))[:, None], at, np.nan)


def _overlap(each: Array, logits: Array, truth: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Draws `(draws,)` in which no threshold parts the answers, so that the slope is finite.

    Reference: Albert & Anderson, On the existence of maximum likelihood estimates in logistic regression models,
    Biometrika 71:1, 1984.
    """

    def ends(part: NDArray[np.bool_]) -> tuple[Array, Array]:
        here = each[:, part] > 0
        lowest = np.where(here, logits[part], np.inf).min(axis=1, initial=np.inf)
        return lowest, np.where(here, logits[part], -np.inf).max(axis=1, initial=-np.inf)

    (low, high), (low_other, high_other) = ends(truth), ends(~truth)
    overlap: NDArray[np.bool_] = (low < high_other) & (low_other < high)
    return overlap


def _losses(at: Array, each: Array, logits: Array, truth: NDArray[np.bool_]) -> Array:
    raised = at[:, :1] + at[:, 1:] * logits
    losses: Array = np.einsum("dn,dn->d", each, np.maximum(raised, 0) + np.log1p(np.exp(-np.abs(raised))))
    losses -= np.einsum("dn,dn->d", each[:, truth], raised[:, truth])
    return losses


def _newton(at: Array, each: Array, logits: Array, truth: NDArray[np.bool_], sloped: bool) -> Array:
    """The steps `(draws, 2)`."""
    raised = at[:, :1] + at[:, 1:] * logits
    chance = np.exp(-np.logaddexp(0, -raised))
    missing, spread = each * (truth - chance), each * chance * (1 - chance)
    gradient, curvature = missing.sum(axis=1), spread.sum(axis=1)
    if not sloped:
        return np.stack([gradient / np.maximum(curvature, 1e-300), np.zeros(len(at))], axis=1)
    steeper, mixed, square = missing @ logits, spread @ logits, spread @ logits**2
    determinant = np.maximum(curvature * square - mixed**2, 1e-300)
    steps = np.stack([square * gradient - mixed * steeper, curvature * steeper - mixed * gradient], axis=1)
    scaled: Array = steps / determinant[:, None]
    return scaled
