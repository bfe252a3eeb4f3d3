"""Calibration intercept and slope: whether probabilities are right on average, and neither too extreme nor too timid.

Reference: Van Calster et al., Calibration: the Achilles heel of predictive analytics, BMC Medicine 17:230, 2019.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cervinet.evaluation.calibration_fit import lowest
from cervinet.evaluation.cell_sums import cell_sums, images_of
from cervinet.evaluation.intervals import Estimate, Resampling, estimates
from cervinet.evaluation.predictions import Predictions
from cervinet.evaluation.question import Question
from cervinet.evaluation.statistics import Array, Weights

_MANY = 2_000
_STEPS = 12
"""At most; a draw whose images are nearly divided by a probability has no finite slope to arrive at."""


@dataclass(frozen=True)
class WeakCalibration:
    """Of a question.

    Attributes:
        of: its name.
        intercept: of the logistic regression on the log-odds with slope 1; 0 is ideal, above it risks are too low.
        slope: of the regression with a free intercept; 1 is ideal, below it probabilities are too extreme.
    """

    of: str
    intercept: Estimate
    slope: Estimate

    def to_json(self) -> dict[str, Any]:
        """Plain numbers, text and null, under the names of the attributes."""
        return {"of": self.of, "intercept": self.intercept.to_json(), "slope": self.slope.to_json()}


def weak_calibration(question: Question, predictions: Predictions, how: Resampling) -> WeakCalibration:
    """Intercept and slope with intervals; None where no finite ones fit, and a reason.

    Every draw is fitted anew; of more than 2,000 images by one of Newton's steps from what fits all of them, which
    moved the bounds by 7 % of the interval's width at 1,000 images and less the more there are (Shao & Tu, The
    Jackknife and Bootstrap, 1995, section 8.4). Probabilities are clipped to [1e-12, 1 - 1e-12].
    """
    truth = question.truth(predictions.labels)
    scores = np.clip(question.scores(predictions.probabilities), 1e-12, 1 - 1e-12)
    odds = np.log(scores / (1 - scores))
    reason = ""
    if truth.all() or not truth.any():
        reason = f"{'every' if truth.all() else 'no'} image is of '{question.name}'"
    slope_reason = reason or _separated(truth, odds)
    ones, both = np.ones((len(odds), 1)), np.stack([np.ones(len(odds)), odds], axis=1)
    none = np.zeros(len(odds))
    level = None if reason else _refitted(predictions, ones, odds, truth, _fit(ones, odds, truth))
    line = None if slope_reason else _refitted(predictions, both, none, truth, _fit(both, none, truth))

    def values(weights: Weights) -> dict[str, Array]:
        unknown = np.full(len(weights), np.nan)
        return {
            "intercept": level(weights)[:, 0] if level else unknown,
            "slope": line(weights)[:, 1] if line else unknown,
        }

    found = estimates(
        values,
        counted=dict.fromkeys(("intercept", "slope"), images_of(predictions, np.ones_like(truth))),
        undefined={"intercept": reason, "slope": slope_reason},
        groups=predictions.members()[1],
        images=len(truth),
        how=how,
    )
    return WeakCalibration(question.name, found["intercept"], found["slope"])


def _separated(truth: NDArray[np.bool_], odds: Array) -> str:
    if not np.ptp(odds):
        return "all probabilities are equal"
    apart = odds[truth].min() >= odds[~truth].max() or odds[truth].max() <= odds[~truth].min()
    return "a probability divides the positive images from the others: no finite slope fits" if apart else ""


def _fit(inputs: Array, offset: Array, truth: NDArray[np.bool_]) -> Array:
    """Logistic regression without a penalty, float64 `(k,)`."""
    from scipy.special import expit

    def loss(values: Array) -> tuple[float, Array, Array]:
        moved = offset + inputs @ values
        share = expit(moved)
        bend = (inputs * (share * (1 - share))[:, None]).T @ inputs / len(truth)
        return float((np.logaddexp(0, moved) - truth * moved).mean()), inputs.T @ (share - truth) / len(truth), bend

    return lowest(loss, np.zeros(inputs.shape[1]))


def _refitted(
    predictions: Predictions, inputs: Array, offset: Array, truth: NDArray[np.bool_], fitted: Array
) -> Callable[[Weights], Array]:
    """Counts `(draws, groups)` → what fits each draw, `(draws, k)`; NaN where nothing does.

    Newton's method from what fits all images: the first step from sums of each group, the others from the images.
    """
    from scipy.special import expit

    members, _ = predictions.members()
    k = inputs.shape[1]
    products = np.einsum("na,nb->nab", inputs, inputs).reshape(-1, k * k)
    share = expit(offset + inputs @ fitted)
    off, spread = (truth - share)[:, None], (share * (1 - share))[:, None]
    cells = np.broadcast_to(np.arange(k + k * k)[:, None], (k + k * k, len(truth)))
    sums = cell_sums(predictions, cells, k + k * k, np.concatenate([inputs * off, products * spread], axis=1).T)

    def of(weights: Weights) -> Array:
        first = sums(weights)
        near = fitted + _step(first[:, :k], first[:, k:])
        if len(truth) > _MANY:
            return near
        counts = weights.take(members, axis=1)
        for _ in range(_STEPS):
            shares = expit(offset + near @ inputs.T)
            step = _step((counts * (truth - shares)) @ inputs, (counts * (shares * (1 - shares))) @ products)
            near = near + step
            if not (np.abs(step) > 1e-4).any():
                break
        return near

    return of


def _step(slopes: Array, bends: Array) -> Array:
    """Newton's step `(draws, k)` by gradients `(draws, k)` and Hessians `(draws, k * k)`.

    NaN where these are flat, or where an earlier step has led nowhere and they are NaN.
    """
    k = slopes.shape[1]
    bend = np.where(np.isfinite(bends).all(axis=1, keepdims=True), bends, 0).reshape(-1, k, k)
    flat: NDArray[np.bool_] = ~(np.linalg.det(bend) > 1e-12 * np.prod(np.diagonal(bend, axis1=1, axis2=2), axis=1))
    step = np.linalg.solve(np.where(flat[:, None, None], np.eye(k), bend), slopes[..., None])[..., 0]
    return np.where(flat[:, None], np.nan, step)
