"""Predictions by a card with everything that a run can say: sets, operating points, abstention, a gate."""

from pathlib import Path

import numpy as np

from cervinet.evaluation.choices import Choices
from cervinet.evaluation.conformal import SetRule
from cervinet.evaluation.operating import OperatingPoint
from cervinet.evaluation.selective import Abstain
from cervinet.inference.predicting import Prediction
from cervinet.inference.verdict import Judge
from cervinet.model_card import ModelCard

RULES = ("sensitivity at least 0.9", "the highest Youden index")


def card_of(classes, *, subclasses=(), note=""):
    points = [
        OperatingPoint(rule, (name,), threshold, 0.9, 0.5, 10, 20)
        for name in classes
        for rule, threshold in zip(RULES, (0.1, 0.4), strict=True)
    ]
    choices = Choices("image", tuple(points), (SetRule("lac", False, 0.9, (0.9,), 30, 10),), Abstain(0.5, 0.05, 50))
    gate = {"refuse": ["dark"]}
    return ModelCard(classes, (8, 8), (), "x", note, choices=choices.to_json(), gate=gate, subclasses=subclasses)


def said(card, image, probabilities, flags=(), finer=None):
    found = np.array(probabilities, np.float64)
    return Prediction(
        Path(image),
        found,
        np.log(found),
        None if finer is None else np.array(finer),
        verdict=Judge(card).one(found, flags),
    )


CARD = card_of(("a", "b|c", "=d"), subclasses=(("a1", "a"), ("a2", "a")), note="synthetic phantoms")
CLEAR = said(CARD, "scans/1.png", (0.9, 0.05, 0.05), ("small",), (0.6, 0.3))
UNSURE = said(CARD, "=2.png", (0.45, 0.35, 0.2), (), (0.2, 0.25))
REFUSED = said(CARD, "3.png", (0.2, 0.7, 0.1), ("dark", "unlike"), (0.1, 0.1))
BROKEN = Prediction(Path("bad\udcff.png"), error="'bad.png' is damaged")
ALL = (CLEAR, UNSURE, REFUSED, BROKEN)
