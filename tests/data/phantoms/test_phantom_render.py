"""What the definition of the class says must be there to be seen is there to be seen."""

from dataclasses import replace

import numpy as np

from cervinet.data.phantoms.anatomy import Anatomy, sample_anatomy
from cervinet.data.phantoms.camera import sample_view
from cervinet.data.phantoms.render import render


def anatomy_with(junction: float, canal_seen: float) -> Anatomy:
    some = sample_anatomy(1, np.random.default_rng(0))
    return replace(some, junction_level=junction, junction_waves=(), canal_seen=canal_seen)


def redness_in_front(anatomy: Anatomy) -> float:
    """Share of clearly red, bright pixels around the os, in an even light with nothing in the way."""
    tissue = replace(anatomy.tissue, blood=(), mucus=0.0, inflammation=0.0, squamous=(0.86, 0.6, 0.6))
    view = replace(sample_view(np.random.default_rng(0)), cast=(1, 1, 1), blur=0.0, blades=(9, 9), tube=9, gloss=0.0)
    picture = render(replace(anatomy, tissue=tissue), view, (96, 96)).astype(int)
    return float(((picture[..., 0] > 2 * picture[..., 1]) & (picture[..., 0] > 90)).mean())


def test_columnar_epithelium_shrinks_from_the_ectocervix_into_the_dark() -> None:
    shares = [redness_in_front(anatomy_with(level, 0.7)) for level in (0.4, 0.1, -0.2, -0.5, -1.5)]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 0.1
    assert shares[-1] < 0.001


def test_a_type_3_junction_in_a_closed_canal_is_not_to_be_seen() -> None:
    assert redness_in_front(anatomy_with(-0.6, 0.1)) < 0.001
