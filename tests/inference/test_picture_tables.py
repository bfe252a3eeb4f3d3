"""A table of paths → pictures, with their boxes."""

import os
from pathlib import Path

import pandas as pd
import pytest

from cervinet.errors import DataError
from cervinet.inference.picture_tables import pictures_in


@pytest.fixture
def table(pictures, monkeypatch):
    """`table(text)` writes a CSV beside three pictures and returns its path."""
    root = pictures(["a.png", "deep/b.png", "=c.png"])
    monkeypatch.chdir(root.parent)

    def write(text, name="t.csv"):
        (root / name).write_text(text)
        return Path(root.name) / name

    return write


def found(path):
    return [(os.fspath(one.path), one.box) for one in pictures_in(path)]


def error(path):
    with pytest.raises(DataError) as caught:
        pictures_in(path)
    return str(caught.value)


@pytest.mark.parametrize("column", ["image", "Path", "FILENAME", "image_name", "file_path"])
def test_paths_are_relative_to_the_table(table, column):
    path = table(f"note,{column}\nx,a.png\ny,deep/b.png\n")
    assert found(path) == [("pictures/a.png", None), ("pictures/deep/b.png", None)]


def test_image_wins_over_other_names_and_path_over_filename(table):
    assert found(table("filename,image\nx.png,a.png\n")) == [("pictures/a.png", None)]
    assert found(table("filename,path\na.png,deep/b.png\n")) == [("pictures/deep/b.png", None)]


def test_absolute_windows_and_escaped_paths(table):
    whole = Path("pictures/a.png").absolute()
    path = table(f"image\n{whole}\ndeep\\b.png\n'=c.png\n")
    assert found(path) == [(str(whole), None), ("pictures/deep/b.png", None), ("pictures/=c.png", None)]


def test_parquet_semicolons_and_tabs_are_read_too(table):
    pd.DataFrame({"image": ["a.png"], "x": [1], "y": [2], "w": [3.5], "h": [4]}).to_parquet("pictures/t.parquet")
    assert found(Path("pictures/t.parquet")) == [("pictures/a.png", (1, 2, 3.5, 4))]
    assert found(table("image;n\na.png;1\n")) == found(table("n\timage\n1\ta.png\n", "t.tsv"))


@pytest.mark.parametrize("names", ["x,y,w,h", "x,y,width,height", "box_x,box_y,box_w,box_h"])
def test_boxes_where_there_are_four_numbers(table, names):
    path = table(f"image,{names}\na.png,1,2,3,4.5\ndeep/b.png,,,,\n")
    assert found(path) == [("pictures/a.png", (1, 2, 3, 4.5)), ("pictures/deep/b.png", None)]


def test_a_picture_named_twice_is_one(table):
    assert found(table("image\na.png\n./a.png\ngone.png\n")) == [("pictures/a.png", None), ("pictures/gone.png", None)]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("id,label\n1,a\n", " must have a column 'image' with the paths of pictures; its columns are id, label"),
        ("image,n\na.png,1\n,2\n", ":3 has no path of a picture; fill it or remove the row"),
        ("image,x,y,w,h\na.png,1,2,0,4\n", ":2 must have a box with a positive width and height; got 1,2,0,4"),
        ("image,x,y,w,h\na.png,1,,3,4\n", ":2 must have a box with a positive width and height; got 1,,3,4"),
        ("image,x,y,w,h\na.png,1,2,3,inf\n", ":2 must have a box with a positive width and height; got 1,2,3,inf"),
        (
            "image,x,y,w,h\na.png,1,2,3,4\na.png,1,2,3,5\n",
            ":3 has another box for a.png than line 2; keep one of them",
        ),
        ("image\n", " has a header but no rows; a row for each image was expected"),
    ],
)
def test_mistakes_are_told_with_their_line(table, text, sentence):
    path = table(text)
    assert error(path) == f"{path}{sentence}"


def test_when_no_picture_is_there_the_paths_are_meant_otherwise(table):
    assert error(table("image\nx/1.png\nx/2.png\n")) == (
        "none of the 2 pictures that pictures/t.csv names is there, the first is pictures/x/1.png; "
        "paths must be relative to the folder of the table, or absolute"
    )


def test_a_spreadsheet_is_told_what_to_become(table):
    assert error(table("", "t.xlsx")) == (
        "pictures/t.xlsx must be a CSV or Parquet table, but it is a spreadsheet; save it as 'CSV UTF-8'"
    )
