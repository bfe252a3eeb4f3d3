"""Positive or not: what operating points, decision curves and screening figures are about."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cervinet.errors import DataError
from cervinet.evaluation.statistics import Array


@dataclass(frozen=True)
class Question:
    """Whether a picture is of one of some classes.

    Attributes:
        positive: names of these classes.
        indices: their numbers.
    """

    positive: tuple[str, ...]
    indices: tuple[int, ...]

    @property
    def name(self) -> str:
        return " or ".join(self.positive)

    def scores(self, probabilities: Array) -> Array:
        """float64 `(n,)` in [0, 1]: the probability of any of the positive classes."""
        scores: Array = probabilities[:, self.indices].sum(axis=1)
        return scores

    def truth(self, labels: NDArray[np.int64]) -> NDArray[np.bool_]:
        """bool `(n,)`, which images are of a positive class."""
        return np.isin(labels, self.indices)

    def one_sided(self, truth: NDArray[np.bool_]) -> str:
        """That all images are positive, or none is, as the reason of what cannot be known; empty where both occur."""
        if truth.any() and not truth.all():
            return ""
        return f"{'every' if truth.any() else 'no'} image is of {self.name!r}"


def questions(classes: Sequence[str], positive: Sequence[str] | None) -> tuple[Question, ...]:
    """The one that is asked; without any, the last of two classes, or each of more against the others.

    Raises:
        DataError: a name that is no class, or every class.
    """
    if positive is None:
        asked = range(1, 2) if len(classes) == 2 else range(len(classes))
        return tuple(Question((classes[index],), (index,)) for index in asked)
    for name in positive:
        if name not in classes:
            raise DataError(f"the positive class {name!r} must be one of {', '.join(classes)}")
    if not 0 < len(set(positive)) < len(classes):
        raise DataError(f"some but not all classes can be positive; got {', '.join(positive) or 'none'}")
    return (Question(tuple(positive), tuple(classes.index(name) for name in positive)),)
