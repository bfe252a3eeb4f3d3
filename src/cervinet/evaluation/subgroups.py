"""The same metrics for parts of the images: sites, age bands, devices, picture sizes."""

from collections.abc import Sequence
from dataclasses import dataclass

from cervinet.evaluation.intervals import Estimate, Resampling
from cervinet.evaluation.predictions import Predictions

FEW_GROUPS = 20
"""Below, a subgroup is called small."""


@dataclass(frozen=True)
class Part:
    """One subgroup: its value, its images and groups, its metrics, and whether it is too small to say much."""

    value: str
    images: int
    groups: int
    metrics: dict[str, Estimate]
    small: bool


@dataclass(frozen=True)
class Subgroups:
    """The parts by one column, the images without a value, and the gaps whose intervals part, in plain words."""

    column: str
    parts: tuple[Part, ...]
    unknown: int
    gaps: tuple[str, ...]


def subgroups(
    predictions: Predictions, column: str, values: Sequence[str], edges: Sequence[float] | None, how: Resampling
) -> Subgroups:
    """Judge each part; `values` has one text an image, empty where unknown; numbers are banded."""
    raise NotImplementedError
