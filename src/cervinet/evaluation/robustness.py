"""How much worse a network gets as pictures get worse."""

from dataclasses import dataclass
from typing import Any

from cervinet.evaluation.intervals import Estimate


@dataclass(frozen=True)
class Degraded:
    """One kind of damage at one severity: `amount` in words ("JPEG quality 20"), severity 1 (slight) to 5."""

    kind: str
    severity: int
    amount: str
    metrics: dict[str, Estimate]
    fall: dict[str, Estimate]
    """The paired difference to the undamaged pictures, of each metric."""


@dataclass(frozen=True)
class Robustness:
    """Metrics of the undamaged pictures, and of every damage."""

    undamaged: dict[str, Estimate]
    steps: tuple[Degraded, ...]

    def to_json(self) -> dict[str, Any]:
        raise NotImplementedError
