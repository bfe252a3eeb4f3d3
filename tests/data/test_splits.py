"""Splits: no group torn, every class in its share, the same seed the same division; judged against scikit-learn."""

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import StratifiedGroupKFold

from cervinet.data.manifest import SPLITS, table_of
from cervinet.data.splits import assign_splits, divide, splits_from_file
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


def assigned(table, val=None, test=None, seed=0):
    return assign_splits(table, table["group"].fillna(table["image"]), val=val, test=test, seed=seed)


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


class TestFromFile:
    TABLE = rows_of([None] * 4)

    @pytest.fixture
    def file(self, tmp_path):
        def write(text):
            path = tmp_path / "splits.csv"
            path.write_text(text, encoding="utf-8")
            return path

        return write

    def error(self, path):
        with pytest.raises(DataError) as caught:
            splits_from_file(self.TABLE, path)
        return str(caught.value)

    def test_in_any_order_with_any_other_columns(self, file):
        path = file("split,label,image\ntest,x,3.png\nval,x,1.png\ntrain,x,0.png\ntrain,x,2.png\n")
        assert list(splits_from_file(self.TABLE, path)) == ["train", "val", "train", "test"]

    def test_a_split_of_the_data_s_own_is_not_overruled(self, file):
        table = rows_of(["train", "train", "test"])
        path = file("image,split\n0.png,train\n1.png,val\n2.png,test\n")
        assert list(splits_from_file(table, path)) == ["train", "val", "test"]
        path = file("image,split\n0.png,train\n1.png,val\n2.png,train\n")
        with pytest.raises(DataError) as caught:
            splits_from_file(table, path)
        assert str(caught.value) == (
            f"{path} puts 2.png into train, but the data themselves put it into test; "
            "leave data.split.file out, or correct one of the two"
        )

    def test_names_that_a_spreadsheet_would_run_come_back(self, file):
        table = table_of([{"image": "=1+1.png", "label": "a"}, {"image": "'=1.png", "label": "a"}])
        path = file("image,split\n'=1+1.png,val\n''=1.png,test\n")
        assert list(splits_from_file(table, path)) == ["val", "test"]

    def test_no_file(self, tmp_path):
        assert self.error(tmp_path / "x.csv") == f"{tmp_path / 'x.csv'} cannot be read: No such file or directory"

    @pytest.mark.parametrize("column", ["image", "split"])
    def test_a_column_that_is_missing(self, file, column):
        path = file(f"{'split' if column == 'image' else 'image'},x\na,b\n")
        assert self.error(path) == f"{path} must have the columns image and split; '{column}' is missing"

    @pytest.mark.parametrize("word", ["Train", "dev", ""])
    def test_another_word(self, file, word):
        path = file(f"image,split\n0.png,train\n1.png,{word}\n")
        assert self.error(path) == f"{path}:3 must say train, val or test; got '{word}'"

    def test_a_picture_in_two_splits(self, file):
        path = file("image,split\n0.png,train\n0.png,train\n1.png,val\n0.png,test\n")
        assert self.error(path) == f"{path}:5 puts 0.png into test, an earlier line into train; keep one"

    def test_pictures_it_does_not_know(self, file):
        path = file("image,split\n1.png,train\n2.png,val\n")
        assert self.error(path) == (
            f"{path} says no split for 2 of 4 pictures, the first is 0.png; "
            "use a file made from the same data, or leave data.split.file out"
        )

    def test_pictures_that_are_gone(self, file):
        rows = "".join(f"{n}.png,train\n" for n in (9, 0, 1, 2, 3, 8))
        path = file(f"image,split\n{rows}")
        assert self.error(path) == (
            f"{path} lists 2 pictures that the data no longer have, the first is 8.png; "
            "bring them back, or make a new division"
        )
