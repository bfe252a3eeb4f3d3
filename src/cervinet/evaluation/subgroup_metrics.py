"""What is measured of each subgroup, and on how many of its images it rests."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cervinet.evaluation.measured import Value
from cervinet.evaluation.metrics import OVERALL, PER_CLASS
from cervinet.evaluation.question import Question, questions
from cervinet.evaluation.seen import Seen
from cervinet.evaluation.statistics import Array

_EVERY = "there must be images of every class, and of two or more"


@dataclass(frozen=True)
class Asked:
    """A metric.

    Attributes:
        key: its name.
        value: how it is computed.
        counted: how many images it rests on.
        undefined: why it can be undefined.
        share_of: bool `(n,)`, the images of which it is a plain proportion; None where it is none.
    """

    key: str
    value: Value
    counted: int
    undefined: str
    share_of: NDArray[np.bool_] | None = None


def asked_of(classes: Sequence[str], labels: NDArray[np.int64], positive: Sequence[str] | None) -> list[Asked]:
    """The metrics of images with these labels.

    Sensitivity and specificity are of the question, or the mean over the classes where more than one is asked; areas
    are of each class, of two classes of the last.

    Args:
        classes: names.
        labels: int64 `(n,)`, of the images of the subgroup.
        positive: the classes that are looked for, as `evaluation.positive`.
    """
    images = len(labels)
    found = [
        Asked(name, OVERALL[name].value, images, OVERALL[name].undefined, share)
        for name, share in (("accuracy", np.ones(images, bool)), ("log_loss", None))
    ]
    asked = questions(classes, positive)
    if len(asked) == 1:
        found += _of_question(asked[0], labels)
    else:
        found += [
            Asked(f"{name}_macro", _mean(PER_CLASS[name].value), images, _EVERY)
            for name in ("sensitivity", "specificity")
        ]
    areas = PER_CLASS["auroc"]
    if len(classes) > 2:
        found.append(Asked("auroc_macro", _mean(areas.value), images, _EVERY))
    for index in range(len(classes)) if len(classes) > 2 else [1]:
        why = areas.undefined.format(name=repr(classes[index]))
        found.append(Asked(f"auroc:{classes[index]}", _column(areas.value, index), images, why))
    return found


def _mean(value: Value) -> Value:
    def mean(seen: Seen) -> Array:
        found: Array = value(seen).mean(axis=1)
        return found

    return mean


def _column(value: Value, index: int) -> Value:
    def column(seen: Seen) -> Array:
        found: Array = value(seen)[:, index]
        return found

    return column


def _of_question(question: Question, labels: NDArray[np.int64]) -> list[Asked]:
    """Sensitivity and specificity of the most probable class's being a positive one."""
    truth = question.truth(labels)
    positive = int(truth.sum())
    sought = np.array(question.indices)

    def sensitivity(seen: Seen) -> Array:
        rows = seen.confusion[:, sought]
        return _share(rows[:, :, sought], rows)

    def specificity(seen: Seen) -> Array:
        rows = np.delete(seen.confusion, sought, axis=1)
        return _share(np.delete(rows, sought, axis=2), rows)

    return [
        Asked("sensitivity", sensitivity, positive, f"no image is of {question.name}", truth),
        Asked("specificity", specificity, len(labels) - positive, f"every image is of {question.name}", ~truth),
    ]


def _share(part: Array, whole: Array) -> Array:
    """Of the counts, draw by draw; NaN where there are none."""
    with np.errstate(invalid="ignore"):
        share: Array = part.sum(axis=(1, 2)) / whole.sum(axis=(1, 2))
    return share
