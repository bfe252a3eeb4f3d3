"""From probabilities to what is said of a picture: its class, or why there is none, its set and its calls."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cervinet.evaluation.choices import Choices
from cervinet.evaluation.question import questions
from cervinet.model_card import ModelCard


@dataclass(frozen=True)
class Call:
    """What an operating point says of a picture.

    Attributes:
        rule: what its threshold was chosen for, in words.
        positive: the classes that it looks for.
        threshold: on their probability, in [0, 1]; may be above 1.
        probability: of these classes together, in [0, 1].
        called: whether the picture is called positive.
    """

    rule: str
    positive: tuple[str, ...]
    threshold: float
    probability: float
    called: bool


@dataclass(frozen=True)
class Verdict:
    """What is said of one picture.

    Attributes:
        label: its class; None where the run does not answer.
        why: "" with a class; else "not assessed" (the gate) or "unsure" (the run abstains).
        flags: what is unusual about the picture, see `gate.FLAGS`; with a class too.
        set: classes that hold the true one as often as was asked for, by the first rule of the card: the smallest sets,
            with one promise for all pictures. Never empty. None of a run that has no such rule, or where the picture
            is not assessed.
        calls: of each operating point; none where the picture is not assessed.
    """

    label: str | None
    why: str
    flags: tuple[str, ...]
    set: tuple[str, ...] | None
    calls: tuple[Call, ...]


class Judge:
    """The rules of a card, read once."""

    def __init__(self, card: ModelCard) -> None:
        self._classes = card.classes
        self._choices = Choices.from_json(card.choices) if card.choices else None
        self._refuse = frozenset(card.gate.get("refuse", ()))
        self._questions = {
            point.positive: questions(card.classes, point.positive)[0]
            for point in (self._choices.points if self._choices else ())
        }

    def __call__(self, probabilities: NDArray[np.float64], flags: Sequence[Sequence[str]]) -> list[Verdict]:
        """Of calibrated probabilities float64 (n, classes) and the flags of each picture."""
        called, inside = self._called(probabilities), self._inside(probabilities)
        return [
            self._verdict(own, tuple(of_one), [each[row] for each in called], None if inside is None else inside[row])
            for row, (own, of_one) in enumerate(zip(probabilities, flags, strict=True))
        ]

    def one(self, probabilities: NDArray[np.float64], flags: Sequence[str]) -> Verdict:
        """The same of one picture, float64 (classes,)."""
        return self(probabilities[None], [flags])[0]

    def _verdict(
        self,
        probabilities: NDArray[np.float64],
        flags: tuple[str, ...],
        calls: Sequence[Call],
        inside: NDArray[np.bool_] | None,
    ) -> Verdict:
        if self._refuse.intersection(flags):
            return Verdict(None, "not assessed", flags, None, ())
        best = int(probabilities.argmax())
        abstain = self._choices.abstain if self._choices else None
        unsure = abstain is not None and bool(probabilities[best] < abstain.threshold)
        return Verdict(
            label=None if unsure else self._classes[best],
            why="unsure" if unsure else "",
            flags=flags,
            set=None if inside is None else tuple(self._classes[index] for index in np.flatnonzero(inside)),
            calls=tuple(calls),
        )

    def _inside(self, probabilities: NDArray[np.float64]) -> NDArray[np.bool_] | None:
        if self._choices is None or not self._choices.sets:
            return None
        return self._choices.sets[0].sets(probabilities)

    def _called(self, probabilities: NDArray[np.float64]) -> list[list[Call]]:
        """Of each operating point, for each picture."""
        found = []
        for point in self._choices.points if self._choices else ():
            scores = self._questions[point.positive].scores(probabilities).tolist()
            found.append([Call(point.rule, point.positive, point.threshold, p, p >= point.threshold) for p in scores])
        return found


def choice_remarks(card: ModelCard) -> list[str]:
    """What must be known of thresholds that are applied to single pictures."""
    if not card.choices or Choices.from_json(card.choices).unit != "group":
        return []
    return [
        "The run's thresholds were chosen for groups (patients), whose probabilities are means over their pictures; "
        "here each picture is judged by itself, and what they promise does not hold for it."
    ]
