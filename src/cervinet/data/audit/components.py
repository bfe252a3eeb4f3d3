"""Which rows hang together when some are joined in pairs."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


class Components:
    """Connected components of n rows, growing as rows are joined; each is called by its smallest row."""

    def __init__(self, n: int) -> None:
        self._parent = list(range(n))

    def root(self, row: int) -> int:
        """The smallest row of the component."""
        parent = self._parent
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    def join(self, first: int, second: int) -> bool:
        """Make one component of two; False where they were one already."""
        low, high = sorted((self.root(first), self.root(second)))
        self._parent[high] = low
        return low != high

    def labels(self) -> NDArray[np.int64]:
        """The smallest row of each row's component, int64 (n,)."""
        return np.array([self.root(row) for row in range(len(self._parent))], np.int64)


def components(n: int, pairs: Iterable[tuple[int, int]]) -> NDArray[np.int64]:
    """The smallest row of each row's connected component, int64 (n,)."""
    found = Components(n)
    for first, second in pairs:
        found.join(first, second)
    return found.labels()
