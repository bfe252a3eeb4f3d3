"""Shares of flagged images, by hand."""

import numpy as np
import pytest

from cervinet.evaluation.flagged import flagged, flags_text
from cervinet.evaluation.intervals import Resampling
from cervinet.evaluation.predictions import Predictions
from cervinet.evaluation.proportions import wilson

FLAGS = ("dark", "blurred", "unlike")
HOW = Resampling(draws=200, confidence=0.95, seed=0)


def predictions(texts):
    n = len(texts)
    return Predictions(
        tuple(map(str, range(n))),
        tuple(str(number // 2) for number in range(n)),
        np.arange(n) % 2,
        np.full((n, 2), 0.5),
        ("a", "b"),
        "test",
        attributes={"flags": tuple(texts)},
    )


def test_shares_of_images_that_the_gate_was_asked_of():
    texts = ["none", "dark blurred", "dark", "none", "", "unlike", "none", "none", "none", ""]
    found = flagged(predictions(texts), FLAGS, ("unlike",), HOW)
    values = {name: one.value for name, one in found.items()}
    assert values == {"dark": 2 / 8, "blurred": 1 / 8, "unlike": 1 / 8, "any": 3 / 8, "refused": 1 / 8}
    assert {one.n for one in found.values()} == {8}
    for one in found.values():
        assert 0 <= one.lower <= one.value <= one.upper <= 1
        assert one.upper > one.value


def test_nothing_is_flagged():
    found = flagged(predictions(["none"] * 10), FLAGS, FLAGS, HOW)
    assert [one.value for one in found.values()] == [0] * 5
    assert (found["any"].lower, found["any"].upper) == wilson(0.0, 5, 0.95)  # of five groups


@pytest.mark.parametrize("texts", [[""] * 4, []])
def test_where_the_gate_was_not_asked(texts):
    assert flagged(predictions(texts), FLAGS, (), HOW) == {}


def test_the_text_of_flags():
    assert (flags_text(()), flags_text(("dark", "unlike"))) == ("none", "dark unlike")
