"""What a manifest must hold before anything is trained; each failure is one sentence."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cervinet.data.manifest import BOX_COLUMNS, Manifest, table_of
from cervinet.data.manifest_checks import check_files, check_leakage, check_links, check_parts, checked
from cervinet.errors import DataError, LeakageError

ROOT = Path("pictures")


def manifest(*rows, ignored=()):
    """Rows as (label, split, group); the image is called by its number."""
    columns = ("label", "split", "group")
    table = [{"image": f"{n}.png"} | dict(zip(columns, row, strict=False)) for n, row in enumerate(rows)]
    return Manifest(table_of(table), ROOT, ignored=pd.DataFrame(ignored, columns=["image", "reason"], dtype=object))


def error(made, classes=None, kind=DataError, **more):
    with pytest.raises(kind) as caught:
        checked(made, classes, **more)
    assert type(caught.value) is kind
    return str(caught.value)


FOUR = [("a",), ("a",), ("b",), ("b",)]


class TestTableOf:
    def test_has_every_column_whatever_was_given(self):
        table = table_of([{"image": "x.png", "label": "a"}])
        assert list(table.columns) == [
            "image",
            "label",
            "sublabel",
            "group",
            "site",
            "split",
            "digest",
            *BOX_COLUMNS,
            "masks",
        ]
        assert table.loc[0, ["sublabel", "group", "split"]].tolist() == [None, None, None]
        assert all(table[column].dtype == np.float64 for column in BOX_COLUMNS)
        assert table[list(BOX_COLUMNS)].isna().all(axis=None)

    def test_what_is_missing_is_none(self):
        table = table_of([{"image": "x", "label": float("nan"), "group": pd.NA}, {"image": "y", "split": "val"}])
        assert [table["label"][0], table["group"][0], table["split"][0], table["label"][1]] == [None] * 4

    def test_rows_are_numbered_anew(self):
        assert list(table_of(pd.DataFrame({"image": ["x", "y"]}, index=[7, 7])).index) == [0, 1]


class TestManifest:
    def test_a_picture_without_a_group_is_a_group(self):
        made = manifest(("a", None, "p"), ("a",), ("b", None, "p"))
        assert list(made.groups()) == ["p", "1.png", "p"]
        assert made.has_groups()
        assert not manifest(("a",)).has_groups()

    def test_parts_keep_row_numbers_and_take_numbers_anew(self):
        made = manifest(("a", "train"), ("b", "test"), ("b", "train"))
        assert list(made.part("train").index) == [0, 2]
        taken = made.take(np.array([2, 1]))
        assert (list(taken.table.index), list(taken.table["image"])) == ([0, 1], ["2.png", "1.png"])

    def test_paths_are_below_the_root_unless_absolute(self):
        made = Manifest(table_of([{"image": "a/é b.png"}, {"image": "/else/x.png"}]), ROOT)
        assert made.paths() == [Path("pictures/a/é b.png"), Path("/else/x.png")]

    def test_says_what_was_ignored(self):
        assert manifest().ignored_line() == ""
        reasons = [("a", "hidden"), ("b", "not an image"), ("c", "hidden")]
        assert manifest(ignored=reasons).ignored_line() == "3 files ignored: 2 hidden, 1 not an image"


class TestClasses:
    def test_are_those_of_the_data_in_alphabetical_order(self):
        assert checked(manifest(("b",), ("a",), ("a",), ("b",)), None).classes == ("a", "b")

    def test_are_in_the_order_that_was_asked_for(self):
        assert checked(manifest(*FOUR), ["b", "a"]).classes == ("b", "a")

    def test_sort_as_text(self):
        rows = [(label,) for label in ("10", "9", "007", "10", "9", "007")]
        assert checked(manifest(*rows), None).classes == ("007", "10", "9")

    @pytest.mark.parametrize(
        ("label", "hint"),
        [
            ("Benin", " (did you mean 'Benign'?)"),
            ("BENIGN", " (did you mean 'Benign'?)"),
            ("xyz", " (known: Benign, b)"),
        ],
    )
    def test_one_that_was_not_named(self, label, hint):
        rows = [("Benign",), ("Benign",), ("b",), ("b",), (label,)]
        assert error(manifest(*rows), ["Benign", "b"]) == (
            f"the data have a class '{label}' that `classes` does not name{hint}; "
            "add it to `classes`, or take its pictures out"
        )

    def test_one_without_pictures(self):
        assert error(manifest(*FOUR), ["a", "b", "c"]) == (
            "the class 'c' has no pictures under pictures; add some, or take it out of `classes`"
        )

    def test_one_with_one_picture(self):
        assert error(manifest(*FOUR, ("c",))) == (
            "the class 'c' has one picture (4.png); a class needs at least 2, one to learn from and one to be judged by"
        )

    def test_only_one(self):
        assert error(manifest(("a",), ("a",))) == (
            "only one class, 'a', was found under pictures; at least two are needed"
        )

    @pytest.mark.parametrize("splits", [["test"], ["val"], ["test", "val"]])
    def test_one_that_is_not_in_train(self, splits):
        rows = [("a", "train"), ("a", "test"), ("b", splits[0]), ("b", splits[-1])]
        assert error(manifest(*rows)) == (
            f"the class 'b' is only in {' and '.join(splits)}, so nothing could learn it; "
            "put some of its pictures into train"
        )

    def test_one_whose_other_pictures_are_still_to_be_divided(self):
        rows = [("a", "train"), ("a", "test"), ("b", "test"), ("b", None), ("b", None)]
        assert checked(manifest(*rows), None).classes == ("a", "b")

    def test_pictures_only_to_be_judged_on_may_lack_some(self):
        made = manifest(("a", "test"), ("c", "test"))
        assert checked(made, ["a", "b", "c"], to_learn=False).classes == ("a", "b", "c")
        assert error(made, ["a", "b"], to_learn=False) == (
            "the data have a class 'c' that the network was not trained on (known: a, b); "
            "rename it, or take its pictures out of the data"
        )


class TestRows:
    def test_none_at_all(self):
        assert error(manifest()) == "there are no pictures under pictures; check data.root and data.reader"
        assert error(manifest(ignored=[("x.txt", "not an image")])) == (
            "there are no pictures under pictures (1 file ignored: 1 not an image); check data.root and data.reader"
        )

    def test_a_picture_listed_twice(self):
        made = manifest(*FOUR)
        table = pd.concat([made.table, made.table.loc[[2, 1]]], ignore_index=True)
        assert error(Manifest(table, ROOT)) == (
            "2 pictures are listed twice, the first is 2.png; keep one row a picture"
        )

    def test_pictures_without_a_label(self):
        assert error(manifest(*FOUR, (None,), (None,))) == (
            "2 pictures have no label, the first is 4.png; label or remove them"
        )

    def test_a_split_of_another_name(self):
        assert error(manifest(("a", "train"), ("a", "dev"), ("b", "train"), ("b", "test"))) == (
            "the split of 1.png must be train, val or test; got 'dev'"
        )


class TestLeakage:
    def test_a_group_in_two_given_splits(self):
        rows = [("a", "train", "p1"), ("a", "test", "p1"), ("b", "train", "p2"), ("b", "val", "p2")]
        with pytest.raises(LeakageError) as caught:
            check_leakage(manifest(*rows).table)
        assert str(caught.value) == (
            "2 groups stand in two splits, the first is 'p1' in test and train; "
            "a group's pictures must stay together: correct the split column"
        )

    def test_no_group_is_no_group(self):
        check_leakage(manifest(("a", "train"), ("a", "test")).table)

    def test_what_is_still_to_be_divided_is_in_no_split(self):
        check_leakage(manifest(("a", "train", "p"), ("a", None, "p")).table)


class TestParts:
    def test_a_split_without_pictures(self):
        with pytest.raises(DataError) as caught:
            check_parts(manifest(("a", "train"), ("b", "train"), ("a", "val")).table, ("a", "b"))
        assert str(caught.value) == (
            "no pictures are left for test, for there are only 3 in all; add pictures or groups, or change data.split"
        )

    def test_a_split_without_pictures_where_few_groups_hold_all(self):
        with pytest.raises(DataError) as caught:
            check_parts(manifest(("a", "train", "p"), ("b", "train", "p"), ("a", "train", "p")).table, ("a", "b"))
        assert str(caught.value) == (
            "no pictures are left for val, for there are only 3 in all, in 1 group; "
            "add pictures or groups, or change data.split"
        )

    def test_a_class_that_nothing_could_learn(self):
        with pytest.raises(DataError) as caught:
            check_parts(manifest(("a", "train"), ("b", "val"), ("a", "test")).table, ("a", "b"))
        assert str(caught.value) == (
            "the class 'b' has no pictures in train, so nothing could learn it; "
            "add pictures or groups of it, or change data.split"
        )


class TestFiles:
    def test_that_are_not_there(self, tmp_path):
        (tmp_path / "0.png").touch()
        (tmp_path / "3.png").mkdir()
        made = Manifest(manifest(*FOUR).table, tmp_path)
        with pytest.raises(DataError) as caught:
            check_files(made)
        assert str(caught.value) == (
            f"3 of 4 pictures are not there as files, the first is {tmp_path / '1.png'}; "
            "correct the image column or data.root, or bring the files"
        )

    def test_one(self, tmp_path):
        with pytest.raises(DataError, match=r"^1 of 1 pictures are not there as files, the first is \S*0\.png; "):
            check_files(Manifest(manifest(("a",)).table, tmp_path))


class TestLinks:
    @pytest.fixture
    def root(self, tmp_path):
        for name in ("data/a/1.png", "data/b/2.png", "else/3.png", "else/deep/4.png", "data2/5.png"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
        return tmp_path / "data"

    def error(self, root, *rows):
        with pytest.raises(DataError) as caught:
            check_links(Manifest(table_of([*rows]), root))
        return str(caught.value)

    def test_of_folders_and_files_that_lead_out_are_counted(self, root):
        (root / "c").symlink_to(root.parent / "else")
        (root / "a/x.png").symlink_to(root.parent / "data2/5.png")
        rows = [{"image": "a/1.png"}, {"image": "c/deep/4.png"}, {"image": "c/3.png"}, {"image": "a/x.png"}]
        assert self.error(root, *rows) == (
            f"3 pictures or masks are reached by links that lead out of {root}, the first is c/deep/4.png, which is "
            f"{root.parent / 'else/deep/4.png'}; copy them there, or set data.outside_links=true"
        )

    def test_of_masks(self, root):
        (root / "a/m.png").symlink_to(root.parent / "else/3.png")
        assert self.error(root, {"image": "b/2.png"}, {"image": "a/1.png", "masks": ("b/2.png", "a/m.png")}) == (
            f"1 pictures or masks are reached by links that lead out of {root}, the first is a/m.png, which is "
            f"{root.parent / 'else/3.png'}; copy them there, or set data.outside_links=true"
        )

    def test_a_table_may_name_what_lies_elsewhere(self, root, monkeypatch):
        rows = table_of([{"image": "../else/3.png"}, {"image": str(root.parent / "else/deep/4.png")}])
        check_links(Manifest(rows, root))
        monkeypatch.chdir(root)
        check_links(Manifest(rows, Path(".")))
        check_links(Manifest(rows, Path("")))

    def test_an_absolute_path_below_the_root_is_below_it(self, root):
        (root / "c").symlink_to(root.parent / "else")
        assert self.error(root, {"image": str(root / "c/3.png")}).startswith("1 pictures or masks are reached by links")

    def test_within_the_root_and_a_root_that_is_one(self, root, tmp_path):
        (root / "c").symlink_to(root / "a")
        (root / "b/x.png").symlink_to("../a/1.png")
        (tmp_path / "link").symlink_to(root)
        rows = table_of([{"image": "c/1.png"}, {"image": "b/x.png"}, {"image": "gone.png"}])
        for place in (root, tmp_path / "link"):
            check_links(Manifest(rows, place))

    def test_pixels_have_no_files(self, root):
        check_links(Manifest(table_of([{"image": "p.csv:2"}]), root, pixels=np.zeros((1, 2, 2, 3), np.uint8)))


def test_masks_that_are_missing_are_none():
    table = table_of([{"image": "a", "masks": ("m",)}, {"image": "b"}])
    assert list(table["masks"]) == [("m",), None]
    assert [p.masks for p in Manifest(table, ROOT).pictures()] == [(ROOT / "m",), ()]


def test_classes_that_a_slip_of_typing_made_are_pointed_out():
    found = checked(manifest(*[(name,) for name in ("BCC", "bcc", " bcc", "nv") for _ in range(2)]), None)
    assert found.remarks == (
        "The classes ' bcc' and 'BCC' and 'bcc' differ in case or spaces only: are they one class?",
    )
    assert checked(manifest(*FOUR), None).remarks == ()
