"""Whether the heat of an explanation lies on the lesion."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cervinet.evaluation.intervals import Estimate
from cervinet.evaluation.statistics import Array


@dataclass(frozen=True)
class Located:
    """Means over images that have a region: each beside what chance gives.

    Attributes:
        images: with a region.
        mass: share of the positive heat inside the region.
        mass_chance: of heat spread evenly: the region's share of the picture.
        pointing: share of images whose hottest point lies inside.
        pointing_chance: the region's share of the picture.
        overlap: intersection over union of the region and of as large a part of the picture, the hottest.
        overlap_chance: of a random part of that size.
    """

    images: int
    mass: Estimate
    mass_chance: float
    pointing: Estimate
    pointing_chance: float
    overlap: Estimate
    overlap_chance: float


@dataclass(frozen=True)
class Localisation:
    """Over all images with a region and class by class; what the region is ("masks", "boxes"); in one sentence.

    Attributes:
        region: "masks" or "boxes".
        overall: of all images.
        per_class: of the images of each class that has any.
        randomised: correlation of heat maps with those of the network with random weights; near 0 is right.
        sentence: whether the network looks at the lesion.
    """

    region: str
    overall: Located
    per_class: dict[str, Located]
    randomised: float | None
    sentence: str

    def to_json(self) -> dict[str, Any]:
        raise NotImplementedError


def of_one(heat: Array, region: NDArray[np.bool_]) -> dict[str, float]:
    """Mass, pointing, overlap and their chance levels of a heat map float `(h, w)`, not negative, and a region."""
    raise NotImplementedError
