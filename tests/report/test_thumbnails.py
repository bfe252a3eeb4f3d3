"""Small pictures for a page."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from cervinet.data.manifest import Manifest, table_of
from cervinet.progress import Silent
from cervinet.report.thumbnails import SIDE, shrunk, thumbnails


def decoded(thumbnail):
    return cv2.cvtColor(cv2.imdecode(np.frombuffer(thumbnail.jpeg, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


@pytest.mark.parametrize(
    ("size", "small"),
    [
        ((600, 800), (120, 160)),
        ((800, 400), (160, 80)),
        ((1, 2000), (1, 160)),
        ((160, 100), (160, 100)),
        ((5, 3), (5, 3)),
    ],
)
def test_proportions_stay_and_nothing_grows(size, small):
    result = shrunk(np.full((*size, 3), 77, np.uint8), SIDE)
    assert result.shape == (*small, 3)
    assert (result == 77).all()


def test_shrinking_is_the_mean_of_the_area():
    image = np.random.default_rng(0).integers(0, 256, (640, 640, 3), np.uint8)
    mean = image.reshape(160, 4, 160, 4, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(shrunk(image, 160), mean, atol=0.51)


def test_rows_become_pictures_in_their_own_colours_and_unreadable_ones_none(tmp_path):
    left_red = np.zeros((300, 600, 3), np.uint8)
    left_red[:, :300] = (0, 0, 255)
    cv2.imwrite(str(tmp_path / "a.jpg"), left_red)
    (tmp_path / "b.jpg").write_bytes(b"\xff\xd8\xff broken")
    manifest = Manifest(
        table_of([{"image": name} for name in ("unused.jpg", "a.jpg", "b.jpg", "missing.jpg")]), tmp_path
    )
    found = thumbnails(manifest, [1, 2, 3], Silent())
    assert list(found) == [1, 2, 3]
    assert (found[2], found[3]) == (None, None)
    assert (found[1].width, found[1].height, found[1].enlarged) == (160, 80, False)
    pixels = decoded(found[1])
    assert pixels.shape == (80, 160, 3)
    np.testing.assert_allclose(pixels[40, [20, 140]], [[254, 0, 0], [0, 0, 0]], atol=4)


def test_tiny_pictures_of_a_table_are_shown_in_whole_multiples():
    pixels = np.zeros((2, 28, 20, 3), np.uint8)
    manifest = Manifest(table_of([{"image": f"t.csv:{line}"} for line in (2, 3)]), Path("."), pixels=pixels)
    thumbnail = thumbnails(manifest, [1], Silent())[1]
    assert (thumbnail.width, thumbnail.height, thumbnail.enlarged) == (100, 140, True)
    assert decoded(thumbnail).shape == (28, 20, 3)


def test_no_rows_are_no_pictures(tmp_path):
    assert thumbnails(Manifest(table_of([{"image": "a.png"}]), tmp_path), [], Silent()) == {}
