"""Whether the heat of an explanation lies on the lesion.

References: pointing game, without a tolerance around the region: Zhang et al., Top-down neural attention by excitation
backprop, IJCV 126:1084, 2018; share of the heat inside: "energy-based pointing game", Wang et al., Score-CAM, CVPR
Workshops 2020. Each is told beside its value by chance, since a large region holds much of any heat.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cervinet.evaluation.intervals import Estimate, Resampling, estimates
from cervinet.evaluation.means import Parts, means

MEASURES = ("mass", "pointing", "overlap")
NEARLY_ALL = 0.9
"""Of the picture; heat that lies inside such regions tells nothing."""


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
        gain: mass less its chance, image by image; None where it was not asked for.
        empty: of `images`, those without any heat, which count in nothing else.
    """

    images: int
    mass: Estimate
    mass_chance: float
    pointing: Estimate
    pointing_chance: float
    overlap: Estimate
    overlap_chance: float
    gain: Estimate | None = None
    empty: int = 0

    def to_json(self) -> dict[str, Any]:
        """Plain numbers, text and null."""
        chances = {name: getattr(self, f"{name}_chance") for name in MEASURES}
        found: dict[str, Any] = {"images": self.images, "empty": self.empty}
        for name in MEASURES:
            chance = chances[name]
            found[name] = getattr(self, name).to_json()
            found[f"{name}_chance"] = None if np.isnan(chance) else chance
        return found | ({"gain": self.gain.to_json()} if self.gain else {})


@dataclass(frozen=True)
class Localisation:
    """Over all images with a region and class by class; what the region is ("masks", "boxes"); in one sentence.

    Attributes:
        region: "masks" or "boxes".
        overall: of all images.
        per_class: of the images of each class that has any.
        randomised: correlation of heat maps with those of the network with random weights; near 0 is right.
        sentence: whether the network looks at the lesion.
        without: judged images that have no region, or none in what the network sees.
    """

    region: str
    overall: Located
    per_class: dict[str, Located]
    randomised: float | None
    sentence: str
    without: int = 0

    def to_json(self) -> dict[str, Any]:
        """Plain numbers, text and null."""
        return {
            "region": self.region,
            "overall": self.overall.to_json(),
            "per_class": {name: one.to_json() for name, one in self.per_class.items()},
            "randomised": self.randomised,
            "without_region": self.without,
            "sentence": self.sentence,
        }


def of_one(heat: NDArray[np.floating[Any]], region: NDArray[np.bool_]) -> dict[str, float]:
    """Mass, pointing, overlap and their chance levels of a heat map float `(h, w)`, not negative, and a region.

    Where pixels are equally hot, the hottest of them, or the hottest part, is a random choice among them and its
    expected value is given; so heat spread evenly gives exactly the chance levels.

    Returns:
        mass, mass_chance, pointing, pointing_chance, overlap, overlap_chance, in [0, 1]; the three values are NaN where
        there is no heat.

    Raises:
        ValueError: shapes differ, the region is empty, or heat is negative or not finite.
    """
    if heat.shape != region.shape or not region.any():
        raise ValueError(f"the region must be of the heat's shape {heat.shape} and not empty; got {region.shape}")
    if not (np.isfinite(heat).all() and (heat >= 0).all()):
        raise ValueError("heat must be finite and not negative")
    area, pixels = int(region.sum()), region.size
    share = area / pixels
    found = {"mass_chance": share, "pointing_chance": share, "overlap_chance": _expected_overlap(0, pixels, area, area)}
    values, inside = heat.astype(np.float64).ravel(), region.ravel()
    total = values.sum()
    if total == 0:
        return found | dict.fromkeys(MEASURES, float("nan"))
    edge = np.partition(values, pixels - area)[pixels - area]
    tied = values == edge
    certain = values > edge
    overlap = _expected_overlap(
        int(inside[certain].sum()), int(tied.sum()), int(inside[tied].sum()), area, area - int(certain.sum())
    )
    hottest = inside[values == values.max()]
    return found | {"mass": float(values[inside].sum() / total), "pointing": float(hottest.mean()), "overlap": overlap}


def _expected_overlap(certain: int, tied: int, tied_inside: int, area: int, drawn: int | None = None) -> float:
    """Of a region and a part that is as large, whose last pixels are drawn at random: hypergeometric.

    Args:
        certain: pixels of the part that are not drawn and lie in the region.
        tied: pixels that are drawn from.
        tied_inside: of these, those in the region.
        area: of the region, and of the part.
        drawn: how many are drawn; `area` by default.
    """
    from scipy.stats import hypergeom

    number = area if drawn is None else drawn
    hits = np.arange(max(0, number - (tied - tied_inside)), min(number, tied_inside) + 1)
    common = certain + hits
    return float(hypergeom.pmf(hits, tied, tied_inside, number) @ (common / (2 * area - common)))


def localisation(
    measured: Sequence[Mapping[str, float]],
    labels: NDArray[np.int64],
    groups: Sequence[str],
    classes: Sequence[str],
    *,
    region: Literal["masks", "boxes"],
    how: Resampling,
    without: int = 0,
    randomised: float | None = None,
) -> Localisation:
    """Means over images, with intervals by group, all from the same draws.

    Args:
        measured: `n` results of `of_one`, at least one.
        labels: int64 `(n,)`, true class.
        groups: `n` names; images of one patient share one.
        classes: names.
        region: what the regions are.
        how: draws, confidence, seed and method of the intervals.
        without: judged images that have no region.
        randomised: see `Localisation`.
    """
    numbers = {name: np.array([one[name] for one in measured]) for name in measured[0]}
    names = sorted(set(groups))
    members = np.searchsorted(names, groups)
    numbers["gain"] = numbers["mass"] - numbers["mass_chance"]
    warm = ~np.isnan(numbers["mass"])
    parts = {None: np.ones(len(labels), bool)} | {
        name: labels == index for index, name in enumerate(classes) if (labels == index).any()
    }
    sums: dict[tuple[str | None, str], Parts] = {
        (part, name): (np.where(rows & warm, numbers[name], 0), rows & warm)
        for part, rows in parts.items()
        for name in (*MEASURES, "gain")
    }
    of = estimates(
        means(members, len(names), sums),
        counted={key: int(counted.sum()) for key, (_, counted) in sums.items()},
        undefined=dict.fromkeys(sums, "no image with a region has any heat"),
        groups=len(names),
        images=len(labels),
        how=how,
    )

    def located(part: str | None) -> Located:
        rows = parts[part]
        counted = rows & warm
        chance = {
            name: float(numbers[f"{name}_chance"][counted].mean()) if counted.any() else float("nan")
            for name in MEASURES
        }
        return Located(
            images=int(rows.sum()),
            mass=of[part, "mass"],
            mass_chance=chance["mass"],
            pointing=of[part, "pointing"],
            pointing_chance=chance["pointing"],
            overlap=of[part, "overlap"],
            overlap_chance=chance["overlap"],
            gain=of[part, "gain"],
            empty=int(rows.sum() - counted.sum()),
        )

    overall = located(None)
    per_class = {part: located(part) for part in parts if part is not None}
    return Localisation(region, overall, per_class, randomised, _sentence(region, overall), without)


def _sentence(region: str, found: Located) -> str:
    empty = f" Left out, for they have no heat at all: {found.empty} of {found.images} images." if found.empty else ""
    mass, gain = found.mass, found.gain
    if mass.value is None or gain is None or gain.value is None:
        return f"Whether the heat lies on the lesion cannot be said: {mass.reason}.{empty}"
    covered = f"{region} that cover {found.mass_chance:.2f} of the picture"
    if found.mass_chance > NEARLY_ALL:
        return f"Whether the heat lies on the lesion cannot be said: the images have {covered}.{empty}"
    if gain.lower is None or gain.upper is None or mass.lower is None or mass.upper is None:
        return (
            f"{mass.value:.2f} of the heat lies inside {covered}; whether that is more than chance cannot be said: "
            f"{gain.reason}.{empty}"
        )
    numbers = f"{mass.value:.2f} of it inside {covered} ({mass.lower:.2f}–{mass.upper:.2f})"
    if gain.lower > 0:
        return f"The heat lies on the lesion more than chance: {numbers}.{empty}"
    if gain.upper < 0:
        return f"The heat lies on the lesion less than chance: {numbers}.{empty}"
    return f"The heat lies on the lesion no better than chance: {numbers}.{empty}"
