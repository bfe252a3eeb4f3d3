"""Columns of a table, joined by image or by group."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cervinet.errors import DataError
from cervinet.evaluation.attributes import attributes_from, attributes_of
from cervinet.evaluation.predictions import Predictions

GIVEN = Predictions(
    images=("a/1.jpg", "a/2.jpg", "=3.jpg"),
    groups=("p1", "p1", "p2"),
    labels=np.array([0, 1, 1]),
    probabilities=np.full((3, 2), 0.5),
    classes=("A", "B"),
    split="test",
)


@pytest.fixture
def table(tmp_path):
    def written(text: str) -> Path:
        path = tmp_path / "more.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return written


def refusal(path, columns=("age",)):
    with pytest.raises(DataError) as caught:
        attributes_from(path, GIVEN, columns)
    return str(caught.value)


def test_by_image(table):
    path = table("image,age,site,group\n'=3.jpg,44,Lagos,x\na/1.jpg, 30 ,,x\nother.jpg,9,Rome,x\n")
    assert attributes_from(path, GIVEN, ["site", "age"]) == {"site": ("", "", "Lagos"), "age": ("30", "", "44")}


def test_by_group_where_there_is_no_column_image(table):
    path = table("group,age\np1,30\np3,50\n")
    assert attributes_from(path, GIVEN, ["age"]) == {"age": ("30", "30", "")}


def test_a_row_for_each_repeat(table):
    twice = replace(
        GIVEN,
        images=GIVEN.images * 2,
        groups=GIVEN.groups * 2,
        labels=np.tile(GIVEN.labels, 2),
        probabilities=np.tile(GIVEN.probabilities, (2, 1)),
        repeats=np.repeat([1, 2], 3),
    )
    found = attributes_from(table("image,age\na/2.jpg,30\n"), twice, ["age"])
    assert found == {"age": ("", "30", "", "", "30", "")}


def test_a_table_without_a_key_is_refused(table):
    path = table("name,age\na/1.jpg,30\n")
    assert refusal(path) == f"{path} must have a column 'image' or 'group' to be joined by; its columns are name, age"


def test_a_column_that_is_not_there_is_refused(table):
    path = table("image,years\na/1.jpg,30\n")
    assert refusal(path) == f"{path} has no column 'age'; its columns are image, years"


def test_a_key_twice_is_refused(table):
    path = table("image,age\na/1.jpg,30\na/2.jpg,31\na/1.jpg,30\n")
    assert refusal(path) == f"{path}:4 repeats the image 'a/1.jpg' of line 2; keep one of them"


def test_a_row_without_a_key_is_refused(table):
    path = table("group,age\np1,30\n,31\n")
    assert refusal(path) == f"{path}:3 has no group; name it, or take the row out"


def test_a_table_of_other_images_is_refused_with_an_example_of_both(table):
    path = table("image,age\n1.jpg,30\n2.jpg,31\n")
    assert refusal(path) == (
        f"{path} has no row for any of the 3 images of the predictions: its first image is '1.jpg', theirs is "
        "'a/1.jpg'; name them as the column 'image' of the predictions does"
    )


def test_the_table_comes_before_what_the_predictions_know(table):
    known = replace(GIVEN, attributes={"site": ("x", "y", "z"), "age": ("1", "2", "3")})
    path = table("group,age\np1,30\n")
    assert attributes_of(known, ["site", "age"], path) == {"site": ("x", "y", "z"), "age": ("30", "30", "")}
    assert attributes_of(known, ["site"], None) == {"site": ("x", "y", "z")}


def test_a_column_that_nothing_knows_is_refused(table):
    with pytest.raises(DataError) as caught:
        attributes_of(replace(GIVEN, attributes={"site": ("x", "y", "z")}), ["age"], None)
    assert str(caught.value) == (
        "nothing says the 'age' of the images (known: site); name a CSV with this column by --subgroups or "
        "evaluation.subgroup_file"
    )
    path = table("image,years\na/1.jpg,30\n")
    with pytest.raises(DataError) as caught:
        attributes_of(GIVEN, ["age"], path)
    assert str(caught.value) == f"{path} has no column 'age'; its columns are image, years"
