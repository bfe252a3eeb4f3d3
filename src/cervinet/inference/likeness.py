"""How unlike the pictures of training a picture is, by what the network made of it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Likeness:
    """A distance in the space of embeddings, in units of its threshold."""

    threshold: float

    @classmethod
    def fit(cls, training: NDArray[np.float32], validation: NDArray[np.float32], share: float) -> "Likeness":
        """Fitted on embeddings float32 (n, k) of training pictures, its threshold on those of validation pictures."""
        raise NotImplementedError

    def score(self, embedding: NDArray[np.float32]) -> NDArray[np.float64]:
        """float64 (n,), not negative; above 1: unlike the pictures of training."""
        raise NotImplementedError

    def save(self, path: Path) -> None:
        raise NotImplementedError

    @classmethod
    def load(cls, path: Path) -> "Likeness":
        raise NotImplementedError
