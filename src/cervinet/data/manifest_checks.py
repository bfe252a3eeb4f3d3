"""What must be true of an image table before anything is made of it; no check looks at a pixel."""

import os
from collections.abc import Iterable
from dataclasses import replace

import pandas as pd

from cervinet.data.manifest import SPLITS, Manifest
from cervinet.errors import DataError, LeakageError
from cervinet.escape import for_terminal
from cervinet.registry import did_you_mean


def checked(manifest: Manifest, classes: Iterable[str] | None, *, to_learn: bool = True) -> Manifest:
    """The manifest with its classes settled, after every check that needs no pixel.

    Args:
        manifest: as a reader made it.
        classes: in the order of the output; None takes those of the data in alphabetical order.
        to_learn: every class needs pictures enough to learn it; pictures only to be judged on may lack a class.

    Raises:
        DataError: no pictures, an unknown label, a class without pictures or with one, a picture listed twice, a split
            of another name, a class that the data keep out of train.
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
    manifest = replace(manifest, classes=settled, remarks=manifest.remarks + _look_alikes(settled))
    if not to_learn:
        return manifest
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
    return manifest


def _look_alikes(classes: tuple[str, ...]) -> tuple[str, ...]:
    """A sentence for class names that differ only in what a slip of typing makes."""
    plain: dict[str, list[str]] = {}
    for name in classes:
        plain.setdefault("".join(name.split()).casefold(), []).append(name)
    return tuple(
        f"The classes {' and '.join(map(repr, names))} differ in case or spaces only: are they one class?"
        for names in plain.values()
        if len(names) > 1
    )


def check_files(manifest: Manifest) -> None:
    """Raises a DataError that counts and names files that the table lists but the disk does not have."""
    if manifest.pixels is not None:
        return
    missing = [path for path in manifest.paths() if not path.is_file()]
    if missing:
        raise DataError(
            f"{len(missing)} of {len(manifest)} pictures are not there as files, the first is {missing[0]}; "
            "correct the image column or data.root, or bring the files"
        )


def check_links(manifest: Manifest) -> None:
    """Raises a DataError when links lead pictures or masks out of the root.

    A path that leads out by itself, an absolute one or `../`, is what its table asks for.
    """
    if manifest.pixels is not None:
        return
    root, real = os.path.abspath(manifest.root), os.path.realpath(manifest.root)
    folders: dict[str, str | None] = {}  # the real place of each folder that is written below the root
    links: dict[str, set[str]] = {}
    outside: list[tuple[str, str]] = []
    masks = (mask for of_one in manifest.table["masks"].dropna() for mask in of_one)
    for name in (*manifest.table["image"], *masks):
        folder, file = os.path.split(name)
        if folder not in folders:
            place = os.path.join(root, folder)
            folders[folder] = os.path.realpath(place) if _is_below(os.path.abspath(place), root) else None
            links[folder] = _links_in(place) if folders[folder] else set()
        real_folder = folders[folder]
        if real_folder is None or (file not in links[folder] and _is_below(real_folder, real)):
            continue
        target = os.path.realpath(os.path.join(real_folder, file))
        if not _is_below(target, real):
            outside.append((name, target))
    if outside:
        name, target = outside[0]
        raise DataError(
            f"{len(outside)} pictures or masks are reached by links that lead out of {manifest.root}, the first is "
            f"{for_terminal(name)}, which is {for_terminal(target)}; copy them there, or set data.outside_links=true"
        )


def _links_in(folder: str) -> set[str]:
    """Names of links; asking the folder once is many times faster than asking for each of its files."""
    try:
        with os.scandir(folder) as entries:
            return {entry.name for entry in entries if entry.is_symlink()}
    except OSError:
        return set()  # the check of the files says that it is not there


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


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


def check_parts(table: pd.DataFrame, classes: tuple[str, ...]) -> None:
    """Raises a DataError when a split has no pictures, or when none of a class is there to learn from."""
    for split in SPLITS:
        if not (table["split"] == split).any():
            groups = table["group"].fillna(table["image"]).nunique()
            where = f", in {groups} group{'s' * (groups > 1)}" if groups < len(table) else ""
            raise DataError(
                f"no pictures are left for {split}, for there are only {len(table)} in all{where}; "
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
