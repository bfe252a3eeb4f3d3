"""Whether what an export says is what its run says."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from cervinet.evaluation.calibration import softmax
from cervinet.exporters.export import Bound, Outputs, Part
from cervinet.inference.answers import Answers, Array


@dataclass(frozen=True)
class Agreement:
    """Of one part, on some pictures.

    Attributes:
        part: its name.
        n: pictures.
        largest: difference of a probability.
        mean: difference, over all pictures and classes.
        same_class: pictures whose most probable class is the same.
        bound: that it must keep.
        why_not: a part of a sentence that says how the bound is broken; empty where it is kept.
    """

    part: str
    n: int
    largest: float
    mean: float
    same_class: int
    bound: Bound
    why_not: str

    def to_json(self) -> dict[str, Any]:
        """As in the card."""
        return {name: value for name, value in asdict(self).items() if name not in ("part", "why_not")}


def agreements(
    parts: Sequence[Part], answers: dict[str, Outputs], own: Answers, calibrated: Answers
) -> list[Agreement]:
    """How each part compares with its run.

    Args:
        parts: of the export.
        answers: of each part, by its name.
        own: the network's own answer to the same pictures.
        calibrated: what `predict` says of them.
    """
    return [_agreement(part, answers.get(part.name, {}), calibrated if part.calibrated else own) for part in parts]


def _agreement(part: Part, said: Outputs, wanted: Answers) -> Agreement:
    """Of probabilities, of those that logits make, and of those of sub-classes; the worst of them counts."""
    n, pairs = len(wanted.probabilities), list[tuple[Array, Array]]()
    if "probabilities" in said:
        pairs.append((said["probabilities"].astype(np.float64), wanted.probabilities))
    if "logits" in said:
        pairs.append((softmax(said["logits"].astype(np.float64)), wanted.probabilities))
    if wanted.subclasses is not None and "subclass_probabilities" in {*said, *part.gives}:
        none = np.empty((n, 0))
        pairs.append((said.get("subclass_probabilities", none).astype(np.float64), wanted.subclasses))
    if not pairs or any(one.shape != other.shape for one, other in pairs):
        shapes = " and ".join(str(list(one.shape)) for one, _ in pairs) or "none"
        asked = " and ".join(str(list(one.shape)) for _, one in pairs) or str(list(wanted.probabilities.shape))
        return _none(part, n, f"{part.name} must give probabilities of shape {asked}; it gives {shapes}")
    if not all(np.isfinite(one).all() for one, _ in pairs):
        return _none(part, n, f"{part.name} gives numbers that are not finite")
    away = [np.abs(one - other) for one, other in pairs]
    largest, mean = max(float(one.max()) for one in away), max(float(one.mean()) for one in away)
    same = min(
        int((one.argmax(axis=1) == other.argmax(axis=1)).sum()) for one, other in pairs if other is wanted.probabilities
    )
    value = largest if part.bound.of == "max" else mean
    what = "largest" if part.bound.of == "max" else "mean"
    kept = value <= part.bound.limit
    why_not = (
        ""
        if kept
        else f"the {what} difference of a probability of {part.name} is {value:.2g}, {part.bound.limit:.2g} is allowed"
    )
    return Agreement(part.name, n, largest, mean, same, part.bound, why_not)


def _none(part: Part, n: int, why: str) -> Agreement:
    return Agreement(part.name, n, float("nan"), float("nan"), 0, part.bound, why)
