"""A kept division: read back as it was, refused where the data are others by now."""

import pytest

from cervinet.data.manifest import table_of
from cervinet.data.split_file import (
    check_unchanged,
    digests_in_file,
    groups_from_file,
    images_in_file,
    splits_from_file,
    write_splits,
)
from cervinet.errors import DataError


def rows_of(splits, label="ab"):
    """A table with these splits, labels in turn, no groups."""
    return table_of([{"image": f"{n}.png", "label": label[n % 2], "split": split} for n, split in enumerate(splits)])


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
        path = file("split,note,image\ntest,x,3.png\nval,x,1.png\ntrain,x,0.png\ntrain,x,2.png\n")
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


class TestWritten:
    TABLE = table_of(
        [
            {"image": "=a.png", "label": "x", "group": "p1", "split": "train", "digest": "d1"},
            {"image": "b.png", "label": "y", "group": None, "split": "test", "digest": "d2"},
            {"image": "c.png", "label": "y", "group": None, "split": None, "digest": None},
        ]
    )

    @pytest.fixture
    def path(self, tmp_path):
        write_splits(self.TABLE, tmp_path / "splits.csv")
        return tmp_path / "splits.csv"

    def test_as_text(self, path):
        assert path.read_text().splitlines() == [
            "image,label,group,split,digest",
            "'=a.png,x,p1,train,d1",
            "b.png,y,,test,d2",
            "c.png,y,,excluded,",
        ]

    def test_comes_back(self, path):
        free = self.TABLE.assign(split=None)
        assert list(splits_from_file(free, path)) == ["train", "test", None]
        assert list(groups_from_file(free, path)) == ["p1", None, None]
        assert list(images_in_file(path)) == ["=a.png", "b.png", "c.png"]
        assert digests_in_file(path, ("train", "test", "excluded")) == {"d1", "d2"}
        assert digests_in_file(path, ("train", "val")) == {"d1"}

    def test_a_picture_that_was_excluded_may_be_gone(self, path):
        assert list(splits_from_file(self.TABLE.assign(split=None)[:2], path)) == ["train", "test"]

    def test_names_that_are_not_utf_8_come_back(self, tmp_path):
        names = ["b/\udcff.png", "c.png"]
        table = table_of([{"image": name, "label": "x", "split": "train", "digest": "d"} for name in names])
        write_splits(table, tmp_path / "s.csv")
        assert list(splits_from_file(table, tmp_path / "s.csv")) == ["train", "train"]
        assert list(groups_from_file(table, tmp_path / "s.csv")) == [None, None]
        assert list(images_in_file(tmp_path / "s.csv")) == names

    def test_a_picture_that_was_unreadable_then_may_be_whole_now(self, path):
        assert splits_from_file(self.TABLE.assign(split=None, digest=["d1", "d2", "d3"]), path)[2] is None

    def test_other_content_is_refused(self, path):
        with pytest.raises(DataError) as caught:
            splits_from_file(self.TABLE.assign(split=None, digest=["d1", "new", "d3"]), path)
        assert str(caught.value) == (
            f"{path} was made from other data: 1 of 3 pictures have other content by now, the first is b.png; bring "
            "the old data back, make a new division, or take the column digest out of the file to divide the new "
            "data like the old"
        )

    def test_other_labels_are_refused(self, path):
        with pytest.raises(DataError) as caught:
            splits_from_file(self.TABLE.assign(split=None, label=["y", "y", "x"]), path)
        assert str(caught.value) == (
            f"{path} was made from other data: 2 of 3 pictures have other labels by now, the first is =a.png "
            "('x' then, 'y' now); bring the old data back, make a new division, or take the column label out of the "
            "file to divide the new data like the old"
        )


def test_pictures_that_are_no_longer_those_of_a_run_are_told_apart(tmp_path):
    names = ["a", "b", "c", "d", "e"]
    rows = [{"image": n, "label": "x", "split": "train", "digest": f"digest {n}"} for n in names]
    rows[4]["split"] = None
    path = tmp_path / "splits.csv"
    write_splits(table_of(rows), path)
    check_unchanged(table_of(rows[:4]), path)  # the fifth was excluded and may be gone
    rows[0]["label"], rows[1]["digest"], rows[3]["image"] = "y", "other", "f"
    with pytest.raises(DataError) as error:
        check_unchanged(table_of(rows), path)
    assert str(error.value) == (
        f"the pictures are not those of {path}: 1 is new: f; 1 is no longer there: d; 1 is labelled otherwise: a "
        "('x' then, 'y' now); 1 is of other content: b; bring them back as they were, or train a new run"
    )
