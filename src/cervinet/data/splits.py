"""Train, validation and test: stratified by class, disjoint by group, seeded."""

from pathlib import Path

import numpy as np
import pandas as pd

from cervinet.csv_table import read_table
from cervinet.data.manifest import SPLITS
from cervinet.errors import ConfigError, DataError

DEFAULT = 0.15
DEFAULT_VAL_BESIDE_A_TEST_SET = 0.2


def assign_splits(
    table: pd.DataFrame, groups: pd.Series, *, val: float | None, test: float | None, seed: int
) -> pd.Series:
    """A split for every row; splits that the data bring stay as they are, missing ones are taken from train.

    Args:
        table: a manifest's table.
        groups: the group of each row, str (n,); all rows of a group get one split.
        val: share of the rows for validation, or None for the default.
        test: share of the rows for the test, or None for the default.
        seed: decides among equally good divisions.

    Returns:
        "train", "val" or "test" for each row.

    Raises:
        ConfigError: shares of a split that the data bring, or that leave nothing to train on.
    """
    given = set(table["split"].dropna())
    for name, share in (("val", val), ("test", test)):
        if share is not None and name in given:
            raise ConfigError(f"`data.split.{name}` has no use: the data bring their own {name} part; take it out")
    split = table["split"].copy()
    free = split.isna() | (split == "train")
    default_val = DEFAULT_VAL_BESIDE_A_TEST_SET if "test" in given else DEFAULT
    fractions = {
        "val": 0.0 if "val" in given else default_val if val is None else val,
        "test": 0.0 if "test" in given else DEFAULT if test is None else test,
    }
    if sum(fractions.values()) >= 1:
        raise ConfigError(
            "`data.split.val` and `data.split.test` must leave something to train on; got "
            f"{fractions['val']:g} and {fractions['test']:g}"
        )
    fractions = {"train": 1 - sum(fractions.values()), **fractions}
    split[free] = divide(table["label"][free], groups[free], fractions, seed)
    return split


def divide(labels: pd.Series, groups: pd.Series, fractions: dict[str, float], seed: int) -> np.ndarray:
    """Divide rows so that every class has its share in every split and no group is torn.

    Groups are dealt in order of how many pictures they hold (random among equals), each to the split that is
    furthest behind its share of the classes in the group. This is the greedy rule of scikit-learn's
    StratifiedGroupKFold for unequal parts, which folds of one size cannot give.

    Args:
        labels: class of each row, (n,).
        groups: group of each row, (n,).
        fractions: share of each split; the first wins ties.
        seed: of the order among equals.

    Returns:
        The name of a split for each row, object (n,).
    """
    names = [name for name, fraction in fractions.items() if fraction > 0]
    share = np.array([fractions[name] for name in names])
    group_codes, _ = pd.factorize(groups)
    class_codes, class_names = pd.factorize(labels, sort=True)
    counts = np.zeros((group_codes.max() + 1, len(class_names)))
    np.add.at(counts, (group_codes, class_codes), 1)
    target = share[:, None] * counts.sum(axis=0)
    dealt = np.zeros_like(target)
    order = np.random.default_rng(seed).permutation(len(counts))
    order = order[np.argsort(-counts[order].max(axis=1), kind="stable")]
    choice = np.empty(len(counts), int)
    for group in order:
        behind = ((target - dealt) / target) @ counts[group]
        choice[group] = behind.argmax()
        dealt[choice[group]] += counts[group]
    return np.array(names, object)[choice[group_codes]]


def splits_from_file(table: pd.DataFrame, path: Path) -> pd.Series:
    """The split of each picture as an earlier splits.csv has it. Raises DataError unless it knows every picture."""
    earlier = read_table(path)
    for column in ("image", "split"):
        if column not in earlier.header:
            raise DataError(f"{path} must have the columns image and split; '{column}' is missing")
    found: dict[str, str] = {}
    for line, image, split in zip(earlier.lines, earlier.text("image"), earlier.text("split"), strict=True):
        if split not in SPLITS:
            raise DataError(f"{path}:{line} must say train, val or test; got '{split}'")
        if found.setdefault(image, split) != split:
            raise DataError(f"{path}:{line} puts {image} into {split}, an earlier line into {found[image]}; keep one")
    images = list(table["image"])
    unknown = [image for image in images if image not in found]
    if unknown:
        raise DataError(
            f"{path} says no split for {len(unknown)} of {len(images)} pictures, the first is {unknown[0]}; "
            "use a file made from the same data, or leave data.split.file out"
        )
    gone = list(found.keys() - set(images))
    if gone:
        raise DataError(
            f"{path} lists {len(gone)} pictures that the data no longer have, the first is {min(gone)}; "
            "bring them back, or make a new division"
        )
    # What the data call train may have been divided further; their own val and test must stay what they are.
    for image, own in zip(images, table["split"], strict=True):
        if own in ("val", "test") and own != found[image]:
            raise DataError(
                f"{path} puts {image} into {found[image]}, but the data themselves put it into {own}; "
                "leave data.split.file out, or correct one of the two"
            )
    return pd.Series([found[image] for image in images], table.index, object)
