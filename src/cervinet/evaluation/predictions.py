"""Every probability of every image of a split: the one input of all evaluation."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cervinet.csv_table import Table, escape, read_table, write_table
from cervinet.errors import DataError

SUM_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Unreadable:
    """An image that could not be predicted, and the sentence that says why."""

    image: str
    error: str

    def __post_init__(self) -> None:
        if not self.error:
            raise ValueError(f"why {self.image!r} is unreadable must be said")


@dataclass(frozen=True, eq=False)
class Predictions:
    """The predictions for `n` images of one split.

    Attributes:
        images: `n` paths or names, distinct within a repeat.
        groups: `n` names; images of one patient share one. An image without a group is its own.
        labels: int64 `(n,)`, index of the true class in `classes`.
        probabilities: float64 `(n, classes)`, each row sums to one within 1e-3.
        classes: the names, in the order of the columns.
        split: such as "test".
        unreadable: the images that have no probabilities.
        logits: float64 `(n, classes)`, any real number, or None.
        sublabels: the true sub-class of each image, empty where it has none; None where no image has one.
        subclasses: names of the sub-classes that have probabilities.
        subclass_probabilities: float64 `(n, subclasses)`, or None.
        spread: float64 `(n,)`, how far the members of an ensemble, or the views of a picture, are apart: the mutual
            information in nats between the class and the member; None where there is one answer only.
        attributes: name → `n` texts, such as `site`; what subgroups can be made of. Empty where unknown.
        repeats: int64 `(n,)` where each image was predicted once in each of several repeats of a cross-validation.
    """

    images: tuple[str, ...]
    groups: tuple[str, ...]
    labels: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    classes: tuple[str, ...]
    split: str
    unreadable: tuple[Unreadable, ...] = ()
    logits: NDArray[np.float64] | None = None
    sublabels: tuple[str, ...] | None = None
    subclasses: tuple[str, ...] = ()
    subclass_probabilities: NDArray[np.float64] | None = None
    repeats: NDArray[np.int64] | None = None
    spread: NDArray[np.float64] | None = None
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shape = (len(self.images), len(self.classes))
        found = (len(self.groups), self.labels.shape, self.probabilities.shape)
        if found != (shape[0], shape[:1], shape):
            raise ValueError(f"groups, labels and probabilities of {shape[0]} images do not match: {found}")
        if self.logits is not None and self.logits.shape != shape:
            raise ValueError(f"logits must be {shape}; got {self.logits.shape}")
        if self.sublabels is not None and len(self.sublabels) != shape[0]:
            raise ValueError(f"there must be {shape[0]} sublabels; got {len(self.sublabels)}")
        finer = self.subclass_probabilities
        if self.subclasses and (finer is None or finer.shape != (shape[0], len(self.subclasses))):
            raise ValueError(f"subclass_probabilities must be {(shape[0], len(self.subclasses))}")

    @property
    def predicted(self) -> NDArray[np.int64]:
        """int64 `(n,)`, the class of the highest probability; of equal ones the first."""
        highest: NDArray[np.int64] = self.probabilities.argmax(axis=1)
        return highest

    def members(self) -> tuple[NDArray[np.int64], int]:
        """int64 `(n,)`, the group of each image counted from 0 as they appear; how many there are."""
        numbers, names = pd.factorize(np.array(self.groups, dtype=object))
        return numbers.astype(np.int64), len(names)

    def of_subclasses(self) -> "Predictions | None":
        """The images whose sub-class the network knows, with sub-classes as classes; None where there are none."""
        index = {name: number for number, name in enumerate(self.subclasses)}
        labels = np.array([index.get(name, -1) for name in self.sublabels or ()], np.int64)
        known = np.flatnonzero(labels >= 0)
        if self.subclass_probabilities is None or not len(known):
            return None
        return Predictions(
            images=tuple(self.images[row] for row in known),
            groups=tuple(self.groups[row] for row in known),
            labels=labels[known],
            probabilities=self.subclass_probabilities[known],
            classes=self.subclasses,
            split=self.split,
            repeats=None if self.repeats is None else self.repeats[known],
        )

    def by_repeat(self) -> list[NDArray[np.int64]]:
        """The rows of each repeat, int64; all of them where there is one."""
        if self.repeats is None:
            return [np.arange(len(self.images))]
        return [np.flatnonzero(self.repeats == number) for number in np.unique(self.repeats)]


def write_predictions(predictions: Predictions, path: str | os.PathLike[str]) -> None:
    """Write the table in one step: an old file stays whole until the new one is.

    Columns: image, group, label, predicted, split, sublabel (if there are any), p_<class>…, logit_<class>… (if there
    are logits), psub_<sub-class>… (if there are any), error.
    The unreadable images come last, with nothing but image, split and error.
    """
    write_table(Path(path), _rows(predictions))


def _rows(predictions: Predictions) -> Iterator[Sequence[str | float]]:
    classes, split = predictions.classes, escape(predictions.split)
    numbers = predictions.probabilities
    finer = [] if predictions.sublabels is None else ["sublabel"]
    header = ["image", "group", "label", "predicted", "split", *finer, *(f"p_{name}" for name in classes)]
    if predictions.logits is not None:
        numbers = np.hstack([numbers, predictions.logits])
        header += [f"logit_{name}" for name in classes]
    if predictions.subclass_probabilities is not None:
        numbers = np.hstack([numbers, predictions.subclass_probabilities])
        header += [f"psub_{name}" for name in predictions.subclasses]
    yield [*header, "error"]
    names = [escape(name) for name in classes]
    labels, predicted = predictions.labels.tolist(), predictions.predicted.tolist()
    for index, (image, group) in enumerate(zip(predictions.images, predictions.groups, strict=True)):
        sublabel = [escape(predictions.sublabels[index])] if predictions.sublabels is not None else []
        text = (escape(image), escape(group), names[labels[index]], names[predicted[index]], split, *sublabel)
        yield [*text, *numbers[index].tolist(), ""]
    for bad in predictions.unreadable:
        yield [escape(bad.image), "", "", "", split, *[""] * (len(finer) + numbers.shape[1]), escape(bad.error)]


def read_predictions(path: str | os.PathLike[str], classes: Sequence[str] | None = None) -> Predictions:
    """Read and check a table of predictions, written here or by any other tool.

    The columns `image`, `label` and `p_<class>` are needed; group, sublabel, split, repeat, logits, psub_<sub-class>
    and error are used if there.

    Args:
        path: the CSV file.
        classes: names in the order wanted; by default those of the file's `p_` columns, in its order. When
            given, the probability columns may also be named by the bare class names.

    Raises:
        DataError: with the file, the line, what was expected and what was found.
    """
    table = read_table(Path(path))
    for name in ("image", "label"):
        if name not in table.header:
            raise DataError(f"{path} has no column '{name}'; its columns are {', '.join(table.header)}")
    names, columns = _classes(table, classes)
    _check_images(table)
    errors = table.text("error")
    bad = table.where([bool(error) for error in errors])
    good = table.where([not error for error in errors])
    images, logits = good.text("image"), [f"logit_{name}" for name in names]
    finer = [name for name in table.header if name.startswith("psub_")]
    sublabels = good.text("sublabel")
    return Predictions(
        images=tuple(images),
        groups=tuple(group or image for group, image in zip(good.text("group"), images, strict=True)),
        labels=_labels(good, names),
        probabilities=_probabilities(good, columns),
        classes=names,
        split=_split(table),
        unreadable=tuple(map(Unreadable, bad.text("image"), bad.text("error"))),
        logits=good.numbers(logits) if set(logits) <= set(table.header) else None,
        sublabels=tuple(sublabels) if any(sublabels) else None,
        subclasses=tuple(name.removeprefix("psub_") for name in finer),
        subclass_probabilities=_probabilities(good, finer) if finer else None,
        repeats=good.numbers(["repeat"])[:, 0].astype(np.int64) if "repeat" in table.header else None,
    )


def _classes(table: Table, classes: Sequence[str] | None) -> tuple[tuple[str, ...], list[str]]:
    """The class names, and the names of their probability columns."""
    prefix = "p_"
    found = [name.removeprefix("p_") for name in table.header if name.startswith("p_")]
    if classes is not None and not found:
        prefix, found = "", [name for name in table.header if name in classes]
    names = tuple(found if classes is None else classes)
    if sorted(names) != sorted(found):
        wanted, given = ", ".join(names), ", ".join(found) or "none"
        raise DataError(f"{table.path} must hold probabilities of the classes {wanted}; it holds those of {given}")
    if len(names) < 2:
        raise DataError(
            f"{table.path} must have a column 'p_<class>' for each of two or more classes; "
            f"its columns are {', '.join(table.header)}"
        )
    return names, [f"{prefix}{name}" for name in names]


def _check_images(table: Table) -> None:
    first: dict[tuple[str, str], int] = {}
    for line, image, repeat in zip(table.lines, table.text("image"), table.text("repeat"), strict=True):
        if not image:
            raise DataError(f"{table.path}:{line} has no image name")
        if first.setdefault((image, repeat), line) != line:
            raise DataError(f"{table.path}:{line} repeats the image {image!r} of line {first[image, repeat]}")


def _labels(table: Table, names: Sequence[str]) -> NDArray[np.int64]:
    index = {name: number for number, name in enumerate(names)}
    labels = table.text("label")
    for line, label in zip(table.lines, labels, strict=True):
        if label not in index:
            raise DataError(f"{table.path}:{line} must have a label among {', '.join(names)}; got {label!r}")
    return np.array([index[label] for label in labels], dtype=np.int64)


def _probabilities(table: Table, columns: Sequence[str]) -> NDArray[np.float64]:
    values = table.numbers(columns)
    problems = (
        (~np.isfinite(values), "a probability that is not a finite number"),
        (values < 0, "a negative probability"),
        (
            np.abs(values.sum(axis=1, keepdims=True) - 1) > SUM_TOLERANCE,
            "probabilities that do not sum to one",
        ),
    )
    for wrong, what in problems:
        for row in np.flatnonzero(wrong.any(axis=1))[:1]:
            found = ", ".join(f"{value:g}" for value in values[row])
            image = table.text("image")[row]
            raise DataError(f"{table.path}:{table.lines[row]} has {what} for {image!r}: {found}")
    return values


def _split(table: Table) -> str:
    found = sorted(set(table.text("split")))
    if len(found) > 1:
        raise DataError(f"{table.path} must hold one split; it holds {', '.join(map(repr, found))}")
    return found[0] or "all"
