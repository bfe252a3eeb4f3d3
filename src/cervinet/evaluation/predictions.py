"""Every probability of every image of a split: the one input of all evaluation."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cervinet.csv_table import escape, write_table

_OWN = {"image", "group", "label", "predicted", "split", "sublabel", "fold", "repeat", "error", "spread"}
_OWN_PREFIXES = ("p_", "logit_", "psub_")


def is_own_column(name: str) -> bool:
    """Whether a column of this name means something in a table of predictions, and so cannot be an attribute."""
    return name in _OWN or name.startswith(_OWN_PREFIXES)


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
        if self.spread is not None and self.spread.shape != shape[:1]:
            raise ValueError(f"spread must be {shape[:1]}; got {self.spread.shape}")
        for name, texts in self.attributes.items():
            if is_own_column(name):
                raise ValueError(f"an attribute cannot be called {name!r}: predictions have a column of that name")
            if len(texts) != shape[0]:
                raise ValueError(f"the attribute {name!r} must have {shape[0]} texts; got {len(texts)}")

    @property
    def predicted(self) -> NDArray[np.int64]:
        """int64 `(n,)`, the class of the highest probability; of equal ones the first."""
        highest: NDArray[np.int64] = self.probabilities.argmax(axis=1)
        return highest

    def members(self) -> tuple[NDArray[np.int64], int]:
        """int64 `(n,)`, the group of each image counted from 0 as they appear; how many there are."""
        import pandas as pd

        numbers, names = pd.factorize(np.array(self.groups, dtype=object))
        return numbers.astype(np.int64), len(names)

    def take(self, rows: NDArray[np.int64]) -> "Predictions":
        """The images of these rows, int64 `(k,)`, in this order. None of them is unreadable."""

        def texts(values: Sequence[str]) -> tuple[str, ...]:
            return tuple(values[row] for row in rows.tolist())

        return replace(
            self,
            images=texts(self.images),
            groups=texts(self.groups),
            labels=self.labels[rows],
            probabilities=self.probabilities[rows],
            unreadable=(),
            logits=None if self.logits is None else self.logits[rows],
            sublabels=None if self.sublabels is None else texts(self.sublabels),
            subclass_probabilities=None if self.subclass_probabilities is None else self.subclass_probabilities[rows],
            repeats=None if self.repeats is None else self.repeats[rows],
            spread=None if self.spread is None else self.spread[rows],
            attributes={name: texts(values) for name, values in self.attributes.items()},
        )

    def of_subclasses(self) -> "Predictions | None":
        """The images whose sub-class the network knows, with sub-classes as classes; None where there are none."""
        index = {name: number for number, name in enumerate(self.subclasses)}
        labels = np.array([index.get(name, -1) for name in self.sublabels or ()], np.int64)
        known = np.flatnonzero(labels >= 0)
        if self.subclass_probabilities is None or not len(known):
            return None
        return replace(
            self.take(known),
            labels=labels[known],
            probabilities=self.subclass_probabilities[known],
            classes=self.subclasses,
            logits=None,
            sublabels=None,
            subclasses=(),
            subclass_probabilities=None,
        )

    def count(self, rows: NDArray[np.bool_]) -> int:
        """How many images these rows, bool `(n,)`, are of, where each image has one for each repeat."""
        return round(np.count_nonzero(rows) / len(self.by_repeat()))

    def by_repeat(self) -> list[NDArray[np.int64]]:
        """The rows of each repeat, int64; all of them where there is one."""
        if self.repeats is None:
            return [np.arange(len(self.images))]
        return [np.flatnonzero(self.repeats == number) for number in np.unique(self.repeats)]


def write_predictions(predictions: Predictions, path: str | os.PathLike[str]) -> None:
    """Write the table in one step: an old file stays whole until the new one is.

    Columns: image, group, label, predicted, split, repeat and sublabel (if there are any), one a name for the
    attributes, p_<class>…, logit_<class>… (if there are logits), psub_<sub-class>… (if there are any), spread (if it is
    known), error.
    The unreadable images come last, with nothing but image, split, repeat and error.
    """
    write_table(Path(path), _rows(predictions))


def _rows(predictions: Predictions) -> Iterator[Sequence[str | float]]:
    classes, split, repeats = predictions.classes, escape(predictions.split), predictions.repeats
    texts = {escape(name): values for name, values in predictions.attributes.items()}
    if predictions.sublabels is not None:
        texts = {"sublabel": predictions.sublabels} | texts
    numbers, named = _numbers(predictions)
    repeated = [] if repeats is None else ["repeat"]
    yield ["image", "group", "label", "predicted", "split", *repeated, *texts, *named, "error"]
    names = [escape(name) for name in classes]
    labels, predicted = predictions.labels.tolist(), predictions.predicted.tolist()
    for index, (image, group) in enumerate(zip(predictions.images, predictions.groups, strict=True)):
        repeat = [] if repeats is None else [str(repeats[index])]
        more = [escape(values[index]) for values in texts.values()]
        first = (escape(image), escape(group), names[labels[index]], names[predicted[index]], split)
        yield [*first, *repeat, *more, *numbers[index].tolist(), ""]
    mentioned = Counter[str]()
    for bad in predictions.unreadable:
        mentioned[bad.image] += 1
        repeat = [] if repeats is None else [str(mentioned[bad.image])]
        yield [escape(bad.image), "", "", "", split, *repeat, *[""] * (len(texts) + len(named)), escape(bad.error)]


def _numbers(predictions: Predictions) -> tuple[NDArray[np.float64], list[str]]:
    """float64 `(n, columns)` and the names of these columns."""
    numbers, names = [predictions.probabilities], [f"p_{name}" for name in predictions.classes]
    if predictions.logits is not None:
        numbers.append(predictions.logits)
        names += [f"logit_{name}" for name in predictions.classes]
    if predictions.subclass_probabilities is not None:
        numbers.append(predictions.subclass_probabilities)
        names += [f"psub_{name}" for name in predictions.subclasses]
    if predictions.spread is not None:
        numbers.append(predictions.spread[:, None])
        names.append("spread")
    return np.hstack(numbers), names
