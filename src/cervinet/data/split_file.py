"""A division that is kept: written with a digest of every picture, refused where the pictures are others by now."""

from collections.abc import Collection, Sequence
from pathlib import Path

import pandas as pd

from cervinet.csv_table import escape, read_table, write_table
from cervinet.data.manifest import SPLITS
from cervinet.errors import DataError

COLUMNS = ("image", "label", "group", "split", "digest")
EXCLUDED = "excluded"


def write_splits(table: pd.DataFrame, path: Path) -> None:
    """Write a manifest's table as `splits.csv`; a picture without a split was excluded."""
    rows = table[list(COLUMNS)].fillna({"split": EXCLUDED}).fillna("").to_numpy().tolist()
    write_table(path, [COLUMNS, *([escape(cell) for cell in row] for row in rows)])


def splits_from_file(table: pd.DataFrame, path: Path) -> pd.Series:
    """The split of each picture as an earlier splits.csv has it.

    Args:
        table: a manifest's table with digests.
        path: a CSV with the columns image and split; where it has label and digest too, they are compared.

    Returns:
        "train", "val", "test", or None for a picture that was excluded.

    Raises:
        DataError: it is for other pictures, for other labels, or for the same names with other content.
    """
    earlier = read_splits(path)
    images = list(table["image"])
    unknown = [image for image in images if image not in earlier.index]
    if unknown:
        raise DataError(
            f"{path} says no split for {len(unknown)} of {len(images)} pictures, the first is {unknown[0]}; "
            "use a file made from the same data, or leave data.split.file out"
        )
    # One that was excluded may have been removed since, as the message about unreadable pictures says.
    gone = list(set(earlier.index[earlier["split"] != EXCLUDED]) - set(images))
    if gone:
        raise DataError(
            f"{path} lists {len(gone)} pictures that the data no longer have, the first is {min(gone)}; "
            "bring them back, or make a new division"
        )
    earlier = earlier.loc[pd.Index(images, dtype=object)]
    _compare(earlier["label"], table["label"], path, "label", "other labels")
    _compare(earlier["digest"], table["digest"], path, "digest", "other content")
    # What the data call train may have been divided further; their own val and test must stay what they are.
    for image, own, split in zip(images, table["split"], earlier["split"], strict=True):
        if own in ("val", "test") and split not in (own, EXCLUDED):
            raise DataError(
                f"{path} puts {image} into {split}, but the data themselves put it into {own}; "
                "leave data.split.file out, or correct one of the two"
            )
    split = pd.Series(earlier["split"].to_list(), table.index, object)
    return split.where(split != EXCLUDED, None)


def check_unchanged(table: pd.DataFrame, path: Path) -> None:
    """Raise a DataError unless a manifest's table with digests is of the pictures and labels of a run's splits.csv."""
    then, now = read_splits(path), table.set_index(pd.Index(table["image"], dtype=object))
    # One that was excluded may have been removed since, as the message about unreadable pictures says.
    gone = [image for image in then.index[then["split"] != EXCLUDED] if image not in now.index]
    both = then.loc[then.index.isin(now.index)]
    here = now.loc[both.index]
    relabelled = both.index[both["label"] != here["label"].fillna("")]
    others = both.index[(both["digest"] != here["digest"].fillna("")) & (both["digest"] != "")]
    said = [
        _count([image for image in now.index if image not in then.index], "new"),
        _count(gone, "no longer there"),
        _count(list(relabelled), "labelled otherwise")
        + "".join(f" ('{both.loc[one, 'label']}' then, '{here.loc[one, 'label']}' now)" for one in relabelled[:1]),
        _count(list(others), "of other content"),
    ]
    if any(said):
        raise DataError(
            f"the pictures are not those of {path}: {'; '.join(filter(None, said))}; bring them back as they were, or "
            "train a new run"
        )


def _count(images: Sequence[str], what: str) -> str:
    """`1 is new: a.png`, `2 are new, the first is a.png`, or nothing."""
    if len(images) > 1:
        return f"{len(images)} are {what}, the first is {images[0]}"
    return f"1 is {what}: {images[0]}" if images else ""


def images_in_file(path: Path) -> pd.Index:
    """The pictures that a splits.csv knows."""
    return read_splits(path).index


def digests_in_file(path: Path, splits: Collection[str]) -> set[str]:
    """The digests of the pictures of these splits."""
    known = read_splits(path)
    return set(known["digest"][known["split"].isin(splits)]) - {""}


def groups_from_file(table: pd.DataFrame, path: Path) -> pd.Series:
    """The group of each picture as a run's splits.csv has it: str or None (n,)."""
    groups = read_splits(path)["group"].reindex(table["image"]).to_list()
    return pd.Series([group or None for group in groups], table.index, object)


def read_splits(path: Path) -> pd.DataFrame:
    """The columns label, group, split and digest by image, empty where the file has no such column."""
    earlier = read_table(path)
    for column in ("image", "split"):
        if column not in earlier.header:
            raise DataError(f"{path} must have the columns image and split; '{column}' is missing")
    found: dict[str, str] = {}
    for line, image, split in zip(earlier.lines, earlier.text("image"), earlier.text("split"), strict=True):
        if split not in (*SPLITS, EXCLUDED):
            raise DataError(f"{path}:{line} must say train, val or test; got '{split}'")
        if found.setdefault(image, split) != split:
            raise DataError(f"{path}:{line} puts {image} into {split}, an earlier line into {found[image]}; keep one")
    columns = {name: earlier.text(name) for name in COLUMNS}
    table = pd.DataFrame(columns, dtype=object).drop_duplicates("image")
    # Arrow, behind pandas' own text type, refuses file names that are not UTF-8.
    return table.set_index(pd.Index(table["image"], dtype=object))


def _compare(then: pd.Series, now: pd.Series, path: Path, column: str, what: str) -> None:
    changed: Sequence[int] = [
        row for row, (old, new) in enumerate(zip(then, now, strict=True)) if old and new is not None and old != new
    ]
    if changed:
        first = changed[0]
        detail = f" ('{then.iloc[first]}' then, '{now.iloc[first]}' now)" if column == "label" else ""
        raise DataError(
            f"{path} was made from other data: {len(changed)} of {len(then)} pictures have {what} by now, the first "
            f"is {then.index[first]}{detail}; bring the old data back, make a new division, or take the column "
            f"{column} out of the file to divide the new data like the old"
        )
