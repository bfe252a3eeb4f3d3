"""A folder a class, as people really keep them."""

import errno
import os

import pytest

from cervinet.data.readers.class_folders import class_folders
from cervinet.errors import DataError


def rows(manifest, *columns):
    return [tuple(row) for row in manifest.table[list(columns)].to_numpy().tolist()]


def touch(root, *names):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


def error(root, **options):
    with pytest.raises(DataError) as caught:
        class_folders(root, **options)
    return str(caught.value)


def test_the_first_folder_is_the_class(tmp_path):
    found = class_folders(touch(tmp_path, "b/2.jpg", "a/10.PNG", "a/9.jpeg", "b/visit 1/deep/1.tif"))
    assert rows(found, "image", "label") == [
        ("a/10.PNG", "a"), ("a/9.jpeg", "a"), ("b/2.jpg", "b"), ("b/visit 1/deep/1.tif", "b")
    ]  # fmt: skip
    assert found.root == tmp_path
    assert found.table[["sublabel", "group", "split"]].isna().all(axis=None)


def test_the_order_does_not_depend_on_the_file_system(tmp_path, monkeypatch):
    touch(tmp_path, *(f"{label}/{deep}{n}.png" for label in "cab" for deep in ("", "x/") for n in range(5)))
    first = rows(class_folders(tmp_path), "image")
    real = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: _Reversed(real(path)))
    assert rows(class_folders(tmp_path), "image") == first


class _Reversed:
    def __init__(self, entries):
        with entries:
            self._entries = iter(list(entries)[::-1])

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def __iter__(self):
        return self._entries

    def __next__(self):
        return next(self._entries)

    def close(self):
        pass


def test_what_is_no_picture_is_ignored_and_counted(tmp_path):
    touch(tmp_path, "a/1.jpg", "b/1.jpg", "a/.hidden.jpg", "a/._1.jpg", ".DS_Store", "a/Thumbs.db", "b/desktop.ini")
    touch(tmp_path, "a/notes.txt", "a/1.jpg.part", "a/jpg", "labels.csv", "stray.png", ".git/1.png", "a/.cache/2.png")
    found = class_folders(tmp_path)
    assert rows(found, "image") == [("a/1.jpg",), ("b/1.jpg",)]
    assert dict(found.ignored.to_numpy().tolist()) == {
        ".DS_Store": "hidden",
        "a/.hidden.jpg": "hidden",
        "a/._1.jpg": "hidden",
        "a/Thumbs.db": "of the file browser",
        "b/desktop.ini": "of the file browser",
        "a/notes.txt": "not an image",
        "a/1.jpg.part": "not an image",
        "a/jpg": "not an image",
        "labels.csv": "not an image",
        "stray.png": "not in a class folder",
        ".git": "hidden",
        "a/.cache": "hidden",
    }
    assert found.ignored_line() == (
        "12 files ignored: 5 hidden, 4 not an image, 2 of the file browser, 1 not in a class folder"
    )


@pytest.mark.parametrize("suffix", ["jpg", "jpeg", "JPG", "jfif", "png", "bmp", "tif", "tiff", "webp", "gif", "avif"])
def test_suffixes_of_pictures(tmp_path, suffix):
    assert len(class_folders(touch(tmp_path, f"a/x.{suffix}", f"b/x.y.{suffix}"))) == 2


def test_awkward_names(tmp_path):
    names = ["a b/ü (1).png", "null/=1+1.png", "子宮/x\ny.png", os.fsdecode(b"latin-\xe9/\xff.png")]
    found = class_folders(touch(tmp_path, *names))
    assert sorted(rows(found, "image", "label")) == sorted((name, name.split("/")[0]) for name in names)
    assert all(path.is_file() for path in found.paths())


class TestSublabels:
    def test_are_the_second_folder(self, tmp_path):
        found = class_folders(touch(tmp_path, "a/x/1.png", "a/x/deep/2.png", "b/y/3.png", "b/4.png"), sublabels=True)
        assert rows(found, "image", "label", "sublabel") == [
            ("a/x/1.png", "a", "x"), ("a/x/deep/2.png", "a", "x"), ("b/y/3.png", "b", "y")
        ]  # fmt: skip
        assert found.ignored.to_numpy().tolist() == [["b/4.png", "not in a subclass folder"]]

    def test_below_split_folders(self, tmp_path):
        found = class_folders(touch(tmp_path, "train/a/x/1.png", "test/a/x/2.png"), sublabels=True)
        assert rows(found, "label", "sublabel", "split") == [("a", "x", "train"), ("a", "x", "test")]


class TestSplitFolders:
    @pytest.mark.parametrize(
        "names",
        [
            ("train", "val", "test"),
            ("Training", "Validation", "Testing"),
            ("TRAIN", "valid", "TEST"),
            ("train", "test"),
        ],
    )
    def test_in_their_usual_spellings(self, tmp_path, names):
        found = class_folders(touch(tmp_path, *(f"{name}/{label}/1.png" for name in names for label in "ab")))
        splits = ("train", "test") if len(names) == 2 else ("train", "val", "test")
        expected = {(f"{name}/{label}/1.png", label, split)
                    for name, split in zip(names, splits, strict=True) for label in "ab"}  # fmt: skip
        assert set(rows(found, "image", "label", "split")) == expected

    @pytest.mark.parametrize("names", [("test", "benign"), ("val", "test"), ("train_1", "test")])
    def test_a_class_of_such_a_name_among_others_is_a_class(self, tmp_path, names):
        found = class_folders(touch(tmp_path, *(f"{name}/1.png" for name in names)))
        assert rows(found, "label", "split") == [(name, None) for name in sorted(names)]

    def test_train_beside_something_else_could_be_either(self, tmp_path):
        touch(tmp_path, "train/a/1.png", "test/a/1.png", "masks/a/1.png")
        assert error(tmp_path) == (
            f"{tmp_path} has the folder train beside masks: is it a split or a class? Move masks away if it is a "
            "split, or rename train if it is a class"
        )

    def test_two_that_mean_the_same(self, tmp_path):
        touch(tmp_path, "train/a/1.png", "val/a/2.png", "validation/a/3.png")
        assert error(tmp_path) == (
            f"{tmp_path} must have one folder for each split; got train, val, validation: "
            "merge those that mean the same"
        )

    def test_hidden_folders_and_files_beside_them_do_not_matter(self, tmp_path):
        found = class_folders(touch(tmp_path, ".git/x", "README.md", "train/a/1.png", "train/2.png", "test/a/3.png"))
        assert rows(found, "image", "split") == [("train/a/1.png", "train"), ("test/a/3.png", "test")]
        assert found.ignored.to_numpy().tolist() == [["train/2.png", "not in a class folder"]]


class TestMistakes:
    def test_no_folder(self, tmp_path):
        assert error(tmp_path / "x") == f"data.root must be a folder; {tmp_path / 'x'} is not there"

    def test_a_file(self, tmp_path):
        touch(tmp_path, "x.csv")
        assert error(tmp_path / "x.csv") == f"data.root must be a folder; {tmp_path / 'x.csv'} is a file"

    @pytest.mark.parametrize("content", [[], ["b/notes.txt"], ["b/deep/.hidden.png"]])
    def test_a_class_folder_without_pictures(self, tmp_path, content):
        touch(tmp_path, "a/1.png", *content)
        (tmp_path / "b").mkdir(exist_ok=True)
        assert (
            error(tmp_path)
            == f"the class folder {tmp_path / 'b'} has no pictures in it; add some, or remove the folder"
        )

    def test_a_class_folder_without_pictures_in_a_split(self, tmp_path):
        touch(tmp_path, "train/a/1.png", "train/ab/1.png", "test/ab/1.png")
        (tmp_path / "test/a").mkdir()
        assert error(tmp_path).startswith(f"the class folder {tmp_path / 'test/a'} has no pictures in it; ")

    def test_pictures_without_class_folders(self, tmp_path):
        found = class_folders(touch(tmp_path, "1.png", "2.png"))
        assert (len(found), found.ignored_line()) == (0, "2 files ignored: 2 not in a class folder")


class TestLinks:
    def test_to_class_folders_and_pictures_are_followed(self, tmp_path):
        touch(tmp_path, "real/deep/1.png", "real/2.png")
        (tmp_path / "root/b").mkdir(parents=True)
        (tmp_path / "root/a").symlink_to(tmp_path / "real")
        (tmp_path / "root/b/x.png").symlink_to(tmp_path / "real/2.png")
        assert rows(class_folders(tmp_path / "root"), "image") == [("a/2.png",), ("a/deep/1.png",), ("b/x.png",)]

    @pytest.mark.parametrize(
        ("link", "target"), [("a/again", "a"), ("b/deep/up", "."), ("b/deep/above", ".."), ("a/in", "a/../a")]
    )
    def test_to_a_folder_around_them_are_refused(self, tmp_path, link, target):
        root = touch(tmp_path / "data", "a/1.png", "b/deep/2.png")
        (root / link).symlink_to(root / target)
        assert error(root) == (
            f"the link {root / link} leads to {(root / target).resolve()}, a folder around it, and so without end; "
            "remove the link, or name a folder without it"
        )

    def test_that_lead_back_through_each_other_are_refused(self, tmp_path):
        touch(tmp_path, "a/1.png", "b/deep/2.png")
        (tmp_path / "a/l").symlink_to(tmp_path / "b/deep")
        (tmp_path / "b/deep/l").symlink_to(tmp_path / "a")
        assert error(tmp_path) == (
            f"the link {tmp_path / 'a/l/l'} leads to {tmp_path / 'a'}, a folder around it, and so without end; "
            "remove the link, or name a folder without it"
        )

    def test_to_themselves(self, tmp_path):
        touch(tmp_path, "a/1.png", "b/2.png")
        (tmp_path / "a/l").symlink_to(tmp_path / "a/l")
        assert error(tmp_path) == (
            f"the link {tmp_path / 'a/l'} leads nowhere: Too many levels of symbolic links; "
            "remove it, or correct what it leads to"
        )

    def test_to_one_folder_twice_are_no_loop(self, tmp_path):
        root = touch(tmp_path, "real/1.png", "data/a/2.png", "data/b/3.png") / "data"
        for label in "ab":
            (root / label / "more").symlink_to(tmp_path / "real")
        assert rows(class_folders(root), "image") == [
            ("a/2.png",), ("a/more/1.png",), ("b/3.png",), ("b/more/1.png",)
        ]  # fmt: skip

    def test_to_nothing_are_left_to_the_check_of_the_files(self, tmp_path):
        touch(tmp_path, "a/1.png", "b/2.png")
        (tmp_path / "a/gone.png").symlink_to(tmp_path / "gone.png")
        assert rows(class_folders(tmp_path), "image") == [("a/1.png",), ("a/gone.png",), ("b/2.png",)]


class TestWhatIsNoFile:
    def test_a_folder_called_like_a_picture_is_counted_and_searched(self, tmp_path):
        touch(tmp_path, "a/1.png", "a/x.jpg/2.png", "b/3.png")
        (tmp_path / "b/y.jpg").mkdir()
        found = class_folders(tmp_path)
        assert rows(found, "image") == [("a/1.png",), ("a/x.jpg/2.png",), ("b/3.png",)]
        assert found.ignored_line() == "2 files ignored: 2 a folder called like a picture"

    def test_a_pipe_is_counted_and_never_opened(self, tmp_path):
        touch(tmp_path, "a/1.png", "b/3.png")
        os.mkfifo(tmp_path / "a/x.jpg")
        found = class_folders(tmp_path)
        assert rows(found, "image") == [("a/1.png",), ("b/3.png",)]
        assert found.ignored.to_numpy().tolist() == [["a/x.jpg", "a pipe, socket or device"]]

    def test_a_folder_that_may_not_be_read(self, tmp_path, monkeypatch):
        touch(tmp_path, "a/1.png", "a/secret/2.png", "b/3.png")
        real = os.scandir

        def refuse(path):
            if str(path).endswith("secret"):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
            return real(path)

        monkeypatch.setattr(os, "scandir", refuse)
        assert error(tmp_path) == (
            f"the folder {tmp_path / 'a/secret'} cannot be read: Permission denied; "
            "change its permissions, or take it out of the data"
        )

    def test_a_class_folder_called_like_a_picture(self, tmp_path):
        found = class_folders(touch(tmp_path, "a.png/1.png", "b/2.png"))
        assert rows(found, "image", "label") == [("a.png/1.png", "a.png"), ("b/2.png", "b")]
