"""Pictures that stand out from the others of their set."""

import cv2
import numpy as np
import pytest

from cervinet.data.audit.measure import measure
from cervinet.data.audit.measurements import Measurements
from cervinet.data.audit.quality import flagged
from cervinet.data.picture import Picture
from cervinet.progress import Silent


def usual(n):
    found = Measurements.empty(n)
    found.height[:], found.width[:] = 300, 400
    found.sharpness[:] = np.exp(np.random.default_rng(0).normal(5, 0.8, n))
    return found


def found(measured, size=(224, 224)):
    return list(flagged(measured, size))


def test_usual_pictures_do_not():
    measured = usual(200)
    measured.dark[:] = np.linspace(0, 0.6, 200)
    measured.white[:] = np.linspace(0, 0.1, 200)
    assert found(measured) == []


def test_blurred():
    measured = usual(200)
    measured.sharpness[7] = np.exp(5 - 3.5 * 0.8)
    ((kind, row, detail),) = found(measured)
    share = measured.sharpness[7] / np.median(measured.sharpness)
    assert (kind, row, detail) == ("blurred", 7, f"{share:.1%} of the fine detail that is usual here")


def test_where_all_are_nearly_alike_a_little_less_detail_is_no_blur():
    measured = usual(50)
    measured.sharpness[:] = 100
    measured.sharpness[0], measured.sharpness[1] = 50, 10
    assert found(measured) == [("blurred", 1, "10.0% of the fine detail that is usual here")]


def test_a_real_blur_is_seen():
    random = np.random.default_rng(1)
    images = [cv2.resize(random.integers(0, 256, (40, 40, 3), np.uint8), (256, 256)) for _ in range(30)]
    images[11] = cv2.GaussianBlur(images[11], (0, 0), 256 / 32)
    rows = [Picture("picture", pixels=image) for image in images]
    measured = measure(rows, ["00" * 16] * 30, None, Silent())
    assert [(kind, row) for kind, row, _ in found(measured)] == [("blurred", 11)]


@pytest.mark.parametrize(
    ("column", "kind", "share", "detail"),
    [
        ("dark", "dark", 0.97, "97% of it is black; usual here: 30%"),
        ("white", "overexposed", 0.6, "60% of it is white; usual here: 30%"),
    ],
)
def test_dark_and_overexposed(column, kind, share, detail):
    measured = usual(20)
    getattr(measured, column)[:] = 0.3
    getattr(measured, column)[4] = share
    assert found(measured) == [(kind, 4, detail)]


@pytest.mark.parametrize("column", ["dark", "white"])
def test_where_the_ground_is_black_or_white_that_is_usual(column):
    measured = usual(20)
    getattr(measured, column)[:] = 0.96
    assert found(measured) == []


def test_tiny():
    measured = usual(20)
    measured.height[3], measured.width[3] = 112, 112
    measured.height[4], measured.width[4] = 113, 112
    measured.height[5], measured.width[5] = 100, 224
    assert found(measured) == [("tiny", 3, "112 × 112, enlarged 2.0 times to 224 × 224")]


def test_odd_shape():
    measured = usual(20)
    measured.height[3], measured.width[3] = 400, 300  # upright
    measured.height[4], measured.width[4] = 300, 900
    detail = "300 × 900: one side is 3.0 times the other; 1.3 is usual here"
    assert found(measured) == [("odd_shape", 4, detail)]


def test_unreadable_pictures_are_passed_over():
    measured = usual(20)
    measured.error[3], measured.height[3], measured.width[3], measured.sharpness[3] = "gone", 0, 0, 0
    assert found(measured) == []
    measured.error[:] = "gone"
    assert found(measured) == []
