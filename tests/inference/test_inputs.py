"""What a user names on the command line → pictures: files, folders, patterns."""

import os
from pathlib import Path

import pytest

from cervinet.data.picture import Picture
from cervinet.errors import DataError, UsageError
from cervinet.inference.inputs import pictures_named, region_remarks, with_boxes
from cervinet.model_card import ModelCard


@pytest.fixture
def root(pictures, monkeypatch):
    root = pictures(["a/2.png", "a/10.png", "a/deep/1.png", "b é/1.jpg", "3.png", "[x].png"])
    for name in ("a/notes.txt", "a/.hidden.png", "a/._2.png", "Thumbs.db"):
        (root / name).touch()
    (root / "empty").mkdir()
    monkeypatch.chdir(root)
    return root


def named(*names):
    return [os.fspath(picture.path) for picture in pictures_named(names).pictures]


def test_files_as_they_are_in_order(root):
    assert named("3.png", "a/2.png") == ["3.png", "a/2.png"]
    assert named(f"{root}/3.png") == [f"{root}/3.png"]


def test_a_file_that_is_missing_or_no_picture_is_kept_for_its_prediction_to_say_so(root):
    assert named("gone.png", "a/notes.txt") == ["gone.png", "a/notes.txt"]


def test_folders_with_their_subfolders_without_what_is_no_picture(root):
    assert named("a") == ["a/10.png", "a/2.png", "a/deep/1.png"]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("a/*.png", ["a/10.png", "a/2.png"]),
        ("**/1.*", ["a/deep/1.png", "b é/1.jpg"]),
        ("a/?.png", ["a/2.png"]),
        ("[x].png", ["[x].png"]),
        ("[0-9].png", ["3.png"]),
    ],
)
def test_patterns(root, pattern, found):
    assert named(pattern) == found


def test_each_picture_once(root):
    assert named("a/2.png", "a", "a/*.png") == ["a/2.png", "a/10.png", "a/deep/1.png"]


def test_what_is_passed_over_in_a_folder_is_said(root):
    found = pictures_named(["a", "3.png"])
    assert found.remarks == ["a: 3 files ignored: 2 hidden, 1 not an image"]
    assert pictures_named(["3.png"]).remarks == []


def test_masks_beside_their_pictures_are_no_pictures_where_the_run_knows_masks(pictures):
    root = pictures(["x.png", "x_mask.png", "x_mask_1.png", "alone_mask.png"], folder="masked")
    found = pictures_named([root], mask_suffix="_mask")
    assert [picture.path.name for picture in found.pictures] == ["alone_mask.png", "x.png"]
    assert found.remarks == [f"{root}: 2 masks passed over"]
    assert len(pictures_named([root]).pictures) == 4


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("empty", "the folder empty has no pictures in it; name another"),
        ("*.gif", "no file matches *.gif; check the pattern and the folder it is run in"),
        ("\u202e*", r"no file matches \u202e*; check the pattern and the folder it is run in"),
    ],
)
def test_nothing_found_is_a_mistake(root, name, sentence):
    with pytest.raises(UsageError) as caught:
        named("3.png", name)
    assert str(caught.value) == sentence


def test_a_table_is_the_pictures_that_it_names_among_others(root):
    Path("a/t.csv").write_text("image,x,y,w,h\n2.png,1,2,3,4\n10.png,,,,\n")
    found = pictures_named(["3.png", "a/2.png", "a/t.csv", "a"]).pictures
    assert [(os.fspath(one.path), one.box) for one in found] == [
        ("3.png", None),
        ("a/2.png", (1, 2, 3, 4)),
        ("a/10.png", None),
        ("a/deep/1.png", None),
    ]
    assert named("a/*.csv") == ["a/2.png", "a/10.png"]


def test_two_tables_that_disagree_about_a_box(root):
    for number in (1, 2):
        Path(f"{number}.csv").write_text(f"image,x,y,w,h\n3.png,{number},2,3,4\n")
    with pytest.raises(DataError) as caught:
        named("1.csv", "2.csv")
    assert str(caught.value) == "two tables have different boxes for 3.png; name one of them"


@pytest.mark.parametrize("listed", [b"3.png\na/2.png\n", b"3.png\r\n\r\na/2.png", b"3.png\0a/2.png\0"])
def test_paths_on_standard_input(root, listed):
    found = pictures_named(["b \u00e9/1.jpg", "-", "3.png"], standard_input=lambda: listed)
    assert [os.fspath(one.path) for one in found.pictures] == ["b \u00e9/1.jpg", "3.png", "a/2.png"]


def test_names_on_standard_input_are_names_and_no_patterns(root):
    found = pictures_named(["-"], standard_input=lambda: b"[x].png\n*.gif\nbad\xff.png\na\n")
    assert [os.fsencode(one.path) for one in found.pictures][:3] == [b"[x].png", b"*.gif", b"bad\xff.png"]
    assert len(found.pictures) == 6


def test_nothing_on_standard_input(root):
    with pytest.raises(UsageError) as caught:
        pictures_named(["-"], standard_input=lambda: b"\n\n")
    assert str(caught.value) == ("standard input (-) has no paths; give one a line, as `find scans -name '*.jpg'` does")
    assert named("-") == ["-"]


class TestBoxes:
    PICTURES = tuple(Picture(Path(name)) for name in ("scans/a/1.png", "scans/a/2.png", "scans/b/1.png"))

    @pytest.fixture
    def file(self, tmp_path):
        def write(text):
            path = tmp_path / "boxes.csv"
            path.write_text(text)
            return path

        return write

    def error(self, path):
        with pytest.raises(DataError) as caught:
            with_boxes(self.PICTURES, path)
        return str(caught.value)

    def test_go_to_the_pictures_whose_paths_end_so(self, file):
        path = file("image,x,y,w,h,note\na/1.png,1,2,3.5,4,x\nscans\\b\\1.png,5,6,7,8,\nelse.png,1,1,1,1,\n")
        assert [picture.box for picture in with_boxes(self.PICTURES, path)] == [(1, 2, 3.5, 4), None, (5, 6, 7, 8)]

    def test_the_longest_end_counts(self, file):
        path = file("image,x,y,w,h\n1.png,1,1,1,1\nb/1.png,2,2,2,2\n")
        assert [picture.box for picture in with_boxes(self.PICTURES, path)] == [(1, 1, 1, 1), None, (2, 2, 2, 2)]

    def test_a_missing_column(self, file):
        path = file("image,x,y,width,h\na,1,2,3,4\n")
        assert self.error(path) == (
            f"{path} must have the columns image, x, y, w and h; 'w' is missing (known: image, x, y, width, h)"
        )

    @pytest.mark.parametrize("cells", ["1,2,0,4", "1,2,3,-1", "inf,2,3,4", "1,nan,3,4"])
    def test_no_box(self, file, cells):
        path = file(f"image,x,y,w,h\na/2.png,1,1,1,1\na/1.png,{cells}\n")
        assert self.error(path) == f"{path}:3 must have a box with a positive width and height; got {cells}"

    def test_two_boxes_for_one(self, file):
        path = file("image,x,y,w,h\na/1.png,1,1,1,1\nb/1.png,1,1,1,1\na/1.png,2,2,2,2\n")
        assert self.error(path) == f"{path}:4 has a second box for a/1.png, the first is in line 2; keep one"

    def test_a_box_for_two_pictures(self, file):
        path = file("image,x,y,w,h\n1.png,1,1,1,1\n")
        assert self.error(path) == (
            f"{path}:2 has a box that fits two pictures, scans/a/1.png and scans/b/1.png; "
            "name more of the path in its column image"
        )

    def test_whole_paths(self, file):
        path = file(f"image,x,y,w,h\n{Path('scans/a/1.png').absolute()},1,2,3,4\n")
        assert [picture.box for picture in with_boxes(self.PICTURES, path)] == [(1, 2, 3, 4), None, None]

    def test_for_no_picture(self, file):
        path = file("image,x,y,w,h\nc.png,1,1,1,1\n")
        assert self.error(path) == (
            f"{path} has no box for any of the pictures, the first of which is scans/a/1.png; "
            "name them in its column image by the end of their paths"
        )


def card(*steps, not_deployable=""):
    return ModelCard(("a", "b"), (8, 8), tuple((step, {}) for step in steps), "x", not_deployable=not_deployable)


def test_what_a_network_that_crops_says_of_pictures():
    pictures = [Picture(Path("a.png"), box=(0, 0, 1, 1)), Picture(Path("b.png"))]
    assert region_remarks(card("letterbox"), pictures[1:]) == []
    assert region_remarks(card("crop_to_box", "letterbox"), pictures[:1]) == []
    assert region_remarks(card("crop_to_box", "letterbox"), pictures) == [
        "The run crops to boxes; 1 of 2 pictures have none (--boxes)."
    ]
    assert region_remarks(card("crop_to_masks", not_deployable="it needs masks"), pictures[1:]) == [
        "This run is not for use on new pictures: it needs masks."
    ]
    with pytest.raises(UsageError) as caught:
        region_remarks(card("letterbox"), pictures)
    assert str(caught.value) == "the run does not crop to boxes, so --boxes has no use; leave it out"
