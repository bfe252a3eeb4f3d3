"""How the learning rate changes within a phase of training.

A schedule is a function of plain numbers and of nothing else, so that a resumed run finds the rate it left:

    rate(start, position, epochs, scores)

start is the rate at the beginning of the phase, position the epochs done in it (1.5: in the middle of the second),
epochs how many it has, scores the monitored value of each finished one (higher is better).

A `floor` is a learning rate, not a share of one, and never lifts the rate above its start.
"""

import math
from collections.abc import Callable, Sequence
from typing import Annotated

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveInt

from cervinet.registry import register

Schedule = Callable[[float, float, int, Sequence[float]], float]

Factor = Annotated[float, Field(gt=0, lt=1)]
Divisor = Annotated[float, Field(ge=1)]

# A position that is summed up or divided may fall short of an epoch's end by a rounding error.
_ROUNDING = 1e-6


@register("schedule")
def constant() -> Schedule:
    """The same rate throughout."""
    return lambda start, position, epochs, scores: start


@register("schedule")
def step(*, every: PositiveInt = 10, factor: Factor = 0.1, floor: NonNegativeFloat = 1e-7) -> Schedule:
    """Times `factor` after each `every` epochs, never below `floor`."""

    def rate(start: float, position: float, epochs: int, scores: Sequence[float]) -> float:
        drops = math.floor(position + _ROUNDING) // every
        return max(start * factor**drops, min(floor, start))

    return rate


@register("schedule")
def exponential(*, factor: Factor = 0.9, floor: NonNegativeFloat = 0.0) -> Schedule:
    """Times `factor` an epoch, a little at each step, never below `floor`."""
    return lambda start, position, epochs, scores: max(start * factor**position, min(floor, start))


@register("schedule")
def cosine(*, warmup: NonNegativeInt = 0, floor: NonNegativeFloat = 0.0) -> Schedule:
    """Half a cosine from the start to `floor`, Loshchilov & Hutter 2017, arXiv:1608.03983, after a straight rise.

    Args:
        warmup: epochs in which the rate rises, from a hundredth, to its start; at most the whole phase.
        floor: learning rate at the end.
    """

    def rate(start: float, position: float, epochs: int, scores: Sequence[float]) -> float:
        lowest, rising = min(floor, start), min(warmup, epochs)
        if position < rising:
            # From 0 the first update would be for nothing, and one that FTRL divides by.
            first = max(lowest, start / 100)
            return first + (start - first) * position / rising
        return _half_cosine(start, lowest, (position - rising) / max(epochs - rising, 1))

    return rate


@register("schedule")
def plateau(
    *,
    patience: PositiveInt = 10,
    factor: Factor = 0.1,
    floor: NonNegativeFloat = 0.0,
    min_delta: NonNegativeFloat = 1e-4,
) -> Schedule:
    """Times `factor` after `patience` epochs without a better monitored value, as ReduceLROnPlateau of Keras.

    Args:
        patience: epochs without improvement before each drop.
        factor: of each drop.
        floor: lowest learning rate.
        min_delta: the smallest change that counts as an improvement.
    """

    def rate(start: float, position: float, epochs: int, scores: Sequence[float]) -> float:
        best, waited, drops = -math.inf, 0, 0
        for score in scores:
            if score - min_delta > best:
                best, waited = score, 0
                continue
            waited += 1
            if waited == patience:
                drops, waited = drops + 1, 0
        return max(start * factor**drops, min(floor, start))

    return rate


@register("schedule")
def one_cycle(*, rise: Factor = 0.3, start_divisor: Divisor = 25.0, end_divisor: Divisor = 1e5) -> Schedule:
    """Up to the learning rate and far down again, Smith 2018, arXiv:1803.09820, with half cosines as in fastai.

    Args:
        rise: share of the phase in which the rate goes up.
        start_divisor: the rate begins at the learning rate divided by this,
        end_divisor: and ends at the learning rate divided by this.
    """

    def rate(start: float, position: float, epochs: int, scores: Sequence[float]) -> float:
        done = min(position / epochs, 1.0)
        if done < rise:
            return _half_cosine(start / start_divisor, start, done / rise)
        return _half_cosine(start, start / end_divisor, (done - rise) / (1 - rise))

    return rate


def _half_cosine(first: float, last: float, done: float) -> float:
    """From the first to the last value as `done` goes from 0 to 1, level at both ends."""
    return last + (first - last) * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
