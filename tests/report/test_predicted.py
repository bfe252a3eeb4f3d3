"""The JSON of a picture."""

import json

from answered import ALL, BROKEN, CARD, CLEAR, REFUSED, RULES, UNSURE, said

from cervinet.model_card import ModelCard
from cervinet.report.predicted import as_object


def test_all_that_a_run_can_say():
    found = as_object(CLEAR, CARD)
    assert list(found) == ["image", "class", "probabilities", "subclasses", "set", "operating_points", "flags"]
    assert {name: found[name] for name in ("image", "class", "subclasses", "set", "flags")} == {
        "image": "scans/1.png",
        "class": "a",
        "subclasses": {"a1": 0.6, "a2": 0.3},
        "set": ["a"],
        "flags": ["small"],
    }
    assert found["probabilities"] == {"a": 0.9, "b|c": 0.05, "=d": 0.05}
    assert found["operating_points"][:2] == [
        {"rule": RULES[0], "positive": ["a"], "threshold": 0.1, "probability": 0.9, "called": True},
        {"rule": RULES[1], "positive": ["a"], "threshold": 0.4, "probability": 0.9, "called": True},
    ]
    assert len(found["operating_points"]) == 6


def test_where_there_is_no_class_it_is_null_and_the_reason_is_said():
    unsure, refused = as_object(UNSURE, CARD), as_object(REFUSED, CARD)
    assert (unsure["class"], unsure["why"], unsure["set"]) == (None, "unsure", ["a", "b|c", "=d"])
    assert (refused["class"], refused["why"], refused["flags"]) == (None, "not assessed", ["dark", "unlike"])
    assert refused["probabilities"]["b|c"] == 0.7
    assert not {"set", "operating_points"} & set(refused)


def test_a_picture_that_cannot_be_read_has_its_error_and_nothing_else():
    assert as_object(BROKEN, CARD) == {"image": "bad\udcff.png", "error": "'bad.png' is damaged"}


def test_a_plain_run_says_no_more_than_it_has():
    card = ModelCard(("a", "b"), (8, 8), (), "x")
    assert as_object(said(card, "1.png", (0.25, 0.75)), card) == {
        "image": "1.png",
        "class": "b",
        "probabilities": {"a": 0.25, "b": 0.75},
    }


def test_every_object_is_json_of_one_line_in_any_encoding():
    for one in ALL:
        line = json.dumps(as_object(one, CARD))
        assert line.isascii()
        assert "\n" not in line
