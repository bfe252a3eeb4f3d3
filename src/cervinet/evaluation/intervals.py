"""Percentile bootstrap intervals by group.

Photographs of one patient resemble each other; drawing single images would pretend to more evidence than
there is and give intervals that are too narrow. Groups are drawn instead, each with all its images.

References: Efron & Tibshirani, An Introduction to the Bootstrap, 1993, ch. 13; Field & Welsh, Bootstrapping
clustered data, J. R. Statist. Soc. B 69:369, 2007.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cervinet.environment import cores
from cervinet.evaluation.statistics import Array, Weights

MOST_LEFT_OUT = 0.1
"""Above this share of draws in which a value is undefined there is no interval: the rest is a biased choice.

A class of k groups is in none of a draw's with probability exp(-k): 37 % for 1, 14 % for 2, 5 % for 3."""

_CELLS = 2_000_000
"""Images × draws held at a time by a thread; some 25 bytes each."""


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
class Estimate:
    """A metric with its uncertainty; what cannot be known is None, and `reason` says why.

    Attributes:
        value: on all images.
        lower: lower bound of the interval.
        upper: upper bound of the interval.
        n: the images the value rests on.
        method: how the interval was made; "none" if there is none.
        reason: why value or interval is missing.
    """

    value: float | None
    lower: float | None
    upper: float | None
    n: int
    method: str
    reason: str | None = None

    def to_json(self) -> dict[str, float | int | str | None]:
        """As in `metrics.json`: the attributes, `reason` only where there is one."""
        return {key: value for key, value in asdict(self).items() if key != "reason" or value is not None}


def draw_counts(groups: int, draws: Sequence[int], seed: int) -> NDArray[np.int32]:
    """How often each group is drawn, int32 `(draws, groups)`; each row sums to `groups`.

    A row depends on the seed and its number alone, so that neither chunks nor threads change a result.
    """
    counts = np.empty((len(draws), groups), dtype=np.int32)
    for row, draw in enumerate(draws):
        drawn = np.random.default_rng((seed, draw)).integers(0, groups, groups, dtype=np.int32)
        counts[row] = np.bincount(drawn, minlength=groups)
    return counts


def bootstrap(
    function: Callable[[NDArray[np.int32]], dict[str, Array]],
    *,
    groups: int,
    images: int,
    draws: int,
    seed: int,
) -> dict[str, Array]:
    """The values of `function` under every draw, in chunks that bound memory, on every core.

    Args:
        function: counts int32 `(chunk, groups)` → name → float64 `(chunk, …)`; NaN where undefined.
        groups: how many there are.
        images: how many there are, which sets the size of a chunk.
        draws: at least 1.
        seed: not negative.

    Returns:
        name → float64 `(draws, …)`.
    """
    size = max(1, _CELLS // max(images, groups))
    chunks = [range(start, min(start + size, draws)) for start in range(0, draws, size)]
    # NumPy lets go of the interpreter while it sums and sorts. More than 8 threads only wait for memory.
    with ThreadPoolExecutor(min(8, cores(), len(chunks))) as pool:
        parts = list(pool.map(lambda chunk: function(draw_counts(groups, chunk, seed)), chunks))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def estimate(
    values: Array, drawn: Array, reasons: Sequence[str], *, n: int, groups: int, confidence: float = 0.95
) -> Estimate:
    """The mean of `values` (one for a plain metric, one for each class for a macro mean) with its interval.

    Draws in which one of the values is undefined are left out and counted in `method`.

    Args:
        values: float64 `(k,)`, on all images; NaN where undefined.
        drawn: float64 `(draws, k)`, under each draw.
        reasons: `k` sentences, why each value may be undefined.
        n: images the estimate rests on.
        groups: how many there are.
        confidence: in (0, 1).
    """
    if np.isnan(values).any():
        missing = [reason for value, reason in zip(values, reasons, strict=True) if np.isnan(value)]
        more = f"; and {len(missing) - 3} more" if len(missing) > 3 else ""
        return Estimate(None, None, None, n, "none", "; ".join(missing[:3]) + more)
    value = float(values.mean())
    defined = ~np.isnan(drawn)
    kept = drawn[defined.all(axis=1)].mean(axis=1)
    left_out = len(drawn) - len(kept)
    reason = None
    if groups < 2:
        reason = "there is one group only: what varies between groups cannot be seen"
    elif len(drawn) == 0:
        reason = "no interval was asked for"
    # Judged value by value: a macro mean over many classes has an interval if each of its classes has one.
    elif (~defined).mean(axis=0).max() > MOST_LEFT_OUT or left_out > len(drawn) / 2:
        reason = f"undefined in {left_out} of {len(drawn)} bootstrap draws: too few groups count towards it"
    elif np.ptp(kept) == 0:
        reason = "every bootstrap draw gives the same value, which says nothing of its uncertainty"
    if reason:
        return Estimate(value, None, None, n, "none", reason)
    tail = (1 - confidence) / 2
    lower, upper = np.quantile(kept, [tail, 1 - tail])
    method = f"percentile bootstrap, {len(drawn)} draws of {groups} groups"
    return Estimate(
        value,
        float(lower),
        float(upper),
        n,
        f"{method}, {left_out} undefined left out" if left_out else method,
    )


def estimates(
    values: Callable[[Weights], dict[str, Array]],
    *,
    counted: Mapping[str, int],
    undefined: Mapping[str, str],
    groups: int,
    images: int,
    how: Resampling,
) -> dict[str, Estimate]:
    """Values of any kind with their intervals, all from the same draws.

    Args:
        values: counts `(draws, groups)` → name → float64 `(draws,)`; NaN where undefined.
        counted: name → the images that the value rests on.
        undefined: name → why the value can be undefined.
        groups: how many there are.
        images: how many there are.
        how: draws, confidence, seed and method.
    """
    found = values(np.ones((1, groups), dtype=np.int32))
    drawn = {name: column[:0] for name, column in found.items()}
    if how.draws and groups > 1:
        drawn = bootstrap(values, groups=groups, images=images, draws=how.draws, seed=how.seed)
    return {
        name: estimate(
            found[name],
            drawn[name][:, None],
            [undefined[name]],
            n=counted[name],
            groups=groups,
            confidence=how.confidence,
        )
        for name in found
    }
