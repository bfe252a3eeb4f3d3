"""Answering only where the network is sure: risk against coverage.

The confidence of an answer is the probability of the predicted class. References: Geifman & El-Yaniv, Selective
classification for deep neural networks, NeurIPS 2017; Geifman, Uziel & El-Yaniv, Bias-reduced uncertainty estimation,
ICLR 2019 (the area).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cervinet.evaluation.draws import bootstrap
from cervinet.evaluation.intervals import Estimate, Resampling, estimates
from cervinet.evaluation.means import mean_estimates
from cervinet.evaluation.plain_json import plain
from cervinet.evaluation.predictions import Predictions
from cervinet.evaluation.rank_statistics import ranking
from cervinet.evaluation.statistics import Array, Weights

NEVER = 2.0
"""A threshold that no probability reaches, also not one of a table whose rows sum to 1 within a thousandth."""

POINTS = 200
"""Of the curve, at most."""


@dataclass(frozen=True)
class Abstain:
    """No answer below a probability.

    Attributes:
        threshold: lowest probability of the predicted class that is answered, in [0, 1]; above 1: none is.
        most_errors: the share of wrong answers that it was chosen for.
        n: validation images.
        answered: validation images at or above the threshold.
        wrong: wrong answers among them.
        upper: upper limit of the share of wrong answers, one-sided with 95 %, as if each group were one image
            (Clopper & Pearson, Biometrika 26:404, 1934); 1 where nothing is answered.
    """

    threshold: float
    most_errors: float
    n: int
    answered: int = 0
    wrong: int = 0
    upper: float = 1.0


@dataclass(frozen=True, eq=False)
class Selective:
    """Risk (share of wrong answers) when only the surest share of the images is answered.

    Attributes:
        coverage: float64 `(k,)` in (0, 1], rising.
        risk: float64 `(k,)` in [0, 1].
        lower: of its interval, `(k,)`; NaN where there is none.
        upper: of its interval, `(k,)`; NaN where there is none.
        area: under the curve (AURC).
        abstain: the threshold that was chosen on validation images, if any.
        answered: share of the judged images above it.
        risk_answered: share of wrong ones among them.
        spread_auroc: how well the spread between members or views tells wrong answers from right ones; None without.
    """

    coverage: Array
    risk: Array
    lower: Array
    upper: Array
    area: Estimate
    abstain: Abstain | None = None
    answered: Estimate | None = None
    risk_answered: Estimate | None = None
    spread_auroc: Estimate | None = None

    def to_json(self) -> dict[str, Any]:
        """All but the curve: plain numbers, text and null."""
        names = ("area", "answered", "risk_answered", "spread_auroc")
        found = {name: plain(one) for name in names if (one := getattr(self, name)) is not None}
        return {**found, "abstain": plain(self.abstain)}


def fit_abstain(validation: Predictions, most_errors: float) -> Abstain:
    """The lowest threshold at which at most `most_errors` of the answered validation images are wrong.

    A threshold is the confidence of a validation image: below the least sure of them nothing is known. It is chosen by
    the plain share, which other images will exceed about as often as not; `upper` says how far that may be.

    Args:
        validation: predictions that have no part in what is judged later.
        most_errors: in [0, 1].
    """
    confidence, wrong = validation.probabilities.max(axis=1), validation.predicted != validation.labels
    order = np.argsort(-confidence, kind="stable")
    last_of_tie = np.flatnonzero(np.diff(confidence[order], append=-1))
    risk = np.cumsum(wrong[order])[last_of_tie] / (last_of_tie + 1)
    fitting = last_of_tie[risk <= most_errors]
    if not len(fitting):
        return Abstain(NEVER, most_errors, len(wrong))
    rows = order[: fitting[-1] + 1]
    missed = int(wrong[rows].sum())
    groups = len({validation.groups[row] for row in rows})
    return Abstain(
        threshold=float(confidence[rows[-1]]),
        most_errors=most_errors,
        n=len(wrong),
        answered=len(rows),
        wrong=missed,
        upper=_upper_limit(missed / len(rows) * groups, groups),
    )


def _upper_limit(events: float, trials: int) -> float:
    from scipy.stats import beta

    return float(beta.ppf(0.95, events + 1, trials - events)) if events < trials else 1.0


def selective(predictions: Predictions, abstain: Abstain | None, how: Resampling) -> Selective:
    """Judge what answering only the surest images gives.

    The risk at a coverage is that of the smallest set of surest images that holds this share, all of one confidence
    together. The area is the mean, over the images, of the risk were only those at least as sure answered: without ties
    the mean of the risks of the surest 1, 2, …, n. The band is made of pointwise percentiles over the draws, whatever
    `how.method` is. Of several repeats of a cross-validation both are means.

    Args:
        predictions: of one split, at least one image.
        abstain: chosen on other images, if at all.
        how: the intervals are made.
    """
    members, groups = predictions.members()
    repeats = predictions.by_repeat()
    images = len(members) // len(repeats)
    wrong, confidence = predictions.predicted != predictions.labels, predictions.probabilities.max(axis=1)
    coverage = np.unique(np.ceil(np.linspace(1, images, min(images, POINTS)))) / images
    curves = [_risks(confidence[rows], wrong[rows], members[rows], coverage) for rows in repeats]

    def curve(weights: Weights) -> dict[str, Array]:
        return {"risk": np.mean([of(weights)[0] for of in curves], axis=0)}

    def area(weights: Weights) -> dict[str, Array]:
        return {"area": np.mean([of(weights)[1] for of in curves], axis=0)}

    lower = upper = np.full(len(coverage), np.nan)
    if how.draws and groups > 1:
        drawn = bootstrap(curve, groups=groups, images=len(members), draws=how.draws, seed=how.seed)["risk"]
        tail = (1 - how.confidence) / 2
        lower, upper = np.where(np.ptp(drawn, axis=0) > 0, np.quantile(drawn, [tail, 1 - tail], axis=0), np.nan)
    found = {}
    if abstain:
        answered = confidence >= abstain.threshold
        found = mean_estimates(
            predictions,
            {"answered": (answered, np.ones(len(answered))), "risk_answered": (wrong & answered, answered)},
            {"answered": "there are no images", "risk_answered": "no image is answered"},
            how,
        )
    if predictions.spread is not None:
        spread = _spread_areas(predictions, wrong, members)
        undefined = {"spread_auroc": "all answers are right, or all are wrong"}
        found |= estimates(
            spread,
            counted={"spread_auroc": images},
            undefined=undefined,
            groups=groups,
            images=len(members),
            how=how,
        )
    counted, undefined = {"area": images}, {"area": "there are no images"}
    whole = estimates(area, counted=counted, undefined=undefined, groups=groups, images=len(members), how=how)["area"]
    risk = curve(np.ones((1, groups), np.int32))["risk"][0]
    return Selective(coverage, risk, lower, upper, whole, abstain, **found)


def _risks(
    confidence: Array, wrong: NDArray[np.bool_], members: NDArray[np.int64], coverage: Array
) -> Callable[[Weights], tuple[Array, Array]]:
    """Counts `(draws, groups)` → risks at the coverages `(draws, k)`, and the areas `(draws,)`."""
    order = np.argsort(-confidence, kind="stable")
    last_of_tie = np.flatnonzero(np.diff(confidence[order], append=-1))
    place, missed = members[order], wrong[order]

    def of(weights: Weights) -> tuple[Array, Array]:
        counts = weights.take(place, axis=1)
        answered = np.cumsum(counts, axis=1, dtype=np.float64)[:, last_of_tie]
        errors = np.cumsum(counts * missed, axis=1, dtype=np.float64)[:, last_of_tie]
        risk = errors / np.maximum(answered, 1)  # where nothing is answered yet, nothing is wrong either
        total = answered[:, -1:]
        # All draws in one search: each has a stretch of the axis of its own.
        apart = 2.0 * np.arange(len(weights))[:, None]
        first = np.searchsorted((answered / total + apart).ravel(), (coverage - 1e-9 + apart).ravel())
        first = first.reshape(len(weights), -1) - len(last_of_tie) * np.arange(len(weights))[:, None]
        area = (risk * np.diff(answered, axis=1, prepend=0)).sum(axis=1) / total[:, 0]
        return np.take_along_axis(risk, first, axis=1), area

    return of


def _spread_areas(
    predictions: Predictions, wrong: NDArray[np.bool_], members: NDArray[np.int64]
) -> Callable[[Weights], dict[str, Array]]:
    assert predictions.spread is not None
    areas = [ranking(wrong[rows], predictions.spread[rows], members[rows]) for rows in predictions.by_repeat()]
    return lambda weights: {"spread_auroc": np.mean([of(weights)[0] for of in areas], axis=0)}
