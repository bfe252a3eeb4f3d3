"""Bootstrap intervals by group.

Photographs of one patient resemble each other; drawing single images would pretend to more evidence than
there is and give intervals that are too narrow. Groups are drawn instead, each with all its images.

References: Efron & Tibshirani, An Introduction to the Bootstrap, 1993, ch. 13; Field & Welsh, Bootstrapping
clustered data, J. R. Statist. Soc. B 69:369, 2007.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cervinet.evaluation.bca import bca, jackknife
from cervinet.evaluation.draws import Key, bootstrap, of_chunks
from cervinet.evaluation.proportions import wilson
from cervinet.evaluation.statistics import Array, Weights

MOST_LEFT_OUT = 0.1
"""Above this share of draws in which a value is undefined there is no interval: the rest is a biased choice.

A class of k groups is in none of a draw's with probability exp(-k): 37 % for 1, 14 % for 2, 5 % for 3."""

FEW_GROUPS = 20
"""Below, percentile bootstrap intervals cover less than they say: docs/decisions/0004-intervals.md."""

_ROUNDING = 1e-12
"""Draws that differ by less, or by this share of the value, are the same but for rounding."""


@dataclass(frozen=True)
class Resampling:
    """How intervals are made.

    Attributes:
        draws: of the bootstrap; 0 for values without intervals.
        confidence: of the intervals, in (0, 1).
        seed: not negative; the same seed gives the same draws on any machine.
        method: how the draws become an interval.
    """

    draws: int
    confidence: float
    seed: int
    method: Literal["percentile", "bca"] = "percentile"


@dataclass(frozen=True)
class Check:
    """An interval made in another way, of which the reader may expect that it is much the same."""

    method: str
    lower: float
    upper: float


@dataclass(frozen=True)
class Estimate:
    """A metric with its uncertainty; what cannot be known is None, and `reason` says why.

    Attributes:
        value: on all images.
        lower: lower bound of the interval.
        upper: upper bound of the interval.
        n: the images the value rests on.
        method: how the interval was made; "none" if there is none.
        reason: why value or interval is missing.
        check: an interval by another method, where there is one.
    """

    value: float | None
    lower: float | None
    upper: float | None
    n: int
    method: str
    reason: str | None = None
    check: Check | None = None

    def to_json(self) -> dict[str, Any]:
        """As in `metrics.json`: the attributes, `reason` and `check` only where there is one."""
        optional = ("reason", "check")
        return {key: value for key, value in asdict(self).items() if key not in optional or value is not None}


def estimates(
    values: Callable[[Weights], Mapping[Key, Array]],
    *,
    counted: Mapping[Key, int],
    undefined: Mapping[Key, str | Sequence[str]],
    groups: int,
    images: int,
    how: Resampling,
    proportions: Mapping[Key, int] | None = None,
    distances: Mapping[Key, Key] | None = None,
    checks: Mapping[Key, Check | None] | None = None,
) -> dict[Key, Estimate]:
    """Values of any kind with their intervals, all from the same draws.

    Args:
        values: counts `(draws, groups)` → name → float64 `(draws,)`, or `(draws, k)` for a mean of k values of
            which none may be undefined; NaN where undefined.
        counted: name → the images that the value rests on.
        undefined: name → why the value can be undefined: a sentence, or k of them.
        groups: how many there are.
        images: how many there are.
        how: draws, confidence, seed and method.
        proportions: plain proportions → the groups that they count; they get Wilson's interval where the bootstrap
            has none, because every draw gives the same value or too many give none. To count groups, not images, is to
            err on the side of a wide interval.
        distances: a value that resampling raises → the name among the values of how far each draw lies from the
            sample, which the two values cannot differ by more than; that is not estimated itself.
        checks: name → an interval by another method.
    """
    found = values(np.ones((1, groups), dtype=np.int32))
    drawn = {name: column[:0] for name, column in found.items()}
    left_out: Mapping[Key, Array] = drawn
    if how.draws and groups > 1:
        drawn = bootstrap(values, groups=groups, images=images, draws=how.draws, seed=how.seed)
        if how.method == "bca":
            blocks, counts = jackknife(groups, how.seed)
            left_out = of_chunks(values, counts, rows=blocks, images=max(images, groups))
    apart = distances or {}
    reasons = {name: [why] if isinstance(why, str) else why for name, why in undefined.items()}
    return {
        name: estimate(
            found[name].reshape(-1),
            drawn[name].reshape(-1, found[name].size),
            reasons[name],
            n=counted[name],
            groups=groups,
            how=how,
            left_out=left_out[name].reshape(-1, found[name].size),
            counting=(proportions or {}).get(name),
            distances=drawn[apart[name]].reshape(-1) if name in apart else None,
            check=(checks or {}).get(name),
        )
        for name in found
        if name not in apart.values()
    }


def estimate(
    values: Array,
    drawn: Array,
    reasons: Sequence[str],
    *,
    n: int,
    groups: int,
    how: Resampling,
    left_out: Array | None = None,
    counting: int | None = None,
    distances: Array | None = None,
    check: Check | None = None,
) -> Estimate:
    """The mean of `values` (one for a plain metric, one for each class for a macro mean) with its interval.

    Draws in which one of the values is undefined are left out and counted in `method`.

    Args:
        values: float64 `(k,)`, on all images; NaN where undefined.
        drawn: float64 `(draws, k)`, under each draw.
        reasons: `k` sentences, why each value may be undefined.
        n: images the estimate rests on.
        groups: how many there are.
        how: confidence and method.
        left_out: float64 `(blocks, k)`, without each block of the jackknife; for BCa.
        counting: the groups that count towards a plain proportion.
        distances: float64 `(draws,)`, how far each draw lies from the sample, of a value that resampling raises.
        check: an interval by another method.
    """
    if np.isnan(values).any():
        missing = [reason for value, reason in zip(values, reasons, strict=True) if np.isnan(value)]
        more = f"; and {len(missing) - 3} more" if len(missing) > 3 else ""
        return Estimate(None, None, None, n, "none", "; ".join(missing[:3]) + more)
    value = float(values.mean())
    defined = ~np.isnan(drawn)
    kept = drawn[defined.all(axis=1)].mean(axis=1)
    undefined = len(drawn) - len(kept)
    reason = _why_not(value, kept, defined, groups)
    if reason and counting is not None and counting > 1 and len(drawn):
        bounds = wilson(min(max(value, 0.0), 1.0), counting, how.confidence)
        return Estimate(value, *bounds, n, f"Wilson, each of {counting} groups counted as one image: {reason}")
    if reason:
        return Estimate(value, None, None, n, "none", reason, check)
    method, (lower, upper) = (
        _bounds(value, kept, left_out, how) if distances is None else _reach(value, kept, distances, how)
    )
    method = f"{method} bootstrap, {len(drawn)} draws of {groups} groups"
    if undefined:
        method += f", {undefined} undefined left out"
    return Estimate(value, lower, upper, n, method, check=check)


def _why_not(value: float, kept: Array, defined: NDArray[np.bool_], groups: int) -> str | None:
    """Why there is no interval by the bootstrap."""
    undefined = len(defined) - len(kept)
    if groups < 2:
        return "there is one group only: what varies between groups cannot be seen"
    if len(defined) == 0:
        return "no interval was asked for"
    # Judged value by value: a macro mean over many classes has an interval if each of its classes has one.
    if (~defined).mean(axis=0).max() > MOST_LEFT_OUT or undefined > len(defined) / 2:
        return f"undefined in {undefined} of {len(defined)} bootstrap draws: too few groups count towards it"
    if np.ptp(kept) <= _ROUNDING * max(1, abs(value)):
        return "every bootstrap draw gives the same value, which says nothing of its uncertainty"
    return None


def _bounds(value: float, kept: Array, left_out: Array | None, how: Resampling) -> tuple[str, tuple[float, float]]:
    tail = (1 - how.confidence) / 2
    lower, upper = np.quantile(kept, [tail, 1 - tail])
    percentile = float(lower), float(upper)
    if how.method == "percentile" or left_out is None:
        return "percentile", percentile
    without = left_out.mean(axis=1)
    found = bca(value, kept, without[~np.isnan(without)], how.confidence)
    return ("BCa", found) if found else ("percentile (BCa cannot be computed)", percentile)


def _reach(value: float, kept: Array, distances: Array, how: Resampling) -> tuple[str, tuple[float, float]]:
    """Down to what no error can be below, but for the most distant draws; up to the percentile, which is too high."""
    upper = (1 + how.confidence) / 2
    lowest, highest = value - np.nanquantile(distances, upper), np.quantile(kept, upper)
    return "distance", (max(0.0, float(lowest)), max(value, float(highest)))
