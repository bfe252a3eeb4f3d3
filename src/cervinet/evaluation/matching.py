"""Predictions of the same images by several networks, brought into one order; refused where they are of others."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from cervinet.errors import DataError
from cervinet.evaluation.predictions import Predictions


@dataclass(frozen=True, eq=False)
class Entrant:
    """A set of predictions that is compared with others.

    Attributes:
        name: distinct among those that are compared.
        predictions: of one split.
        digests: image → digest of its content; empty where unknown.
    """

    name: str
    predictions: Predictions
    digests: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Matched:
    """The same images in the same order, in each repeat.

    Attributes:
        predictions: of each entrant, with the names of images, the groups and the order of classes of the first.
        remarks: what a reader must know of how they came together.
    """

    predictions: tuple[Predictions, ...]
    remarks: tuple[str, ...]


def matched(entrants: Sequence[Entrant]) -> Matched:
    """Bring all into the order of the first: classes by name, images by content where both know it, else by name.

    One whose every image is its own group knows no groups; it takes those of the others.

    Raises:
        DataError: classes, images, labels or groups of two of them differ; the sentence says how.
    """
    first, *others = entrants
    found = [_ordered(first, first, _names(first, first))]
    for other in others:
        _check_classes(first, other)
        found.append(_ordered(first, other, _names(first, other)))
        _check_labels(first.name, found[0], other.name, found[-1])
    remarks = [
        f"{one.name!r} has {_count(len(one.predictions.unreadable), 'more image')} that could not be read, "
        "counted in no figure here"
        for one in entrants
        if one.predictions.unreadable
    ]
    grouped = [place for place, one in enumerate(entrants) if one.predictions.groups != one.predictions.images]
    for place in grouped[1:]:
        _check_groups(entrants[grouped[0]].name, found[grouped[0]], entrants[place].name, found[place])
    if grouped and len(grouped) < len(found):
        without = ", ".join(repr(one.name) for place, one in enumerate(entrants) if place not in grouped)
        remarks.append(f"no groups are known of {without}: those of {entrants[grouped[0]].name!r} are used")
    known = found[grouped[0]] if grouped else found[0]
    groups = dict(zip(known.images, known.groups, strict=True))
    return Matched(tuple(_regrouped(one, groups) for one in found), tuple(remarks))


def _names(first: Entrant, other: Entrant) -> dict[str, str]:
    """Image of the other → the name the first has for it."""
    by_content = all(set(one.predictions.images) <= set(one.digests) for one in (first, other))
    here, there = (_keys(one, by_content) for one in (first, other))
    if here.keys() != there.keys():
        _refuse_images(first, other, here, there)
    return {image: here[key] for key, image in there.items()}


def _keys(entrant: Entrant, by_content: bool) -> dict[Hashable, str]:
    """What an image is found by → its name; copies of one content are told apart by the order of their names."""
    images = sorted(set(entrant.predictions.images))
    if not by_content:
        return {image: image for image in images}
    copies: dict[str, int] = {}
    keys: dict[Hashable, str] = {}
    for image in images:
        digest = entrant.digests[image]
        copies[digest] = copies.get(digest, 0) + 1
        keys[digest, copies[digest]] = image
    return keys


def _ordered(first: Entrant, entrant: Entrant, names: Mapping[str, str]) -> Predictions:
    """Under the names and in the order of the first."""
    place = {image: number for number, image in enumerate(dict.fromkeys(first.predictions.images))}
    given, classes = entrant.predictions, first.predictions.classes
    rows = []
    for repeat in given.by_repeat():
        if len(repeat) != len(place):
            raise DataError(
                f"{entrant.name!r} must predict each of its {len(place)} images in every repeat; "
                f"one repeat has {len(repeat)}"
            )
        rows.append(repeat[np.argsort([place[names[given.images[row]]] for row in repeat])])
    order: NDArray[np.int64] = np.concatenate(rows)
    columns = [given.classes.index(name) for name in classes]
    return Predictions(
        images=tuple(names[given.images[row]] for row in order),
        groups=tuple(given.groups[row] for row in order),
        labels=np.argsort(columns)[given.labels[order]],
        probabilities=given.probabilities[order][:, columns],
        classes=classes,
        split=given.split,
        repeats=None if given.repeats is None else given.repeats[order],
    )


def _regrouped(predictions: Predictions, groups: Mapping[str, str]) -> Predictions:
    return replace(predictions, groups=tuple(groups[image] for image in predictions.images))


def _check_classes(first: Entrant, other: Entrant) -> None:
    here, there = first.predictions.classes, other.predictions.classes
    only = [
        (first, [name for name in here if name not in there]),
        (other, [name for name in there if name not in here]),
    ]
    said = [f"only {one.name!r} has {', '.join(map(repr, names))}" for one, names in only if names]
    if said:
        raise DataError(
            f"{first.name!r} and {other.name!r} must have the same classes to be compared; {'; '.join(said)}"
        )


def _refuse_images(first: Entrant, other: Entrant, here: Mapping[Hashable, str], there: Mapping[Hashable, str]) -> None:
    lacking = [here[key] for key in here.keys() - there.keys()], [there[key] for key in there.keys() - here.keys()]
    said = [
        f"only in {one.name!r}: {_count(len(images), 'image')}, the first is {min(images)!r}"
        for one, images in zip((first, other), lacking, strict=True)
        if images
    ]
    if changed := len(set(lacking[0]) & set(lacking[1])):
        verb = "differs" if changed == 1 else "differ"
        said.append(f"{_count(changed, 'image')} of the same name {verb} in content")
    unread = [
        f"; {one.name!r} could not read {_count(len(one.predictions.unreadable), 'image')}"
        for one in (first, other)
        if one.predictions.unreadable
    ]
    raise DataError(
        f"{first.name!r} and {other.name!r} must be judged on the same images to be compared; "
        f"{'; '.join(said)}; in common: {len(here.keys() & there.keys())}; judge both on the same pictures "
        f"(cervinet evaluate RUN --data FOLDER), or train both with one division (data.split.file){''.join(unread)}"
    )


def _check_labels(name: str, first: Predictions, other_name: str, other: Predictions) -> None:
    """Of two in the same order."""
    there = dict(zip(other.images, other.labels.tolist(), strict=True))
    here = dict(zip(first.images, first.labels.tolist(), strict=True))
    differ = [image for image in here if here[image] != there[image]]
    if differ:
        then, now = (repr(first.classes[labels[differ[0]]]) for labels in (here, there))
        raise DataError(
            f"{name!r} and {other_name!r} label {len(differ)} of {len(here)} images differently, the first is "
            f"{differ[0]!r} ({then} in {name!r}, {now} in {other_name!r}); correct the labels and judge both anew"
        )


def _check_groups(name: str, first: Predictions, other_name: str, other: Predictions) -> None:
    """Groups may have other names, but must hold the same images."""
    here, there = (dict(zip(one.images, one.groups, strict=True)) for one in (first, other))
    fellows: tuple[dict[str, set[str]], dict[str, set[str]]] = {}, {}
    for image in here:
        fellows[0].setdefault(here[image], set()).add(image)
        fellows[1].setdefault(there[image], set()).add(image)
    differ = [image for image in here if fellows[0][here[image]] != fellows[1][there[image]]]
    if differ:
        raise DataError(
            f"{name!r} and {other_name!r} group {len(differ)} of {len(here)} images differently, the first is "
            f"{differ[0]!r} (with {_count(len(fellows[0][here[differ[0]]]) - 1, 'other')} in {name!r}, with "
            f"{len(fellows[1][there[differ[0]]]) - 1} in {other_name!r}); train both with one division "
            "(data.split.file), or correct the column 'group'"
        )


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
