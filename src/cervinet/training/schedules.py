"""How the learning rate changes within a phase of training.

A schedule is a function of plain numbers and of nothing else, so that a resumed run finds the rate it left:

    rate(start, position, epochs, scores)

start is the rate at the beginning of the phase, position the epochs done in it (1.5: in the middle of the second),
epochs how many it has, scores the monitored value of each finished one (higher is better).
"""

from collections.abc import Callable, Sequence

from cervinet.registry import register

Schedule = Callable[[float, float, int, Sequence[float]], float]


@register("schedule")
def constant() -> Schedule:
    """The same rate throughout."""
    return lambda start, position, epochs, scores: start
