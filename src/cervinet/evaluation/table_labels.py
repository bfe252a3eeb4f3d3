"""The true classes of images: from the table of predictions, or from one of their own."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cervinet.csv_table import Table
from cervinet.errors import DataError
from cervinet.evaluation.table_columns import TRIED, one_of
from cervinet.evaluation.table_files import read_cells

_TRIED_ALONE = (*TRIED["label"], "class", "type", "category", "dx")
"""In a table without predictions no name can mean a predicted class."""


@dataclass(frozen=True)
class Labels:
    """The label of each of some images as text, and where it stands.

    Attributes:
        path: the file.
        lines: of each label, for messages.
        texts: the labels.
        source: how they were found, in words.
    """

    path: Path
    lines: Sequence[int]
    texts: Sequence[str]
    source: str

    def indices(self, classes: Sequence[str]) -> NDArray[np.int64]:
        """int64 `(n,)`, the index of each label in `classes`.

        Labels are names of classes. Where none of them is one, and no class is called by a number, whole numbers are
        indices from 0.

        Raises:
            DataError: a label is neither.
        """
        index, expected = {name: number for number, name in enumerate(classes)}, f"among {', '.join(classes)}"
        if self.are_numbers(classes):
            index = {text: number for number in range(len(classes)) for text in (f"{number}", f"{number}.0")}
            expected = f"from 0 to {len(classes) - 1} for {', '.join(classes)}, or the class itself"
        for line, text in zip(self.lines, self.texts, strict=True):
            if text not in index:
                raise DataError(f"{self.path}:{line} must have a label {expected}; got {text!r}")
        return np.array([index[text] for text in self.texts], dtype=np.int64)

    def are_numbers(self, classes: Sequence[str]) -> bool:
        """Whether they are indices into the classes."""
        found = set(self.texts)
        return bool(found) and all(map(_is_whole, found)) and not any(map(_is_whole, classes))

    def described(self, classes: Sequence[str]) -> str:
        """The source, and what numbers mean where they are indices."""
        meant = ", ".join(f"{number} is {name}" for number, name in enumerate(classes))
        return f"{self.source} ({meant})" if self.are_numbers(classes) else self.source


def _is_whole(text: str) -> bool:
    # pandas writes whole numbers as 1.0 where one of the column is missing.
    return text.removesuffix(".0").isdecimal()


@dataclass(frozen=True)
class LabelTable:
    """Labels by image, and the groups where the table has them.

    Attributes:
        table: its rows.
        images: the name of each, distinct.
        texts: the label of each.
        groups: the group of each, empty where unknown; None where the table knows none.
    """

    table: Table
    images: Sequence[str]
    texts: Sequence[str]
    groups: Sequence[str] | None

    def by_file_name(self, images: Sequence[str]) -> bool:
        """Whether not one image has the same path here and there."""
        return not set(images) & set(self.images)

    def rows_of(self, images: Sequence[str]) -> list[int | None]:
        """The row of each image; by file name where folders differ, for files whose names are distinct.

        Raises:
            DataError: two images, here or there, could be meant.
        """
        exact = {image: row for row, image in enumerate(self.images)}
        if not self.by_file_name(images):
            return [exact.get(image) for image in images]
        own = _by_file_name(self.images, set(map(_file_name, images)), self.table.path)
        _by_file_name(dict.fromkeys(images), None, self.table.path)
        return [exact[own[name]] if (name := _file_name(image)) in own else None for image in images]

    def groups_of(self, images: Sequence[str]) -> list[str] | None:
        """The group of each image, empty where unknown; None where the table knows none."""
        if self.groups is None:
            return None
        return ["" if row is None else self.groups[row] for row in self.rows_of(images)]

    def labels_of(self, images: Sequence[str]) -> tuple[Labels, list[int]]:
        """The labels of those images that the table knows and labels, and which of them these are."""
        rows = self.rows_of(images)
        known = [(at, row) for at, row in enumerate(rows) if row is not None and self.texts[row]]
        lines, texts = [self.table.lines[row] for _, row in known], [self.texts[row] for _, row in known]
        how = " by file name" if self.by_file_name(images) else ""
        return Labels(self.table.path, lines, texts, f"of {self.table.path}{how}"), [at for at, _ in known]


def _file_name(image: str) -> str:
    return image.replace("\\", "/").rpartition("/")[2]


def _by_file_name(images: Iterable[str], wanted: set[str] | None, path: Path) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for image in images:
        name = _file_name(image)
        if (wanted is None or name in wanted) and (other := found.setdefault(name, image)) != image:
            raise DataError(
                f"{path} can give labels by file name only, because its folders are others, but {other!r} and "
                f"{image!r} have one file name; write the same paths into both tables"
            )
    return found


def read_labels(path: Path) -> LabelTable:
    """Read a table with a row an image: its label, or a column of 0 and 1 for each class as in Kaggle's solutions.

    A run's splits.csv is one, and its groups are taken too.

    Raises:
        DataError: with the file, the line, what was expected and what was found.
    """
    table = read_cells(path)
    image = one_of(table, table.header, "image", TRIED["image"], "call the right one image")
    if image is None:
        raise DataError(f"{path} must have a column called image; its columns are {', '.join(table.header)}")
    label = one_of(table, table.header, "label", _TRIED_ALONE, "call the right one label")
    texts = table.text(label) if label else _one_hot(table, image)
    images, first = table.text(image), dict[str, int]()
    for line, name in zip(table.lines, images, strict=True):
        if first.setdefault(name, line) != line:
            raise DataError(f"{path}:{line} repeats the image {name!r} of line {first[name]}; keep one of them")
    group = one_of(table, table.header, "group", TRIED["group"], "call the right one group")
    return LabelTable(table, images, texts, table.text(group) if group else None)


def _one_hot(table: Table, image: str) -> list[str]:
    """The class of each row from columns of 0 and 1, one of them 1."""
    names = [name for name in table.header if name != image]
    cells = [[row[table.header.index(name)].removesuffix(".0") for name in names] for row in table.rows]
    if not all(set(row) <= {"0", "1"} and row.count("1") == 1 for row in cells):
        raise DataError(f"{table.path} must have a column called label; its columns are {', '.join(table.header)}")
    return [names[row.index("1")] for row in cells]
