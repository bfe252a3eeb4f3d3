"""Counts of groups for many resampled data sets, and the values of a function under all of them.

The counts of a draw depend on the seed and its number alone; chunks bound memory, threads use every core.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from cervinet.environment import cores
from cervinet.evaluation.statistics import Array

Key = TypeVar("Key", bound=Hashable)

_CELLS = 2_000_000
"""Images × draws held at a time by a thread; some 25 bytes each."""


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
    function: Callable[[NDArray[np.int32]], Mapping[Key, Array]],
    *,
    groups: int,
    images: int,
    draws: int,
    seed: int,
) -> dict[Key, Array]:
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
    return of_chunks(function, lambda chunk: draw_counts(groups, chunk, seed), rows=draws, images=max(images, groups))


def of_chunks(
    function: Callable[[NDArray[np.int32]], Mapping[Key, Array]],
    counts: Callable[[Sequence[int]], NDArray[np.int32]],
    *,
    rows: int,
    images: int,
) -> dict[Key, Array]:
    """The values of `function` under all rows of counts, a chunk of which is made at a time."""
    size = max(1, _CELLS // images)
    chunks = [range(start, min(start + size, rows)) for start in range(0, rows, size)]
    # NumPy lets go of the interpreter while it sums and sorts. More than 8 threads only wait for memory.
    with ThreadPoolExecutor(min(8, cores(), len(chunks))) as pool:
        parts = list(pool.map(lambda chunk: function(counts(chunk)), chunks))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
