"""A table of predictions, ours or any tool's → `Predictions`."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cervinet.csv_table import Table, read_table, unescape
from cervinet.errors import DataError
from cervinet.evaluation.predictions import Predictions, Unreadable, is_own_column
from cervinet.evaluation.table_columns import Columns, find_columns, probability_columns
from cervinet.evaluation.table_files import read_cells
from cervinet.evaluation.table_labels import Labels, LabelTable, read_labels
from cervinet.evaluation.table_numbers import SUM_TOLERANCE, finite, probabilities, whole
from cervinet.progress import Progress, Silent

_OURS = Columns(image="image", label="label")


def read_predictions(path: str | os.PathLike[str], classes: Sequence[str] | None = None) -> Predictions:
    """Read and check a table that `write_predictions` wrote, or one of the same columns.

    The columns `image`, `label` and `p_<class>` are needed; group, sublabel, split, repeat, logits, psub_<sub-class>,
    spread and error are used if there; every other one is an attribute.

    Args:
        path: a CSV file.
        classes: names in the order wanted; by default those of the file's `p_` columns, in its order. When given, the
            probability columns may also be named by the bare class names.

    Raises:
        DataError: with the file, the line, what was expected and what was found.
    """
    return _predictions(read_table(Path(path)), _OURS, classes, None, None, False, "--split", Silent())


def read_any(
    path: str | os.PathLike[str],
    columns: Columns,
    classes: Sequence[str] | None = None,
    labels: str | os.PathLike[str] | None = None,
    split: str | None = None,
    normalize: bool = False,
    *,
    split_option: str = "--split",
    progress: Progress | None = None,
) -> Predictions:
    """Read and check a table of predictions of any tool.

    Besides what `columns` names, sublabel, repeat, logits, psub_<sub-class>, spread and error are used if there, as in
    our own tables; the rest are attributes. `error` is for rows without probabilities.

    Args:
        path: a CSV (with commas, semicolons or tabs) or Parquet file with a row an image.
        columns: what holds what.
        classes: names in the order wanted; by default those of the probability columns, in the order of the table.
        labels: a table of image and label (`table_labels.read_labels`), for one that has no labels; where it has some,
            they must be the same. It may know more images. Groups that the table lacks are taken from here.
        split: the rows to take, by the split column; by default all of them, which then must be of one split.
        normalize: divide each row of probabilities by its sum; without it, a sum must be within 1e-3 of one.
        split_option: what sets `split`, for messages.
        progress: is told which columns were read as what, and which labels are of no image.

    Raises:
        DataError: with the file, the line, what was expected and what was found.

    Example:
        >>> read_any("submission.csv", Columns(), labels="labels.csv").classes
        ('Type_1', 'Type_2', 'Type_3')
    """
    known = None if labels is None else read_labels(Path(labels))
    return _predictions(
        read_cells(Path(path)), columns, classes, known, split, normalize, split_option, progress or Silent()
    )


def _predictions(
    table: Table,
    columns: Columns,
    classes: Sequence[str] | None,
    known: LabelTable | None,
    split: str | None,
    normalize: bool,
    split_option: str,
    progress: Progress,
) -> Predictions:
    roles = find_columns(table, columns)
    table, split = _one_split(table, roles.get("split"), split, split_option)
    _check_images(table, roles["image"])
    errors = table.text("error")
    good, bad = table.where([not error for error in errors]), table.where([bool(error) for error in errors])
    images = good.text(roles["image"])
    truth = _truth(good, images, roles, known)
    found = probability_columns(
        good, columns.probability, classes, labels=set(truth.texts), taken=roles.values(), normalize=normalize
    )
    names, chosen = tuple(found), list(found.values())
    _check_unreadable(bad, chosen)
    labels = truth.indices(names)
    if known:
        _check_agreement(known, images, truth, labels, names)
        _say_unjudged(progress, known, table.text(roles["image"]))
    groups, by_group = _groups(good, images, roles, known)
    shown = f"labels {truth.described(names)}, probabilities in {', '.join(map(repr, chosen))}, {by_group}"
    progress.say(f"{table.path}: images in '{roles['image']}', {shown}")
    if normalize:
        off = np.count_nonzero(np.abs(good.numbers(chosen).sum(axis=1) - 1) > SUM_TOLERANCE)
        progress.say(f"{table.path}: each row was divided by its sum, which was not one in {off} of {len(images)} rows")
    logits = [f"logit_{name}" for name in names]
    finer = [name for name in table.header if name.startswith("psub_")]
    sublabels = good.text("sublabel")
    more = [name for name in table.header if name not in {*roles.values(), *chosen, ""}]
    return Predictions(
        images=tuple(images),
        groups=tuple(group or image for group, image in zip(groups, images, strict=True)),
        labels=labels,
        probabilities=probabilities(good, chosen, images, normalize),
        classes=names,
        split=split,
        unreadable=tuple(map(Unreadable, bad.text(roles["image"]), bad.text("error"))),
        logits=finite(good, logits) if set(logits) <= set(table.header) else None,
        sublabels=tuple(sublabels) if any(sublabels) else None,
        subclasses=tuple(name.removeprefix("psub_") for name in finer),
        subclass_probabilities=probabilities(good, finer, images, normalize) if finer else None,
        repeats=whole(good, "repeat") if "repeat" in table.header else None,
        spread=finite(good, ["spread"])[:, 0] if "spread" in table.header else None,
        attributes={unescape(name): tuple(good.text(name)) for name in more if not is_own_column(unescape(name))},
    )


def _one_split(table: Table, column: str | None, split: str | None, option: str) -> tuple[Table, str]:
    """The rows of one split, and its name."""
    if column is None:
        if split is not None:
            raise DataError(f"{table.path} has no column 'split' to find {split!r} in; leave out {option}")
        return table, "all"
    cells = table.text(column)
    found = sorted(set(cells))
    if split is None and len(found) > 1:
        raise DataError(
            f"{table.path} must hold one split; it holds {', '.join(map(repr, found))}: choose one by {option}"
        )
    if split is not None and split not in found:
        raise DataError(f"{table.path} has no row of the split {split!r}; it holds {', '.join(map(repr, found))}")
    wanted = found[0] if split is None else split
    return table.where([cell == wanted for cell in cells]), wanted or "all"


def _check_images(table: Table, column: str) -> None:
    first: dict[tuple[str, str], int] = {}
    for line, image, repeat in zip(table.lines, table.text(column), table.text("repeat"), strict=True):
        if not image:
            raise DataError(f"{table.path}:{line} has no image name")
        if first.setdefault((image, repeat), line) != line:
            raise DataError(f"{table.path}:{line} repeats the image {image!r} of line {first[image, repeat]}")


def _check_unreadable(bad: Table, columns: Sequence[str]) -> None:
    for name in columns:
        for line, cell in zip(bad.lines, bad.text(name), strict=True):
            if cell:
                raise DataError(
                    f"{bad.path}:{line} must have either probabilities or an error; it has {cell!r} in the column "
                    f"'{name}': the column 'error' is for images that could not be predicted, rename it if it is not"
                )


def _truth(good: Table, images: Sequence[str], roles: Mapping[str, str], known: LabelTable | None) -> Labels:
    """The labels of the table; where it has none, those of the other one."""
    if "label" in roles:
        own = Labels(good.path, good.lines, good.text(roles["label"]), f"in '{roles['label']}'")
        if known is None or any(own.texts):
            return own
    if known is None:
        raise DataError(
            f"{good.path} has no true labels; name their column by --label-column, or a table of image and label by "
            f"--labels: its columns are {', '.join(good.header)}"
        )
    labels, at = known.labels_of(images)
    if missing := sorted(set(range(len(images))) - set(at)):
        raise DataError(
            f"{known.table.path} has no label for {len(missing)} of the {len(images)} images of {good.path}, the first "
            f"is {images[missing[0]]!r}"
        )
    return labels


def _groups(
    good: Table, images: Sequence[str], roles: Mapping[str, str], known: LabelTable | None
) -> tuple[Sequence[str], str]:
    """The group of each image, which may be empty, and where they come from."""
    if "group" in roles:
        return good.text(roles["group"]), f"groups in '{roles['group']}'"
    groups = known.groups_of(images) if known else None
    if known and groups:
        return groups, f"groups of {known.table.path}"
    return images, "each image its own group"


def _check_agreement(
    known: LabelTable, images: Sequence[str], truth: Labels, labels: NDArray[np.int64], names: Sequence[str]
) -> None:
    """Raises DataError for the first image that both tables label, and not alike."""
    theirs, at = known.labels_of(images)
    for row in np.flatnonzero(theirs.indices(names) != labels[at])[:1]:
        own = at[row]
        raise DataError(
            f"{truth.path}:{truth.lines[own]} says that {images[own]!r} is {names[labels[own]]!r}, but "
            f"{theirs.path}:{theirs.lines[row]} says {theirs.texts[row]!r}; correct one of them"
        )


def _say_unjudged(progress: Progress, known: LabelTable, images: Sequence[str]) -> None:
    unjudged = len(known.images) - len({row for row in known.rows_of(images) if row is not None})
    if unjudged:
        progress.say(f"{known.table.path}: {unjudged} of its {len(known.images)} images have no prediction here")
