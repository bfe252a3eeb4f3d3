"""The image table: one row a picture, made by a reader, checked once, used by everything after.

| column | dtype | what |
|---|---|---|
| image | str | path relative to `root` with forward slashes (absolute where the picture lies outside) |
| label | str or None | class |
| sublabel | str or None | finer class, where the layout has one |
| group | str or None | pictures that belong together (a patient); never torn apart by a split |
| split | str or None | train, val or test, where the data bring their own |
| box_x, box_y, box_w, box_h | float64 | region of interest in pixels of the upright picture; NaN where there is none |
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cervinet.errors import DataError, LeakageError
from cervinet.registry import did_you_mean

SPLITS = ("train", "val", "test")
TEXT_COLUMNS = ("image", "label", "sublabel", "group", "split")
BOX_COLUMNS = ("box_x", "box_y", "box_w", "box_h")
_SUFFIXES = "jpg jpeg jpe jfif png bmp dib tif tiff webp gif avif ppm pgm pbm pnm"
IMAGE_SUFFIXES = frozenset(f".{suffix}" for suffix in _SUFFIXES.split(" "))


@dataclass(frozen=True)
class Manifest:
    """Pictures of one data set.

    Attributes:
        table: a row a picture, the columns above, index 0…n-1.
        root: the folder that `image` is relative to.
        classes: in the order of the network's output.
        ignored: what the reader passed over, and why: columns image and reason.
        note: said wherever the data are shown ("synthetic phantoms"); empty for real pictures.
    """

    table: pd.DataFrame
    root: Path
    classes: tuple[str, ...] = ()
    ignored: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["image", "reason"], dtype=object))
    note: str = ""

    def __len__(self) -> int:
        return len(self.table)

    def paths(self) -> list[Path]:
        return [self.root / image for image in self.table["image"]]

    def part(self, split: str) -> pd.DataFrame:
        """The rows of a split; their index are row numbers of the whole table."""
        return self.table[self.table["split"] == split]

    def has_groups(self) -> bool:
        return bool(self.table["group"].notna().any())

    def groups(self) -> pd.Series:
        """A group for every row; a picture without one is a group of its own."""
        return self.table["group"].fillna(self.table["image"])

    def take(self, rows: np.ndarray[Any, Any]) -> "Manifest":
        """The rows with these numbers, numbered anew."""
        return replace(self, table=self.table.loc[rows].reset_index(drop=True))

    def ignored_line(self) -> str:
        """`3 files ignored: 2 hidden, 1 not an image`, or nothing."""
        if self.ignored.empty:
            return ""
        counts = Counter(self.ignored["reason"])
        return f"{len(self.ignored)} files ignored: " + ", ".join(f"{n} {reason}" for reason, n in counts.most_common())


def table_of(rows: Sequence[Mapping[str, object]] | pd.DataFrame) -> pd.DataFrame:
    """Rows with every column of a manifest, missing ones empty."""
    # Arrow, behind pandas' own text type, refuses file names that are not UTF-8.
    table = pd.DataFrame(rows, dtype=object).reset_index(drop=True)
    for column in TEXT_COLUMNS:
        table[column] = table[column].astype(object) if column in table else None
        table[column] = table[column].where(table[column].notna(), None)
    for column in BOX_COLUMNS:
        table[column] = table[column].astype("float64") if column in table else float("nan")
    return table[[*TEXT_COLUMNS, *BOX_COLUMNS]]


def checked(manifest: Manifest, classes: Iterable[str] | None, *, to_learn: bool = True) -> Manifest:
    """The manifest with its classes settled, after every check that needs no pixel.

    Args:
        manifest: as a reader made it.
        classes: in the order of the output; None takes those of the data in alphabetical order.
        to_learn: every class needs pictures enough to learn it; pictures only to be judged on may lack a class.

    Raises:
        DataError: no pictures, an unknown label, a class without pictures or with one, a picture listed twice.
        LeakageError: a group that the data themselves put into two splits.
    """
    table, root = manifest.table, manifest.root
    if table.empty:
        ignored = f" ({manifest.ignored_line()})" if manifest.ignored_line() else ""
        raise DataError(f"there are no pictures under {root}{ignored}; check data.root and data.reader")
    twice = table["image"][table["image"].duplicated()]
    if len(twice):
        raise DataError(f"{len(twice)} pictures are listed twice, the first is {twice.iloc[0]}; keep one row a picture")
    unlabelled = table["image"][table["label"].isna()]
    if len(unlabelled):
        raise DataError(
            f"{len(unlabelled)} pictures have no label, the first is {unlabelled.iloc[0]}; label or remove them"
        )
    found = sorted(table["label"].unique())
    settled = tuple(classes) if classes else manifest.classes or tuple(found)
    strange = [label for label in found if label not in settled]
    if strange:
        near = did_you_mean(strange[0], settled)
        if not to_learn:
            raise DataError(
                f"the data have a class '{strange[0]}' that the network was not trained on{near}; "
                "rename it, or take its pictures out of the data"
            )
        raise DataError(
            f"the data have a class '{strange[0]}' that `classes` does not name{near}; "
            "add it to `classes`, or take its pictures out"
        )
    if len(settled) < 2:
        raise DataError(f"only one class, '{settled[0]}', was found under {root}; at least two are needed")
    if not to_learn:
        return replace(manifest, classes=settled)
    counts = table["label"].value_counts()
    for name in settled:
        if counts.get(name, 0) == 0:
            raise DataError(f"the class '{name}' has no pictures under {root}; add some, or take it out of `classes`")
        if counts[name] == 1:
            only = table["image"][table["label"] == name].iloc[0]
            raise DataError(
                f"the class '{name}' has one picture ({only}); a class needs at least 2, "
                "one to learn from and one to be judged by"
            )
    _check_given_splits(table, settled)
    return replace(manifest, classes=settled)


def check_files(manifest: Manifest) -> None:
    """Raises a DataError that counts and names files that the table lists but the disk does not have."""
    missing = [path for path in manifest.paths() if not path.is_file()]
    if missing:
        raise DataError(
            f"{len(missing)} of {len(manifest)} pictures are not there as files, the first is {missing[0]}; "
            "correct the image column or data.root, or bring the files"
        )


def _check_given_splits(table: pd.DataFrame, classes: tuple[str, ...]) -> None:
    strange = table[table["split"].notna() & ~table["split"].isin(SPLITS)]
    if len(strange):
        row = strange.iloc[0]
        raise DataError(f"the split of {row['image']} must be train, val or test; got '{row['split']}'")
    given = table[table["split"].notna()]
    if given.empty:
        return
    for name in classes:
        splits = set(table["split"][table["label"] == name])
        if None not in splits and "train" not in splits:
            raise DataError(
                f"the class '{name}' is only in {' and '.join(sorted(splits))}, so nothing could learn it; "
                "put some of its pictures into train"
            )
    check_leakage(table)


def check_parts(table: pd.DataFrame, classes: tuple[str, ...]) -> None:
    """Raises a DataError when a split has no pictures, or when none of a class is there to learn from."""
    for split in SPLITS:
        if not (table["split"] == split).any():
            raise DataError(
                f"no pictures are left for {split}, for there are only {len(table)} in all; "
                "add pictures or groups, or change data.split"
            )
    learnt = set(table["label"][table["split"] == "train"])
    for name in classes:
        if name not in learnt:
            raise DataError(
                f"the class '{name}' has no pictures in train, so nothing could learn it; "
                "add pictures or groups of it, or change data.split"
            )


def check_leakage(table: pd.DataFrame) -> None:
    """Raises a LeakageError when a group has pictures in two splits."""
    given = table[table["split"].notna() & table["group"].notna()]
    torn = given.groupby("group")["split"].nunique()
    torn = torn[torn > 1]
    if len(torn):
        splits = sorted(set(given["split"][given["group"] == torn.index[0]]))
        raise LeakageError(
            f"{len(torn)} groups stand in two splits, the first is '{torn.index[0]}' in {' and '.join(splits)}; "
            "a group's pictures must stay together: correct the split column"
        )
