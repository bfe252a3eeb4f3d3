"""What a network, or an ensemble, says of a batch of pictures."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Answer:
    """To one picture: a row of each array of `Answers`."""

    probabilities: Array
    logits: Array
    subclasses: Array | None
    spread: float | None


@dataclass(frozen=True, eq=False)
class Answers:
    """To `n` pictures.

    Attributes:
        probabilities: float64 `(n, classes)`, rows sum to one.
        logits: float64 `(n, classes)`.
        subclasses: probabilities of sub-classes, float64 `(n, sub-classes)`; None of a network without.
        spread: mutual information in nats between the class and the member or view that answers, float64 `(n,)`; None
            where there is one answer only.
    """

    probabilities: Array
    logits: Array
    subclasses: Array | None = None
    spread: Array | None = None

    def __iter__(self) -> Iterator[Answer]:
        """Picture by picture."""
        for row, (probabilities, logits) in enumerate(zip(self.probabilities, self.logits, strict=True)):
            yield Answer(
                probabilities,
                logits,
                None if self.subclasses is None else self.subclasses[row],
                None if self.spread is None else float(self.spread[row]),
            )

    @classmethod
    def joined(cls, parts: Sequence["Answers"]) -> "Answers":
        """Batches of one network, at least one, behind each other."""
        first = parts[0]
        return cls(
            np.concatenate([part.probabilities for part in parts]),
            np.concatenate([part.logits for part in parts]),
            None if first.subclasses is None else np.concatenate([_known(part.subclasses) for part in parts]),
            None if first.spread is None else np.concatenate([_known(part.spread) for part in parts]),
        )


def _known(values: Array | None) -> Array:
    assert values is not None, "batches of one network know the same"
    return values
