"""Boxes and masks against the sizes of their pictures."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from cervinet.data.crops import box_problem
from cervinet.data.picture import Picture
from cervinet.data.regions import read_masks
from cervinet.progress import Silent


@pytest.mark.parametrize("box", [None, (0, 0, 60, 40), (-0.4, -0.4, 60.8, 40.8), (10.5, 3, 1, 0.1)])
def test_boxes_that_fit(box):
    assert box_problem(Picture(Path("a.png"), box=box), 40, 60) == ""


@pytest.mark.parametrize(
    ("box", "where"),
    [
        ((50, 0, 11, 5), "x 50 to 61 and from y 0 to 5"),
        ((0, 36, 5, 5), "x 0 to 5 and from y 36 to 41"),
        ((-1, 0, 5, 5), "x -1 to 4 and from y 0 to 5"),
        ((3, 3, 0, 5), "x 3 to 3 and from y 3 to 8"),
        ((3, 3, 5, -2), "x 3 to 8 and from y 3 to 1"),
    ],
)
def test_boxes_that_do_not(box, where):
    assert box_problem(Picture(Path("a.png"), box=box), 40, 60) == (
        f"the box of 'a.png' must lie in the picture, 60×40, but it goes from {where}; correct the box, or take it out"
    )


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
