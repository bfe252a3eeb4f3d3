"""Whether what an export says is what its run says."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cervinet.evaluation.calibration import softmax
from cervinet.exporters.export import Bound, Outputs, Part
from cervinet.inference.answers import Answers


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
    parts: Sequence[Part], answers: dict[str, Outputs], own: Answers, calibrated: NDArray[np.float64]
) -> list[Agreement]:
    """How each part compares with its run.

    Args:
        parts: of the export.
        answers: of each part, by its name.
        own: the network's own answer to the same pictures.
        calibrated: what `predict` says of them, float64 (n, classes).
    """
    found = []
    for part in parts:
        wanted = calibrated if part.calibrated else own.probabilities
        said = answers.get(part.name, {})
        compared = [said["probabilities"].astype(np.float64)] if "probabilities" in said else []
        if "logits" in said:
            compared.append(softmax(said["logits"].astype(np.float64)))
        found.append(_agreement(part, compared, wanted))
    return found


def _agreement(part: Part, found: Sequence[NDArray[np.float64]], wanted: NDArray[np.float64]) -> Agreement:
    """Of probabilities, and of those that logits make; the worse of them counts."""
    n = len(wanted)
    if not found or any(one.shape != wanted.shape for one in found):
        shapes = " and ".join(str(list(one.shape)) for one in found) or "none"
        return _none(part, n, f"{part.name} must give probabilities of shape {list(wanted.shape)}; it gives {shapes}")
    if not all(np.isfinite(one).all() for one in found):
        return _none(part, n, f"{part.name} gives numbers that are not finite")
    away = [np.abs(one - wanted) for one in found]
    largest, mean = max(float(one.max()) for one in away), max(float(one.mean()) for one in away)
    same = min(int((one.argmax(axis=1) == wanted.argmax(axis=1)).sum()) for one in found)
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
