"""Draws a synthetic cervix as a photograph: tissue first, then light, speculum and camera.

Nothing here knows the class: it follows from the anatomy alone.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from cervinet.data.phantoms.anatomy import Anatomy, Tissue
from cervinet.data.phantoms.camera import View, onto_cervix, photograph, picture_plane, put_light, put_speculum
from cervinet.data.phantoms.paint import Field, Texture, blend, ramp, texture_at


def render(anatomy: Anatomy, view: View, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Photograph a cervix.

    Args:
        anatomy: the patient.
        view: the photograph.
        size: height and width in pixels.

    Returns:
        uint8 RGB (H, W, 3), 0 to 255.
    """
    x, y, step = picture_plane(size)
    place = _find_place(anatomy, *onto_cervix(x, y, view), pixel=step / view.scale)
    mucus = _mucus(anatomy, place)
    colour = _colour(anatomy.tissue, anatomy.zone_width, place)
    blend(colour, 0.75 * mucus, (0.86, 0.82, 0.74))
    relief = _relief(anatomy.tissue, place) + 0.03 * mucus
    put_light(colour, relief, (1 - 0.9 * place.unseen) * (1 + mucus), view, step)
    put_speculum(colour, x, y, view, step)
    return photograph(colour, x, y, view, step)


@dataclass(frozen=True)
class _Place:
    """Where on the cervix each pixel lies: float32 (H, W) each, lengths in cervix radii."""

    u: Field
    v: Field
    portio: Field
    """Distance from the centre of the cervix."""
    radius: Field
    """Distance from the centre of the os."""
    rim: Field
    """Distance of the os's rim from its centre, in this pixel's direction."""
    inside: Field
    """How far inside the squamo-columnar junction; negative outside."""
    columnar: Field
    """1 on columnar epithelium, 0 on squamous."""
    depth: Field
    """How far along the way to the canal's axis, 0 on the ectocervix."""
    unseen: Field
    """1 where the canal is too deep to be seen into."""
    texture: Texture
    pixel: float
    """Width of a pixel: the narrowest edge that can be drawn smooth."""


def _find_place(anatomy: Anatomy, u: Field, v: Field, pixel: float) -> _Place:
    texture = texture_at(u, v, anatomy.tissue.texture)
    # Bending the plane itself bends os, junction and portio together, so their order is kept.
    u, v = u + 0.03 * texture.lump, v + 0.03 * texture.patch
    x, y = u - anatomy.os_centre[0], v - anatomy.os_centre[1]
    radius = np.sqrt(x * x + y * y)
    angle = np.asarray(cv2.phase(x, y), np.float32)
    rim, junction = anatomy.os_radius(), anatomy.junction_radius()
    bearing = (angle * len(rim) / (2 * np.pi)).astype(np.intp) % len(rim)
    rim, inside = rim[bearing], junction[bearing] - radius
    depth = np.clip(1 - radius / rim, 0, 1)
    return _Place(
        u=u,
        v=v,
        portio=np.sqrt(u * u + v * v),
        radius=radius,
        rim=rim,
        inside=inside,
        columnar=ramp(inside + 0.011 * texture.grain, 0.025 + pixel),
        depth=depth,
        # The second ramp keeps the dark of a nearly closed canal, softened over a pixel, off the ectocervix.
        unseen=ramp(depth - anatomy.canal_seen, 0.06 + pixel / anatomy.os_height) * ramp(rim - radius, pixel),
        texture=texture,
        pixel=pixel,
    )


def _colour(tissue: Tissue, zone_width: float, place: _Place) -> Field:
    """Reflectance of the epithelium, (3, H, W): layer on layer, as they lie."""
    _, patch, grain, vessel = place.texture
    colour: Field = np.zeros((3, *place.u.shape), np.float32)
    blend(colour, np.ones_like(place.u), tissue.squamous)
    redness = np.clip(0.3 + 0.6 * patch, 0, 1)
    blend(colour, (0.55 * tissue.inflammation) * redness, (0.78, 0.33, 0.36))
    blend(colour, (0.35 * tissue.vessels) * vessel, (0.65, 0.2, 0.24))
    zone = ramp(place.inside + zone_width, 0.08)
    blend(colour, tissue.whiteness * zone * (0.8 + 0.1 * grain), (0.95, 0.82, 0.8))
    blend(colour, place.columnar * np.clip(0.86 + 0.08 * patch, 0, 1), tissue.columnar)
    villous = place.columnar * (0.09 * tissue.villi)
    colour *= 1 + villous * (grain + patch) + 0.015 * (grain + 2 * patch)
    vaginal_wall = ramp(place.portio - 1.08 + 0.05 * patch, 0.3)
    red, green, blue = tissue.squamous
    blend(colour, vaginal_wall, (0.8 * red, 0.66 * green, 0.68 * blue))
    for x, y, size in tissue.blood:
        away = np.hypot(place.u - x, place.v - y)
        ragged = size * (1 + 0.6 * patch + 0.3 * grain)
        blend(colour, 0.85 * ramp(ragged - away, 0.03 + place.pixel), (0.5, 0.04, 0.06))
    colour *= 1 - 0.45 * place.depth
    blend(colour, 0.95 * place.unseen * (0.75 + 0.25 * place.depth), (0.17, 0.03, 0.04))
    colour *= 1 - 0.5 * place.unseen * place.depth
    return colour


def _relief(tissue: Tissue, place: _Place) -> Field:
    """Height in cervix radii: a dome with a lip around the os, a funnel into it, villi and lumps."""
    lip = np.clip(1 - np.abs(place.radius - place.rim - 0.06) / 0.14, 0, 1)
    dome = place.portio * place.portio
    fornix = ramp(place.portio - 1.05, 0.5)
    relief: Field = (
        -0.34 * dome / (1 + 0.3 * dome * dome)
        + 0.08 * fornix * place.texture.lump
        + 0.03 * lip * lip * (3 - 2 * lip)
        - 0.12 * place.depth
        + (0.0042 * tissue.villi * place.columnar + 0.0005) * place.texture.grain
        + 0.016 * place.texture.lump
    )
    return relief


def _mucus(anatomy: Anatomy, place: _Place) -> Field:
    """A strand that hangs from the os, 0 to 1."""
    amount = anatomy.tissue.mucus
    if amount == 0:
        return np.zeros_like(place.u)
    lump, _, grain, _ = place.texture
    along = place.v - anatomy.os_centre[1]
    across = np.abs(place.u - anatomy.os_centre[0] + 0.05 * lump * along)
    width = (0.02 + 0.05 * amount) * (1 + 0.4 * lump)
    length = np.clip((0.1 + 0.5 * amount - along) * 6, 0, 1) * np.clip((along + 0.03) * 20, 0, 1)
    strand: Field = np.clip((width - across) * 25, 0, 1) * length * np.clip(0.75 + 0.15 * grain, 0, 1)
    return strand
