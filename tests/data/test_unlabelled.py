"""A folder of pictures nobody has labelled."""

import pytest
from PIL import Image

from cervinet.data.readers.unlabelled import unlabelled
from cervinet.errors import DataError


def test_every_picture_below_a_folder(pictures):
    root = pictures(["2.png", "b/c/1.png", "train/x/3.jpg"])
    (root / "notes.txt").touch()
    found = unlabelled(root)
    assert list(found.table["image"]) == ["2.png", "b/c/1.png", "train/x/3.jpg"]
    assert found.table[["label", "sublabel", "split", "masks"]].isna().all(axis=None)
    assert found.ignored_line() == "1 file ignored: 1 not an image"


@pytest.mark.parametrize("suffix", ["jp2", "j2k"])
def test_jpeg_2000_that_is_decoded_is_found(tmp_path, suffix):
    Image.new("RGB", (8, 6), "red").save(tmp_path / f"a.{suffix}")
    found = unlabelled(tmp_path)
    assert [picture.read().shape for picture in found.pictures()] == [(6, 8, 3)]


def test_no_folder(tmp_path):
    with pytest.raises(DataError) as caught:
        unlabelled(tmp_path / "x")
    assert str(caught.value) == f"data.root must be a folder; {tmp_path / 'x'} is not there"
