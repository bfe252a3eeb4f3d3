"""What is measured of each subgroup, and on how many of its images it rests."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cervinet.evaluation.measured import Row
from cervinet.evaluation.metrics import OVERALL, PER_CLASS
from cervinet.evaluation.question import Question, questions
from cervinet.evaluation.statistics import Array, confusion

_EVERY = "there must be images of every class, and of two or more"


@dataclass(frozen=True)
class Asked:
    """A metric: its key, what it is computed from, the images it rests on, and why it can be undefined."""

    key: str
    row: Row
    counted: int
    undefined: str


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
    found = [Asked(name, _overall(name), images, OVERALL[name].undefined) for name in ("accuracy", "log_loss")]
    asked = questions(classes, positive)
    if len(asked) == 1:
        found += _of_question(asked[0], labels)
    else:
        found += [
            Asked(f"{name}_macro", (PER_CLASS[name].statistic, _mean(PER_CLASS[name].value)), images, _EVERY)
            for name in ("sensitivity", "specificity")
        ]
    areas = PER_CLASS["auroc"]
    if len(classes) > 2:
        found.append(Asked("auroc_macro", (areas.statistic, _mean(areas.value)), images, _EVERY))
    for index in range(len(classes)) if len(classes) > 2 else [1]:
        why = areas.undefined.format(name=repr(classes[index]))
        found.append(Asked(f"auroc:{classes[index]}", (areas.statistic, _column(areas.value, index)), images, why))
    return found


def _overall(name: str) -> Row:
    return OVERALL[name].statistic, OVERALL[name].value


def _mean(value: Callable[[Array], Array]) -> Callable[[Array], Array]:
    def mean(statistic: Array) -> Array:
        found: Array = value(statistic).mean(axis=1)
        return found

    return mean


def _column(value: Callable[[Array], Array], index: int) -> Callable[[Array], Array]:
    def column(statistic: Array) -> Array:
        found: Array = value(statistic)[:, index]
        return found

    return column


def _of_question(question: Question, labels: NDArray[np.int64]) -> list[Asked]:
    """Sensitivity and specificity of the most probable class's being a positive one."""
    positive = int(question.truth(labels).sum())
    sought = np.array(question.indices)

    def sensitivity(matrix: Array) -> Array:
        rows = matrix[:, sought]
        return _share(rows[:, :, sought], rows)

    def specificity(matrix: Array) -> Array:
        rows = np.delete(matrix, sought, axis=1)
        return _share(np.delete(rows, sought, axis=2), rows)

    return [
        Asked("sensitivity", (confusion, sensitivity), positive, f"no image is of {question.name}"),
        Asked("specificity", (confusion, specificity), len(labels) - positive, f"every image is of {question.name}"),
    ]


def _share(part: Array, whole: Array) -> Array:
    """Of the counts, draw by draw; NaN where there are none."""
    with np.errstate(invalid="ignore"):
        share: Array = part.sum(axis=(1, 2)) / whole.sum(axis=(1, 2))
    return share
