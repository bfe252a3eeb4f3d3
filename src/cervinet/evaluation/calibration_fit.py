"""The numbers of each calibration, found by SciPy and scikit-learn, which applying one does not need."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cervinet.evaluation.statistics import Array

LEAST_TEMPERATURE = 0.2
MOST_TEMPERATURE = 100.0
"""A network's logits are rarely off by more than a factor of three; the bounds matter where validation images are few
and all right (no temperature is low enough) or no better than chance (none is high enough)."""

PRIOR_DEVIATION = 5.0
"""Standard deviation of the normal prior on scales around 1 and shifts around 0. At 100 images it moves a log-loss
by less than 0.001 unless a scale is beyond 3."""


def fit_temperature(logits: Array, labels: NDArray[np.int64]) -> dict[str, Any]:
    """The root of the log-loss's derivative with respect to 1 / temperature, which only rises."""
    from scipy.optimize import brentq
    from scipy.special import softmax

    true = np.take_along_axis(logits, labels[:, None], axis=1)[:, 0]
    if not np.ptp(logits, axis=1).any():  # equal logits, which no temperature changes
        return {"temperature": 1.0}

    def slope(inverse: float) -> float:
        mean: float = (softmax(inverse * logits, axis=1) * logits).sum(axis=1).mean() - true.mean()
        return mean

    low, high = 1 / MOST_TEMPERATURE, 1 / LEAST_TEMPERATURE
    if slope(low) >= 0:
        return {"temperature": MOST_TEMPERATURE}
    if slope(high) <= 0:
        return {"temperature": LEAST_TEMPERATURE}
    return {"temperature": float(1 / brentq(slope, low, high, xtol=1e-13))}


def fit_vector(logits: Array, labels: NDArray[np.int64]) -> dict[str, Any]:
    """A scale and a shift for each class, the most probable under a weak prior."""
    from scipy.special import log_softmax

    n, classes = logits.shape
    none = np.concatenate([np.ones(classes), np.zeros(classes)])
    truth = np.eye(classes)[labels]
    strength = 1 / (PRIOR_DEVIATION**2 * n)

    def loss(values: Array) -> tuple[float, Array, Array]:
        logs = log_softmax(logits * values[:classes] + values[classes:], axis=1)
        shares = np.exp(logs)
        away = values - none
        off = (shares - truth) / n
        slope = np.concatenate([(off * logits).sum(axis=0), off.sum(axis=0)]) + strength * away
        # d²/da db of the log-loss is share_a (1[a = b] - share_b), times the logit for a scale and 1 for a shift.
        inputs = np.concatenate([logits * shares, shares], axis=1)
        bend = -inputs.T @ inputs / n
        for row, left in enumerate((logits, np.ones_like(logits))):
            for column, right in enumerate((logits, np.ones_like(logits))):
                block = bend[row * classes : (row + 1) * classes, column * classes : (column + 1) * classes]
                block += np.diag((shares * left * right).mean(axis=0))
        bend += strength * np.eye(2 * classes)
        return float(-(logs * truth).sum() / n + strength * (away**2).sum() / 2), slope, bend

    found = lowest(loss, none)
    return {"scale": found[:classes].tolist(), "shift": found[classes:].tolist()}


def fit_platt(logits: Array, labels: NDArray[np.int64]) -> dict[str, Any]:
    """Logistic regression of the logit difference on targets (N₊ + 1) / (N₊ + 2) and 1 / (N₋ + 2)."""
    from scipy.special import expit, logit

    difference = logits[:, 1] - logits[:, 0]
    second = int(labels.sum())
    targets = np.where(labels == 1, (second + 1) / (second + 2), 1 / (len(labels) - second + 2))
    centre, spread = difference.mean(), difference.std()
    if not spread:
        return {"slope": 0.0, "intercept": float(logit(targets.mean()))}
    inputs = np.stack([(difference - centre) / spread, np.ones(len(labels))], axis=1)

    def loss(values: Array) -> tuple[float, Array, Array]:
        moved = inputs @ values
        share = expit(moved)
        bend = (inputs * (share * (1 - share))[:, None]).T @ inputs / len(labels)
        lost = np.logaddexp(0, moved) - targets * moved
        return float(lost.mean()), inputs.T @ (share - targets) / len(labels), bend

    slope, intercept = lowest(loss, np.array([1.0, float(logit(targets.mean()))]))
    return {"slope": float(slope / spread), "intercept": float(intercept - slope * centre / spread)}


def fit_isotonic(logits: Array, labels: NDArray[np.int64]) -> dict[str, Any]:
    """A rising step function of the logit difference, with slopes between the steps."""
    from sklearn.isotonic import IsotonicRegression

    fitted = IsotonicRegression().fit(logits[:, 1] - logits[:, 0], labels.astype(np.float64))
    return {"at": fitted.X_thresholds_.tolist(), "value": fitted.y_thresholds_.tolist()}


def lowest(loss: Callable[[Array], tuple[float, Array, Array]], start: Array) -> Array:
    """Where a strictly convex function, that gives its value, gradient and Hessian, is lowest; float64 `(k,)`."""
    from scipy.optimize import minimize

    near = minimize(
        lambda values: loss(values)[:2], start, jac=True, hess=lambda values: loss(values)[2], method="trust-exact"
    )
    # Values of the function tell places apart to 1e-8 at best; its gradient, by Newton's steps, to 1e-15.
    values: Array = near.x
    for _ in range(20):
        _, slope, bend = loss(values)
        step = np.linalg.solve(bend, slope)
        values = values - step
        if np.abs(step).max() <= 1e-12 * max(1.0, np.abs(values).max()):
            break
    return values


FITTERS: dict[str, Callable[[Array, NDArray[np.int64]], dict[str, Any]]] = {
    "temperature": fit_temperature,
    "vector": fit_vector,
    "platt": fit_platt,
    "isotonic": fit_isotonic,
}
