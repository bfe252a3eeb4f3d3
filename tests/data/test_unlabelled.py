"""A folder of pictures nobody has labelled."""

import pytest

from cervinet.data.readers.unlabelled import unlabelled
from cervinet.errors import DataError


def test_every_picture_below_a_folder(pictures):
    root = pictures(["2.png", "b/c/1.png", "train/x/3.jpg"])
    (root / "notes.txt").touch()
    found = unlabelled(root)
    assert list(found.table["image"]) == ["2.png", "b/c/1.png", "train/x/3.jpg"]
    assert found.table[["label", "sublabel", "split", "masks"]].isna().all(axis=None)
    assert found.ignored_line() == "1 file ignored: 1 not an image"


def test_no_folder(tmp_path):
    with pytest.raises(DataError) as caught:
        unlabelled(tmp_path / "x")
    assert str(caught.value) == f"data.root must be a folder; {tmp_path / 'x'} is not there"
