"""Train, validation and test: stratified by class, disjoint by group, seeded."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cervinet.errors import ConfigError, DataError
from cervinet.registry import did_you_mean

DEFAULT = 0.15
DEFAULT_VAL_BESIDE_A_TEST_SET = 0.2


@dataclass(frozen=True)
class Rule:
    """How to divide; the fields are those of the config's `data.split`.

    Attributes:
        val: share of the rows for validation, or None for the default.
        test: share of the rows for the test, or None for the default.
        test_site: the rows of this site are the test.
        folds: number of folds, of which number `fold`, from 1, is the test.
        fold: see `folds`.
        repeat: each number, from 1, gives other folds.
    """

    val: float | None = None
    test: float | None = None
    test_site: str | None = None
    folds: int | None = None
    fold: int = 1
    repeat: int = 1


def assign_splits(table: pd.DataFrame, groups: pd.Series, rule: Rule, *, seed: int) -> pd.Series:
    """A split for every row; splits that the data bring stay as they are, missing ones are taken from train.

    Args:
        table: a manifest's table.
        groups: the group of each row, str (n,); all rows of a group get one split.
        rule: what share, site or fold is for what.
        seed: decides among equally good divisions.

    Returns:
        "train", "val" or "test" for each row.

    Raises:
        ConfigError: a rule for a split that the data bring, shares that leave nothing to train on, or a site where no
            picture was taken.
        DataError: too few pictures for folds, or none to train on.
    """
    given = set(table["split"].dropna())
    split = table["split"].copy()
    if "test" in given and (rule.folds or rule.test_site):
        name = "folds" if rule.folds else "test_site"
        raise ConfigError(f"`data.split.{name}` has no use: the data bring their own test part; take it out")
    for name, share in (("val", rule.val), ("test", rule.test)):
        if share is not None and name in given:
            raise ConfigError(f"`data.split.{name}` has no use: the data bring their own {name} part; take it out")
    if rule.test_site:
        split[_at_site(table, rule.test_site)] = "test"
    elif rule.folds:
        free = split.isna() | (split == "train")
        fold = folds_of(table["label"][free], groups[free], rule.folds, seed=seed, repeat=rule.repeat)
        split[free] = np.where(fold == rule.fold, "test", split[free])
    settled = set(split.dropna())
    default_val = DEFAULT_VAL_BESIDE_A_TEST_SET if "test" in settled else DEFAULT
    fractions = {
        "val": 0.0 if "val" in settled else default_val if rule.val is None else rule.val,
        "test": 0.0 if "test" in settled else DEFAULT if rule.test is None else rule.test,
    }
    if sum(fractions.values()) >= 1:
        raise ConfigError(
            "`data.split.val` and `data.split.test` must leave something to train on; got "
            f"{fractions['val']:g} and {fractions['test']:g}"
        )
    fractions = {"train": 1 - sum(fractions.values()), **fractions}
    free = split.isna() | (split == "train")
    if not free.any():
        why = f"all {len(table)} are for {' and '.join(sorted(settled))}" if len(table) else "there are none"
        raise DataError(f"no pictures are left to train on, for {why}; add pictures, or change data.split")
    split[free] = divide(table["label"][free], groups[free], fractions, seed)
    return split


def _at_site(table: pd.DataFrame, site: str) -> pd.Series:
    if table["site"].isna().all():
        raise ConfigError(
            "`data.split.test_site` needs to know where each picture was taken; name the column of sites, as in "
            "data.reader.table.site=clinic"
        )
    here = table["site"] == site
    if not here.any():
        known = sorted(table["site"].dropna().unique())
        raise ConfigError(
            f"`data.split.test_site` is '{site}', but no picture was taken there{did_you_mean(site, known)}"
        )
    return here


def folds_of(labels: pd.Series, groups: pd.Series, folds: int, *, seed: int, repeat: int = 1) -> NDArray[np.int64]:
    """Stratified folds of one size that keep groups together.

    Args:
        labels: class of each row, (n,).
        groups: group of each row, (n,).
        folds: how many.
        seed: decides among equally good divisions, together with `repeat`.
        repeat: each number gives other folds.

    Returns:
        The fold of each row, from 1, int64 (n,).

    Raises:
        DataError: fewer groups than folds, or a class in one group: the fold that tests it leaves none to learn from.
    """
    if groups.nunique() < folds:
        raise DataError(
            f"`data.split.folds` is {folds}, which needs as many groups of pictures; got {groups.nunique()}: "
            "choose fewer folds"
        )
    for name, count in groups.groupby(labels).nunique().items():
        if count < 2:
            pictures = int((labels == name).sum())
            raise DataError(
                f"the class '{name}' has {pictures} picture{'s' * (pictures > 1)} in one group, so no fold could both "
                "learn and judge it; add groups of it, or take it out"
            )
    fractions = {str(number): 1 / folds for number in range(1, folds + 1)}
    return divide(labels, groups, fractions, seed if repeat == 1 else (seed, repeat)).astype(np.int64)


def divide(
    labels: pd.Series, groups: pd.Series, fractions: dict[str, float], seed: int | tuple[int, int]
) -> NDArray[np.object_]:
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
