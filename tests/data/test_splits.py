"""Splits: no group torn, every class in its share, the same seed the same division; judged against scikit-learn."""

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import StratifiedGroupKFold

from cervinet.data.manifest import SPLITS, table_of
from cervinet.data.splits import Rule, assign_splits, divide, folds_of
from cervinet.errors import ConfigError, DataError

USUAL = {"train": 0.7, "val": 0.15, "test": 0.15}


def cohort(seed, *, groups=300, classes=3, most=6, mixed=False, skew=1.0):
    """Labels and groups of an invented cohort: unequal classes, groups of 1 to `most` rows."""
    random = np.random.default_rng(seed)
    share = random.dirichlet(np.full(classes, skew)) * 0.8 + 0.2 / classes
    of_group = random.choice(classes, groups, p=share)
    members = np.repeat(np.arange(groups), random.integers(1, most + 1, groups))
    labels = of_group[members]
    if mixed:
        other = random.random(len(labels)) < 0.3
        labels = np.where(other, random.choice(classes, len(labels), p=share), labels)
    order = random.permutation(len(members))
    return pd.Series(labels[order].astype(str)), pd.Series([f"p{m}" for m in members[order]])


def shares(labels, split):
    """Share of each class in each split, (splits, classes)."""
    counts = pd.crosstab(split, labels)
    return counts / counts.sum()


def deviation(labels, split, fractions):
    found = shares(pd.Series(labels), pd.Series(split))
    return max(abs(found.loc[name] - fraction).max() for name, fraction in fractions.items())


class TestDivide:
    @pytest.mark.parametrize("seed", range(12))
    @pytest.mark.parametrize("fractions", [USUAL, {"train": 0.8, "val": 0.2}, {"train": 0.2, "val": 0.4, "test": 0.4}])
    def test_no_group_is_torn_and_shares_are_kept(self, seed, fractions):
        labels, groups = cohort(seed, mixed=seed % 2 == 1, most=1 + seed % 5)
        split = divide(labels, groups, fractions, seed)
        assert pd.Series(split).groupby(groups).nunique().max() == 1
        assert set(split) == set(fractions)
        rarest = labels.value_counts().min()
        assert deviation(labels, split, fractions) <= max(0.02, 4 / rarest)

    @pytest.mark.parametrize("rows", [10, 11, 97, 1000])
    def test_without_groups_shares_are_kept_to_less_than_two_rows(self, rows):
        labels = pd.Series(np.random.default_rng(rows).choice(["a", "b"], rows, p=[0.7, 0.3]))
        split = divide(labels, pd.Series(range(rows)), USUAL, 0)
        counts = pd.crosstab(pd.Series(split), labels)
        for name, fraction in USUAL.items():
            assert (abs(counts.loc[name] - fraction * counts.sum()) < 2).all()

    @pytest.mark.parametrize("seed", range(10))
    def test_every_class_reaches_every_split_where_it_can(self, seed):
        random = np.random.default_rng(seed)
        each = random.integers(3, 9, 6)
        labels = pd.Series(np.repeat(list("abcdef"), each))
        split = divide(labels, pd.Series(range(len(labels))), USUAL, seed)
        assert (pd.crosstab(labels, pd.Series(split)) > 0).all(axis=None)

    @pytest.mark.parametrize("seed", range(10))
    def test_three_groups_of_a_class_are_enough(self, seed):
        labels = pd.Series(np.repeat(["a", "b"], [300, 12]))
        groups = pd.Series([*(f"a{n // 3}" for n in range(300)), *(f"b{n // 4}" for n in range(12))])
        split = divide(labels, groups, USUAL, seed)
        assert set(split[300:]) == set(SPLITS)

    @pytest.mark.parametrize("seed", range(5))
    def test_two_rows_of_a_class_go_to_train_and_val(self, seed):
        labels = pd.Series(["a"] * 40 + ["b"] * 2)
        split = divide(labels, pd.Series(range(42)), USUAL, seed)
        assert sorted(split[40:]) == ["train", "val"]

    def test_a_share_of_nothing_gets_nothing(self):
        labels, groups = cohort(1)
        assert set(divide(labels, groups, {"train": 0.8, "val": 0.2, "test": 0.0}, 0)) == {"train", "val"}

    def test_a_group_that_is_nearly_everything(self):
        labels = pd.Series(["a", "b"] * 50)
        groups = pd.Series(["giant"] * 90 + [f"g{n}" for n in range(10)])
        split = divide(labels, groups, USUAL, 0)
        assert len(set(split[:90])) == 1
        assert set(split) == set(SPLITS)

    def test_the_seed_decides(self):
        labels, groups = cohort(2)
        divisions = [tuple(divide(labels, groups, USUAL, seed)) for seed in (0, 0, 1, 2)]
        assert divisions[0] == divisions[1]
        assert len(set(divisions)) == 3

    def test_names_of_groups_do_not_matter(self):
        labels, groups = cohort(3)
        renamed = groups.map({name: f"{name[::-1]} renamed" for name in groups.unique()})
        assert (divide(labels, groups, USUAL, 5) == divide(labels, renamed, USUAL, 5)).all()

    def test_the_index_does_not_matter(self):
        labels, groups = cohort(4)
        index = np.random.default_rng(0).permutation(len(labels)) + 7
        moved = divide(labels.set_axis(index), groups.set_axis(index), USUAL, 5)
        assert (divide(labels, groups, USUAL, 5) == moved).all()

    @pytest.mark.parametrize("seed", range(15))
    @pytest.mark.parametrize("mixed", [False, True])
    def test_is_as_even_as_scikit_learn(self, seed, mixed):
        """On equal shares, the only ones that StratifiedGroupKFold can make."""
        labels, groups = cohort(seed, groups=80, mixed=mixed)
        folds = 5
        theirs = np.empty(len(labels), object)
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
        for number, (_, rows) in enumerate(splitter.split(labels, labels, groups)):
            theirs[rows] = f"f{number}"
        equal = {f"f{number}": 1 / folds for number in range(folds)}
        ours = divide(labels, groups, equal, seed)
        assert deviation(labels, ours, equal) <= deviation(labels, theirs, equal) + 0.04

    def test_a_hundred_thousand_rows(self):
        labels, groups = cohort(1, groups=30_000, classes=7)
        assert len(labels) > 100_000
        split = divide(labels, groups, USUAL, 1)
        assert deviation(labels, split, USUAL) < 0.001
        assert pd.Series(split).groupby(groups).nunique().max() == 1


def rows_of(splits, label="ab"):
    """A table with these splits, labels in turn, no groups."""
    return table_of([{"image": f"{n}.png", "label": label[n % 2], "split": split} for n, split in enumerate(splits)])


def assigned(table, seed=0, **rule):
    return assign_splits(table, table["group"].fillna(table["image"]), Rule(**rule), seed=seed)


class TestAssign:
    def test_seventy_fifteen_fifteen(self):
        counts = assigned(rows_of([None] * 200)).value_counts()
        assert counts.to_dict() == {"train": 140, "val": 30, "test": 30}

    def test_eighty_twenty_beside_a_test_set(self):
        split = assigned(rows_of(["train"] * 100 + ["test"] * 20))
        assert (split[100:] == "test").all()
        assert split[:100].value_counts().to_dict() == {"train": 80, "val": 20}

    def test_test_is_taken_from_train_where_only_val_is_given(self):
        split = assigned(rows_of(["train"] * 100 + ["val"] * 20))
        assert (split[100:] == "val").all()
        assert 14 <= (split[:100] == "test").sum() <= 16

    def test_given_splits_stay(self):
        table = rows_of(["train"] * 10 + ["val"] * 4 + ["test"] * 4)
        assert list(assigned(table)) == list(table["split"])

    @pytest.mark.parametrize("name", ["val", "test"])
    def test_a_share_of_a_given_split_is_refused(self, name):
        with pytest.raises(ConfigError) as caught:
            assigned(rows_of(["train"] * 10 + [name] * 4), **{name: 0.5})
        assert str(caught.value) == (
            f"`data.split.{name}` has no use: the data bring their own {name} part; take it out"
        )

    def test_rows_without_a_split_are_train_where_both_are_given(self):
        assert list(assigned(rows_of([None, "train", "val", "test", None]))[[0, 4]]) == ["train"] * 2

    def test_shares_that_were_asked_for(self):
        counts = assigned(rows_of([None] * 100), val=0.3, test=0.2).value_counts()
        assert counts.to_dict() == {"train": 50, "val": 30, "test": 20}

    def test_shares_that_leave_nothing(self):
        with pytest.raises(ConfigError) as caught:
            assigned(rows_of([None] * 10), val=0.5, test=0.5)
        assert str(caught.value) == (
            "`data.split.val` and `data.split.test` must leave something to train on; got 0.5 and 0.5"
        )

    def test_the_table_is_left_as_it_was(self):
        table = rows_of([None] * 20)
        before = table.copy()
        assigned(table)
        pd.testing.assert_frame_equal(table, before)


class TestOneSiteOut:
    def table(self):
        rows = [{"image": f"{n}.png", "label": "ab"[n % 2], "site": "north" if n < 10 else "south"} for n in range(60)]
        return table_of([*rows, {"image": "x.png", "label": "a"}])

    def test_is_the_test_and_the_others_are_divided(self):
        split = assigned(self.table(), test_site="north")
        assert (split[:10] == "test").all()
        assert split[10:].value_counts().to_dict() == {"train": 41, "val": 10}

    def test_all_pictures_of_one_site(self):
        table = table_of([{"image": f"{n}.png", "label": "ab"[n % 2], "site": "x"} for n in range(6)])
        with pytest.raises(DataError) as caught:
            assign_splits(table, table["image"], Rule(test_site="x"), seed=1)
        assert str(caught.value) == (
            "no pictures are left to train on, for all 6 are for test; add pictures, or change data.split"
        )

    def test_a_site_that_is_not_there(self):
        with pytest.raises(ConfigError) as caught:
            assigned(self.table(), test_site="norht")
        assert str(caught.value) == (
            "`data.split.test_site` is 'norht', but no picture was taken there (did you mean 'north'?)"
        )

    def test_data_without_sites(self):
        with pytest.raises(ConfigError) as caught:
            assigned(rows_of([None] * 9), test_site="north")
        assert str(caught.value) == (
            "`data.split.test_site` needs to know where each picture was taken; name the column of sites, as in "
            "data.reader.table.site=clinic"
        )

    def test_data_with_a_test_part(self):
        table = self.table()
        table.loc[0, "split"] = "test"
        with pytest.raises(ConfigError) as caught:
            assigned(table, test_site="north")
        assert str(caught.value) == (
            "`data.split.test_site` has no use: the data bring their own test part; take it out"
        )


class TestFolds:
    @pytest.mark.parametrize("seed", range(4))
    def test_every_row_is_tested_once_and_no_group_is_torn(self, seed):
        labels, groups = cohort(seed, mixed=seed % 2 == 1)
        fold = pd.Series(folds_of(labels, groups, 5, seed=seed))
        assert sorted(set(fold)) == [1, 2, 3, 4, 5]
        assert fold.groupby(groups).nunique().max() == 1
        rarest = labels.value_counts().min()
        assert deviation(labels, fold, dict.fromkeys(range(1, 6), 0.2)) <= max(0.02, 4 / rarest)

    def test_the_folds_of_a_run_are_the_tests_of_the_others(self):
        labels, groups = cohort(3)
        table = table_of(
            [{"image": f"{n}", "label": x, "group": g} for n, (x, g) in enumerate(zip(labels, groups, strict=True))]
        )
        tests = [set(np.flatnonzero(assigned(table, folds=4, fold=fold) == "test")) for fold in (1, 2, 3, 4)]
        assert sum(map(len, tests)) == len(table)
        assert set.union(*tests) == set(range(len(table)))
        split = assigned(table, folds=4, fold=2)
        assert split.groupby(groups.to_numpy()).nunique().max() == 1
        rest = split[split != "test"].value_counts(normalize=True)
        assert rest["val"] == pytest.approx(0.2, abs=0.02)

    def test_repeats_are_other_folds(self):
        labels, groups = cohort(1)
        found = [tuple(folds_of(labels, groups, 3, seed=7, repeat=repeat)) for repeat in (1, 2, 3, 1)]
        assert len(set(found)) == 3
        assert found[0] == found[3]

    def test_fewer_groups_than_folds(self):
        with pytest.raises(DataError) as caught:
            folds_of(pd.Series(list("aabb")), pd.Series(list("xxyz")), 4, seed=0)
        assert str(caught.value) == (
            "`data.split.folds` is 4, which needs as many groups of pictures; got 3: choose fewer folds"
        )

    @pytest.mark.parametrize(("rows", "words"), [(1, "1 picture"), (3, "3 pictures")])
    def test_a_class_in_one_group(self, rows, words):
        labels = pd.Series(["common"] * 9 + ["rare"] * rows)
        groups = pd.Series([*map(str, range(9)), *["one"] * rows])
        with pytest.raises(DataError) as caught:
            folds_of(labels, groups, 3, seed=0)
        assert str(caught.value) == (
            f"the class 'rare' has {words} in one group, so no fold could both learn and judge it; "
            "add groups of it, or take it out"
        )
