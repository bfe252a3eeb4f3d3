"""Which pictures are worth looking at: some that went right, and those that went wrong."""

from collections import Counter
from dataclasses import dataclass
from typing import Literal

import numpy as np

from cervinet.evaluation.predictions import Predictions
from cervinet.evaluation.statistics import Array

Kind = Literal["right", "wrong", "wrong and sure", "unsure"]

KINDS: tuple[Kind, ...] = ("wrong and sure", "wrong", "unsure", "right")
SURE = 0.8
"""Least probability of the predicted class from which on a wrong answer is called sure."""
UNSURE = 0.2
"""Most distance between the two highest probabilities up to which an answer is called unsure, right or wrong."""


@dataclass(frozen=True)
class Chosen:
    """A picture to show: its row among the predictions."""

    row: int
    kind: Kind


def choose_cases(predictions: Predictions, most: int) -> list[Chosen]:
    """At most so many pictures, as evenly from the kinds and from the true classes as there are any.

    Wrong answers come most confident first, unsure ones most undecided first, right ones most ordinary first: of a
    probability nearest to the median of the right answers of the class, for the surest would flatter. Of a group a
    second picture is taken only where no other group has one left. The same predictions give the same pictures.

    Args:
        predictions: of any number of images.
        most: how many, not negative.

    Returns:
        By kind in the order of `KINDS`, each image once.
    """
    kinds, ranks = _kinds(predictions), _ranks(predictions)
    labels = predictions.labels.tolist()
    groups, of_kind, of_class = Counter[str](), Counter[Kind](), Counter[tuple[Kind, int]]()

    def turn(row: int) -> tuple[float, ...]:
        """Lowest first."""
        kind = kinds[row]
        taken = groups[predictions.groups[row]], of_kind[kind], KINDS.index(kind), of_class[kind, labels[row]]
        return *taken, labels[row], ranks[row], row

    left, chosen = set(range(len(labels))), list[Chosen]()
    while left and len(chosen) < most:
        row = min(left, key=turn)
        chosen.append(Chosen(row, kinds[row]))
        groups[predictions.groups[row]] += 1
        of_kind[kinds[row]] += 1
        of_class[kinds[row], labels[row]] += 1
        left -= {other for other in left if predictions.images[other] == predictions.images[row]}
    return sorted(chosen, key=lambda one: KINDS.index(one.kind))


def worst_errors(predictions: Predictions, most: int) -> list[Chosen]:
    """The wrong answers given with the highest probability, at most so many, each image once."""
    highest = predictions.probabilities.max(axis=1)
    kinds = _kinds(predictions)
    found: dict[str, Chosen] = {}
    for row in np.argsort(-highest, kind="stable").tolist():
        if predictions.predicted[row] != predictions.labels[row]:
            found.setdefault(predictions.images[row], Chosen(row, kinds[row]))
    return list(found.values())[:most]


def _kinds(predictions: Predictions) -> list[Kind]:
    right = predictions.predicted == predictions.labels
    sure, undecided = predictions.probabilities.max(axis=1) >= SURE, _margins(predictions) <= UNSURE
    return [
        "wrong and sure" if s and not r else "unsure" if u else "right" if r else "wrong"
        for r, s, u in zip(right.tolist(), sure.tolist(), undecided.tolist(), strict=True)
    ]


def _margins(predictions: Predictions) -> Array:
    """Distance between the two highest probabilities."""
    ranked = np.sort(predictions.probabilities, axis=1)
    return ranked[:, -1] - ranked[:, -2]


def _ranks(predictions: Predictions) -> list[float]:
    """Which pictures of a kind and a class come first: those of the lowest number."""
    kinds, highest, margins = (
        np.array(_kinds(predictions)),
        predictions.probabilities.max(axis=1),
        _margins(predictions),
    )
    ranks = np.where(kinds == "unsure", margins, -highest)
    for label in np.unique(predictions.labels):
        rows = (kinds == "right") & (predictions.labels == label)
        if rows.any():
            ranks[rows] = np.abs(highest[rows] - np.median(highest[rows]))
    return [float(rank) for rank in ranks]
