"""The anatomy of a synthetic cervix, and the medical definition of its class.

Lengths are in cervix radii: the portio is the disc of radius 1. A place on the epithelium is given by its
angle around the external os and by how far along the surface it lies from the rim of the os:

    surface = 0            the rim of the external os
    surface > 0            on the ectocervix, that many cervix radii outside the rim
    -1 <= surface < 0      inside the canal, as a fraction of the way from the rim to its axis

The new squamo-columnar junction is a closed curve `surface = junction(angle)`; columnar epithelium lies
inside it. It is the inner border of the transformation zone, which extends outwards from it.

Source: J. Bornstein et al., "2011 Colposcopic Terminology of the International Federation for Cervical
Pathology and Colposcopy", Obstetrics & Gynecology 120(1), 2012: transformation zone types 1, 2 and 3.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

ZoneType = Literal[1, 2, 3]
Curve = NDArray[np.float32]

_ANGLES = 1024
_WAVES = 6


@dataclass(frozen=True)
class Tissue:
    """How this patient's epithelium looks; drawn alike for every type, so it tells nothing of the class."""

    squamous: tuple[float, float, float]
    """RGB reflectance of the squamous epithelium, 0 to 1."""
    columnar: tuple[float, float, float]
    """RGB reflectance of the columnar epithelium, 0 to 1."""
    whiteness: float
    """How pale the transformation zone is, 0 to 1."""
    inflammation: float
    """How much diffuse redness lies on the squamous epithelium, 0 to 1."""
    vessels: float
    """How clearly vessels show, 0 to 1."""
    villi: float
    """How coarse the columnar epithelium looks, 0 to 1."""
    blood: tuple[tuple[float, float, float], ...]
    """Spots of blood: x, y and radius in cervix radii."""
    mucus: float
    """How much mucus hangs from the os, 0 to 1."""
    texture: tuple[float, float]
    """Where in the texture tile this patient lies, 0 to 1 each."""


@dataclass(frozen=True)
class Anatomy:
    """One patient's cervix. All lengths in cervix radii, all angles in radians."""

    os_centre: tuple[float, float]
    os_width: float
    """Half the long axis of the external os."""
    os_height: float
    """Half the short axis: near the width for a round nulliparous os, far less for a parous slit."""
    os_angle: float
    canal_seen: float
    """How deep the canal can be seen into, as a fraction of the way to its axis; the rest is dark."""
    junction_level: float
    """The mean of the junction's surface coordinate around the os."""
    junction_waves: tuple[tuple[float, float], ...]
    """Amplitude and phase of the junction's first, second, … harmonic of the angle."""
    zone_width: float
    """How far the transformation zone reaches outwards from the junction."""
    tissue: Tissue

    def __post_init__(self) -> None:
        if not 0 < self.os_height <= self.os_width < 0.5:
            raise ValueError(f"an os needs 0 < height <= width < 0.5; got {self.os_height} by {self.os_width}")
        if not 0 <= self.canal_seen < 1:
            raise ValueError(f"canal_seen is a fraction from 0 to below 1; got {self.canal_seen}")
        if self.zone_width <= 0:
            raise ValueError(f"a transformation zone has a positive width; got {self.zone_width}")
        if float(self.junction().max()) > 0.8:
            raise ValueError("the squamo-columnar junction must lie on the cervix, within 0.8 of its os")

    def os_radius(self) -> Curve:
        """Distance of the rim from the centre of the os, float32 (angles,), at even angles from 0."""
        angle = _angles() - self.os_angle
        return (
            self.os_width * self.os_height / np.hypot(self.os_height * np.cos(angle), self.os_width * np.sin(angle))
        ).astype(np.float32)

    def junction(self) -> Curve:
        """Surface coordinate of the squamo-columnar junction, float32 (angles,); below -1: out of reach."""
        return (self.junction_level + _wave_sum(self.junction_waves)).astype(np.float32)

    def junction_radius(self) -> Curve:
        """Distance of the junction from the os's centre, float32 (angles,); 0 where it is out of reach."""
        rim, surface = self.os_radius(), self.junction()
        return np.where(surface >= 0, rim + surface, rim * np.maximum(1 + surface, 0))


def transformation_zone_type(anatomy: Anatomy) -> ZoneType:
    """The IFCPC 2011 type of the transformation zone, which is the class of the phantom.

    Type 1: wholly on the ectocervix, and therefore wholly visible.
    Type 2: it has an endocervical part, and all of it is visible.
    Type 3: it has an endocervical part that is not fully visible.

    The junction is the zone's innermost border, so it alone decides.
    """
    deepest = float(anatomy.junction().min())
    if deepest >= 0:
        return 1
    return 2 if deepest >= -anatomy.canal_seen else 3


def sample_anatomy(zone: ZoneType, rng: np.random.Generator) -> Anatomy:
    """A patient whose transformation zone is of this type.

    The type decides how deep the junction lies, whether the canal must be open for it to be seen, and how
    lopsided the junction may be. All else, the tissue above all, is drawn alike for every type.

    Raises:
        ValueError: `zone` is not 1, 2 or 3.
    """
    if zone not in (1, 2, 3):
        raise ValueError(f"a transformation zone is of type 1, 2 or 3; got {zone}")
    # An open canal is needed for type 2 and possible in all, so that an open os is no proof of type 2.
    opened = zone == 2 or rng.random() < 0.55
    canal_seen = rng.uniform(0.55, 0.85) if opened else rng.uniform(0.08, 0.3)
    width, height = _sample_os(canal_seen, rng)
    level, waves = _sample_junction(zone, _sample_deepest(zone, canal_seen, rng), rng)
    return Anatomy(
        os_centre=(rng.uniform(-0.12, 0.12), rng.uniform(-0.12, 0.12)),
        os_width=width,
        os_height=height,
        os_angle=rng.normal(0, 0.2),
        canal_seen=canal_seen,
        junction_level=level,
        junction_waves=waves,
        zone_width=rng.uniform(0.08, 0.25),
        tissue=_sample_tissue(rng),
    )


def _sample_junction(
    zone: ZoneType, deepest: float, rng: np.random.Generator
) -> tuple[float, tuple[tuple[float, float], ...]]:
    """Level and waves of a junction whose innermost point is `deepest`.

    Waves fall off with their order: a smooth outline with a few tongues. Where a junction enters the canal on
    one side only, a large first wave leaves an arc of it on the other lip.
    """
    first = rng.uniform(0.02, 0.1) if zone == 1 else 0.03 * 16 ** rng.uniform(0, 1)
    strengths = np.array([first, 0.05, 0.03, 0.02, 0.015, 0.012]) * np.abs(rng.normal(1, 0.4, _WAVES))
    waves = [(float(strength), float(rng.uniform(0, 2 * np.pi))) for strength in strengths]
    curve = _wave_sum(tuple(waves))
    flatten = min(1.0, (0.65 - deepest) / float(np.ptp(curve)))
    return deepest - flatten * float(curve.min()), tuple((flatten * size, phase) for size, phase in waves)


def _sample_deepest(zone: ZoneType, canal_seen: float, rng: np.random.Generator) -> float:
    """Surface coordinate of the junction's innermost point; margins keep it a pixel or two off the border."""
    if zone == 1:
        return rng.uniform(0.06, 0.2)
    if zone == 2:
        return rng.uniform(0.15 - canal_seen, -0.35)
    return rng.uniform(-1.6, -canal_seen - 0.15)


def _sample_os(canal_seen: float, rng: np.random.Generator) -> tuple[float, float]:
    """Half axes of a round or slit-like os that opens with the canal."""
    if rng.random() < 0.5:
        width = rng.uniform(0.06, 0.12) + 0.26 * canal_seen
        return width, width * rng.uniform(0.8, 1)
    width = rng.uniform(0.15, 0.22) + 0.2 * canal_seen
    return width, width * (rng.uniform(0.2, 0.35) + 0.5 * canal_seen)


def _sample_tissue(rng: np.random.Generator) -> Tissue:
    pallor = rng.uniform(-1, 1)
    red = rng.uniform(-1, 1)
    spots = rng.poisson(1.2) if rng.random() < 0.5 else 0
    return Tissue(
        squamous=(0.86 + 0.06 * pallor, 0.55 + 0.1 * pallor, 0.57 + 0.09 * pallor + rng.uniform(-0.04, 0.04)),
        columnar=(0.72 + 0.08 * red, 0.22 + 0.06 * red, 0.22 + 0.06 * red + rng.uniform(-0.03, 0.03)),
        whiteness=rng.uniform(0.1, 0.7),
        inflammation=rng.uniform(0, 1) ** 2,
        vessels=rng.uniform(0, 1),
        villi=rng.uniform(0.4, 1),
        blood=tuple((rng.normal(0, 0.4), rng.normal(0, 0.4), rng.uniform(0.02, 0.09)) for _ in range(spots)),
        mucus=max(0.0, rng.uniform(-1, 1)),
        texture=(rng.random(), rng.random()),
    )


def _wave_sum(waves: tuple[tuple[float, float], ...]) -> NDArray[np.float64]:
    orders = np.arange(1, len(waves) + 1)[:, None]
    amplitudes, phases = np.array(waves).reshape(-1, 2).T[..., None]
    total: NDArray[np.float64] = (amplitudes * np.cos(orders * _angles() + phases)).sum(axis=0)
    return total


def _angles() -> NDArray[np.float64]:
    return np.linspace(0, 2 * np.pi, _ANGLES, endpoint=False, dtype=np.float64)
