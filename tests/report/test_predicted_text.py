"""Predictions as lines for people, at any width."""

from pathlib import Path

import pytest
from answered import ALL, CARD, card_of, said

from cervinet.data.picture import Picture
from cervinet.inference.predicting import Prediction
from cervinet.model_card import ModelCard
from cervinet.report.predicted_text import cells, head, layout_of, lines

MANY = tuple(f"Adenocarcinoma {chr(65 + n)}" if n % 5 else f"子宮頸 {chr(65 + n)}" for n in range(26))


def shown(card, predictions, width):
    layout = layout_of(card, [Picture(one.image) for one in predictions], width)
    return [*head(layout, card), *(line for one in predictions for line in lines(layout, card, one))]


def test_all_that_a_run_can_say():
    assert shown(CARD, ALL, 80) == [
        "The network was trained on synthetic phantoms.",
        "set: classes that hold the true one in 90 % of pictures like those of validation",
        "positive: at the threshold for (a) sensitivity at least 0.9, (b) the highest",
        "  Youden index",
        "image          class             a    b|c     =d",
        "────────────────────────────────────────────────",
        "scans/1.png    a             0.900  0.050  0.050",
        "    set a · positive a (ab) · flags small",
        "=2.png         unsure        0.450  0.350  0.200",
        "    set a, b|c, =d · positive a (ab), b|c (a), =d (a)",
        "3.png          not assessed",
        "    flags dark, unlike",
        r"bad\udcff.png  not read",
    ]


def test_a_plain_run_is_a_plain_table():
    card = ModelCard(("Type_1", "Type_2"), (8, 8), (), "x")
    assert shown(card, [said(card, "1.png", (0.25, 0.75))], None) == [
        "image  class     Type_1  Type_2",
        "───────────────────────────────",
        "1.png  Type_2     0.250   0.750",
    ]


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("classes", [("a", "b", "c"), MANY])
def test_no_line_is_wider_than_the_terminal(width, classes):
    card = card_of(classes, note="synthetic phantoms")
    uniform = [1 / len(classes)] * len(classes)
    image = "a very/long/path/of pictures/子宮/patient-0001/visit-1/colposcopy after acetic acid.png"
    found = shown(card, [said(card, image, uniform), said(card, "b.png", uniform, ("blurred",))], width)
    assert max(map(cells, found)) <= width
    assert any("acetic acid.png" in line and line.startswith(("…", "a very")) for line in found)
    assert any(line.startswith("…") for line in found) or width == 120


def test_of_many_classes_the_most_probable_are_named():
    card = card_of(MANY)
    sure = [0.001] * 23 + [0.9, 0.06, 0.017]
    found = shown(card, [said(card, "1.png", sure)], 80)
    assert found[-4:-1] == [
        "1.png  Adenocarcinoma X  0.900",
        "    next Adenocarcinoma Y 0.060, 子宮頸 Z 0.017",
        "    set Adenocarcinoma X",
    ]
    assert len(shown(card, [said(card, "1.png", sure)], None)[-2].split()) > 26


def test_names_cannot_forge_lines():
    card = card_of(("a\nb", "\u202ec"))
    found = shown(card, [said(card, "x\x1b[31m\n.png", (0.9, 0.1)), Prediction(Path("y\ty"), error="no")], None)
    assert all(line.isprintable() for line in found)
    assert r"a\nb" in found[-3]
