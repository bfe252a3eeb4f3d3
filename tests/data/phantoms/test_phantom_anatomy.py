"""The class of a phantom is the IFCPC 2011 type of its anatomy, and an impossible anatomy cannot be made."""

from dataclasses import replace

import numpy as np
import pytest

from cervinet.data.phantoms.anatomy import Anatomy, ZoneType, sample_anatomy, transformation_zone_type

ZONES: tuple[ZoneType, ...] = (1, 2, 3)


def anatomy_with(junction: float, canal_seen: float, lopsided: float = 0.0) -> Anatomy:
    some = sample_anatomy(1, np.random.default_rng(0))
    return replace(some, junction_level=junction, junction_waves=((lopsided, 0.0),), canal_seen=canal_seen)


@pytest.mark.parametrize(
    ("junction", "lopsided", "canal_seen", "zone"),
    [
        (0.2, 0.0, 0.5, 1),
        (0.2, 0.19, 0.5, 1),
        (0.0, 0.0, 0.0, 1),
        (-0.3, 0.0, 0.5, 2),
        (0.2, 0.3, 0.5, 2),
        (-0.3, 0.0, 0.2, 3),
        (0.2, 0.5, 0.2, 3),
        (-1.5, 0.0, 0.9, 3),
    ],
)
def test_the_deepest_point_of_the_junction_decides(
    junction: float, lopsided: float, canal_seen: float, zone: int
) -> None:
    assert transformation_zone_type(anatomy_with(junction, canal_seen, lopsided)) == zone


def test_a_wider_view_into_the_canal_turns_type_3_into_type_2() -> None:
    closed = anatomy_with(junction=-0.4, canal_seen=0.1)
    assert transformation_zone_type(closed) == 3
    assert transformation_zone_type(replace(closed, canal_seen=0.6)) == 2


@pytest.mark.parametrize("zone", ZONES)
def test_every_sampled_anatomy_has_the_type_it_was_sampled_for(zone: ZoneType) -> None:
    for seed in range(500):
        assert transformation_zone_type(sample_anatomy(zone, np.random.default_rng(seed))) == zone


@pytest.mark.parametrize(
    "impossible",
    [
        {"os_height": 0.4, "os_width": 0.3},
        {"os_width": 0.7},
        {"os_height": 0.0},
        {"canal_seen": 1.2},
        {"zone_width": 0.0},
        {"junction_level": 0.9},
    ],
)
def test_an_impossible_anatomy_cannot_be_made(impossible: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"must|needs|fraction|positive"):
        replace(anatomy_with(0.1, 0.5), **impossible)


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(ValueError, match="got 4"):
        sample_anatomy(4, np.random.default_rng(0))  # type: ignore[arg-type]
