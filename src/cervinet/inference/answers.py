"""What a network, or an ensemble, says of a batch of pictures."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

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
    unlike: float | None


@dataclass(frozen=True, eq=False)
class Answers:
    """To `n` pictures.

    Attributes:
        probabilities: float64 `(n, classes)`, rows sum to one.
        logits: float64 `(n, classes)`.
        subclasses: probabilities of sub-classes, float64 `(n, sub-classes)`; None of a network without.
        spread: mutual information in nats between the class and the member or view that answers, float64 `(n,)`; None
            where there is one answer only.
        embedding: what pictures are compared by, float32 `(n, k)`; None of a network without, or where it has done
            its work.
        unlike: how unlike the pictures of training each is, float64 `(n,)`, not negative; 1 is the threshold; None of
            a run without such a gate.
    """

    probabilities: Array
    logits: Array
    subclasses: Array | None = None
    spread: Array | None = None
    embedding: NDArray[np.float32] | None = None
    unlike: Array | None = None

    def __iter__(self) -> Iterator[Answer]:
        """Picture by picture."""
        for row, (probabilities, logits) in enumerate(zip(self.probabilities, self.logits, strict=True)):
            yield Answer(
                probabilities,
                logits,
                None if self.subclasses is None else self.subclasses[row],
                None if self.spread is None else float(self.spread[row]),
                None if self.unlike is None else float(self.unlike[row]),
            )

    @classmethod
    def of_outputs(cls, outputs: Mapping[str, NDArray[np.float32]]) -> "Answers":
        """Outputs of a `served_graph` by their names."""
        finer = outputs.get("subclass_probabilities")
        return cls(
            probabilities=outputs["probabilities"].astype(np.float64),
            logits=outputs["logits"].astype(np.float64),
            subclasses=None if finer is None else finer.astype(np.float64),
            embedding=outputs.get("embedding"),
        )

    @classmethod
    def joined(cls, parts: Sequence["Answers"]) -> "Answers":
        """Batches of one network, at least one, behind each other."""
        known = [one.name for one in fields(cls) if getattr(parts[0], one.name) is not None]
        return cls(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in known})
