"""Masks against the sizes of their pictures."""

from pathlib import Path

import cv2
import numpy as np

from cervinet.data.picture import Picture
from cervinet.data.regions import read_masks
from cervinet.progress import Silent


def test_masks_are_read_and_what_is_wrong_is_kept(tmp_path):
    for name, mask in {"full": np.full((4, 6), 255), "empty": np.zeros((4, 6)), "large": np.full((5, 6), 255)}.items():
        cv2.imwrite(str(tmp_path / f"{name}.png"), mask.astype(np.uint8))

    def masked(*names):
        return Picture(Path("a.png"), masks=tuple(tmp_path / f"{name}.png" for name in names))

    pictures = [masked(), masked("full"), masked("empty"), masked("empty", "full"), masked("large"), masked("gone")]
    has, problems = read_masks([*pictures, masked("large")], np.array([[4, 6]] * 6 + [[0, 0]]), Silent())
    assert has.tolist() == [False, True, False, True, False, False, False]
    assert problems == {
        4: f"'{tmp_path}/large.png' must be a mask of the size of 'a.png', 6×4, but it is 6×5; "
        "draw it anew or remove it",
        5: f"'{tmp_path}/gone.png' must be a picture file, but there is none; check the path",
    }
