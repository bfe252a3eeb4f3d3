"""Logistic regressions of what came true on the logit of its probability, under many bootstrap draws at a time."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cervinet.evaluation.statistics import Array, Weights

NEAREST = 1e-15
"""To 0 and 1 that a probability is taken for, as by the log-loss: its logit would be infinite."""

MANY = 2_000
"""Images from which on a draw is fitted by one step from what fits all of them."""


@dataclass(frozen=True, eq=False)
class Outcomes:
    """What is fitted to.

    Attributes:
        logits: of the probability of the positive answer, float64 `(n,)`.
        truth: bool `(n,)`.
        members: int64 `(n,)`, group of each image, from 0.
        groups: how many there are.
    """

    logits: Array
    truth: NDArray[np.bool_]
    members: NDArray[np.int64]
    groups: int


def outcomes(probabilities: Array, truth: NDArray[np.bool_], members: NDArray[np.int64], groups: int) -> Outcomes:
    """Of probabilities float64 `(n,)` in [0, 1]."""
    inside = np.clip(probabilities, NEAREST, 1 - NEAREST)
    return Outcomes(np.log(inside) - np.log1p(-inside), truth, members, groups)


def calibration_line(found: Outcomes) -> Callable[[Weights], dict[str, Array]]:
    """Counts `(draws, groups)` → `intercept` and `slope`, float64 `(draws,)`.

    intercept: of the logistic regression of the truth on the logit with the slope fixed at 1. NaN where all images of a
    draw are positive, or all negative.
    slope: of the same regression with its own intercept. NaN where some threshold on the logit parts the positive from
    the negative images of a draw, for it is infinite then.

    Draws of more than `MANY` images are fitted by one of Newton's steps from what fits all of them (Shao & Tu, The
    Jackknife and Bootstrap, 1995, section 8.4).
    """
    once = np.ones((1, found.groups), dtype=np.int32)
    level = _fit(found, once, np.array([[0.0, 1.0]]), sloped=False)
    line = _fit(found, once, level, sloped=True)
    refitted = _stepped if len(found.truth) > MANY else _anew
    of_level, of_line = refitted(found, level, sloped=False), refitted(found, line, sloped=True)
    return lambda weights: {"intercept": of_level(weights)[:, 0], "slope": of_line(weights)[:, 1]}


def _anew(found: Outcomes, whole: Array, *, sloped: bool) -> Callable[[Weights], Array]:
    # Draws lie near the whole: from its solution Newton needs four steps instead of ten.
    return lambda weights: _fit(found, weights, np.repeat(whole, len(weights), axis=0), sloped=sloped)


def _stepped(found: Outcomes, whole: Array, *, sloped: bool) -> Callable[[Weights], Array]:
    sums = _sums(whole, np.ones((1, len(found.truth))), found.logits, found.truth)[:, 0]
    totals = np.stack([np.bincount(found.members, weights=each, minlength=found.groups) for each in sums], axis=1)
    exists = _exists(found, sloped)

    def of(weights: Weights) -> Array:
        steps = _steps((weights.astype(np.float64) @ totals).T, sloped)
        return np.where(exists(weights)[:, None], whole + steps, np.nan)

    return of


def _fit(found: Outcomes, weights: Weights, start: Array, *, sloped: bool) -> Array:
    """Intercept and slope `(draws, 2)`, by Newton's method with halved steps; NaN where no finite ones fit."""
    logits, truth = found.logits, found.truth
    each = weights.take(found.members, axis=1).astype(np.float64)
    exists = _exists(found, sloped)(weights)
    at = np.where(np.isnan(start), [0.0, 1.0], start)
    loss = _losses(at, each, logits, truth)
    farthest = np.array([1.0, np.abs(logits).max(initial=1.0)])
    for _ in range(100):
        step = _steps(_sums(at, each, logits, truth).sum(axis=2), sloped)
        length = np.abs(step).max(axis=1)
        if length[exists].max(initial=0) < 1e-9:
            at = at + step
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


def _exists(found: Outcomes, sloped: bool) -> Callable[[Weights], NDArray[np.bool_]]:
    """Counts → which draws `(draws,)` have both answers and, for a slope, no threshold that parts them.

    Reference: Albert & Anderson, On the existence of maximum likelihood estimates in logistic regression models,
    Biometrika 71:1, 1984.
    """

    def ends(rows: NDArray[np.bool_]) -> tuple[Array, Array]:
        """Lowest and highest logit of these rows in each group, `(groups,)`; infinite in one without any."""
        low, high = np.full(found.groups, np.inf), np.full(found.groups, -np.inf)
        np.minimum.at(low, found.members[rows], found.logits[rows])
        np.maximum.at(high, found.members[rows], found.logits[rows])
        return low, high

    (low, high), (low_other, high_other) = ends(found.truth), ends(~found.truth)

    def of(weights: Weights) -> NDArray[np.bool_]:
        drawn = weights > 0
        first, last = np.where(drawn, low, np.inf).min(axis=1), np.where(drawn, high, -np.inf).max(axis=1)
        first_other = np.where(drawn, low_other, np.inf).min(axis=1)
        last_other = np.where(drawn, high_other, -np.inf).max(axis=1)
        both: NDArray[np.bool_] = np.isfinite(first) & np.isfinite(first_other)
        return both & (first < last_other) & (first_other < last) if sloped else both

    return of


def _losses(at: Array, each: Array, logits: Array, truth: NDArray[np.bool_]) -> Array:
    raised = at[:, :1] + at[:, 1:] * logits
    losses: Array = np.einsum("dn,dn->d", each, np.logaddexp(0, np.where(truth, -raised, raised)))
    return losses


def _sums(at: Array, each: Array, logits: Array, truth: NDArray[np.bool_]) -> Array:
    """What Newton's step is made of, image by image: gradient and curvature, `(5, draws, n)`."""
    raised = at[:, :1] + at[:, 1:] * logits
    # Not 1 − chance, which for a chance near 1 has hardly a digit left.
    chance, other = np.exp(-np.logaddexp(0, -raised)), np.exp(-np.logaddexp(0, raised))
    missing, spread = each * np.where(truth, other, -chance), each * chance * other
    return np.stack([missing, spread, missing * logits, spread * logits, spread * logits**2])


def _steps(sums: Array, sloped: bool) -> Array:
    """Newton's steps `(draws, 2)`, of the sums `(5, draws)`."""
    gradient, curvature, steeper, mixed, square = sums
    if not sloped:
        return np.stack([gradient / np.maximum(curvature, 1e-300), np.zeros(len(gradient))], axis=1)
    determinant = np.maximum(curvature * square - mixed**2, 1e-300)
    steps = np.stack([square * gradient - mixed * steeper, curvature * steeper - mixed * gradient], axis=1)
    scaled: Array = steps / determinant[:, None]
    return scaled
