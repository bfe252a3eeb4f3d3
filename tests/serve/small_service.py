"""A service on a small network of NumPy alone, for tests of the page: real preprocessing, rules and words."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from cervinet.data.phantoms.phantom import draw_photograph
from cervinet.data.picture import Picture
from cervinet.data.preprocess import prepare
from cervinet.errors import ImageError
from cervinet.inference.answers import Answers
from cervinet.inference.predicting import Prediction
from cervinet.inference.predictor import Predictor
from cervinet.model_card import ModelCard
from cervinet.report.overlay import jpeg
from cervinet.serve.service import BusyError, Heat

CLASSES = ("Type_1", "Type_2", "Type_3")
SIZE = (96, 64)

CHOICES = {
    "unit": "image",
    "points": [
        {
            "rule": "sensitivity at least 0.95",
            "positive": ["Type_2", "Type_3"],
            "threshold": 0.6,
            "sensitivity": 0.96,
            "specificity": 0.7,
            "positives": 60,
            "negatives": 40,
        }
    ],
    "sets": [
        {"score": "lac", "conditional": False, "coverage": 0.9, "thresholds": [0.7], "n": 100, "groups": 100},
    ],
    "abstain": None,
    "remarks": [],
}


def card(classes: Sequence[str] = CLASSES, **more) -> ModelCard:
    choices = {**CHOICES, "points": [{**CHOICES["points"][0], "positive": list(classes[1:])}]}
    values = {"choices": choices, "note": "synthetic phantoms", "descriptions": {classes[0]: "it lies outside"}, **more}
    return ModelCard(tuple(classes), SIZE, (), "small", **values)


class Colours:
    """An engine: the more red, green or blue, the more of the first, second or third class."""

    name = "onnx"

    def __call__(self, images):
        logits = images.mean(axis=(1, 2), dtype=np.float64) / 16
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        return Answers(odds / odds.sum(axis=1, keepdims=True), logits)


class SmallService:
    """See `cervinet.serve.service.Service`. `busy` answers that it has too much to do so many times."""

    name, run = "small", "20261120-small"

    def __init__(self, own: ModelCard | None = None, change: Callable[[Prediction], Prediction] | None = None) -> None:
        self.card = own or card()
        self.predictor = Predictor(Colours(), self.card)
        self.busy, self.taken, self._change = 0, list[str](), change or (lambda found: found)

    async def predict(self, pictures: Sequence[Picture]) -> list[Prediction]:
        if self.busy:
            self.busy -= 1
            raise BusyError
        self.taken += [str(one.path) for one in pictures]
        return [self._change(found) for found in self.predictor.pictures(pictures)]

    async def heat(self, picture: Picture, label: str) -> Heat | None:
        return Heat(seen(picture), heat_of(label))


def seen(picture: Picture) -> np.ndarray:
    try:
        return prepare(picture, SIZE, ())
    except ImageError as error:
        raise AssertionError("a heat map was asked of a picture that cannot be read") from error


def heat_of(label: str) -> np.ndarray:
    """A hill in another place for each class; a slope besides, so that no two boxes hold the same."""
    height, width = SIZE
    y, x = np.mgrid[:height, :width]
    at = 0.2 + 0.3 * CLASSES.index(label) if label in CLASSES else 0.5
    hill = np.exp(-((x / width - at) ** 2 + (y / height - at) ** 2) / 0.02)
    return (hill + 0.1 * x / width).astype(np.float32)


def phantom() -> bytes:
    """A JPEG of a synthetic picture."""
    return jpeg(draw_photograph(3, 1, size=(120, 90), seed=5))


def with_verdict(**changes) -> Callable[[Prediction], Prediction]:
    """Changes what is said of each picture that can be read."""

    def change(found: Prediction) -> Prediction:
        return found if found.verdict is None else replace(found, verdict=replace(found.verdict, **changes))

    return change
