"""Geometry against hand-computed references, CLAHE against OpenCV itself."""

import io
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from cervinet.data.appearance import clahe
from cervinet.data.picture import Picture
from cervinet.data.preprocess import (
    Steps,
    center_crop,
    letterbox,
    prepare,
    stretch,
)
from cervinet.registry import available

LETTERBOX: Steps = (("letterbox", {}),)


def noise(height: int, width: int) -> NDArray[np.uint8]:
    return np.random.default_rng(7).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_letterbox_centres_the_whole_picture_on_the_fill() -> None:
    image = np.full((4, 8, 3), 200, np.uint8)
    result = letterbox(image, (8, 8), fill=9)
    expected = np.full((8, 8, 3), 9, np.uint8)
    expected[2:6] = 200
    np.testing.assert_array_equal(result, expected)


def test_letterbox_puts_an_odd_line_of_padding_last() -> None:
    result = letterbox(np.full((6, 3, 3), 50, np.uint8), (6, 6))
    np.testing.assert_array_equal(result[0, :, 0], [0, 50, 50, 50, 0, 0])


def test_letterbox_keeps_a_picture_of_the_right_size_as_it_is() -> None:
    image = noise(5, 7)
    np.testing.assert_array_equal(letterbox(image, (5, 7)), image)


def test_shrinking_by_a_whole_factor_is_the_mean_of_the_blocks() -> None:
    image = noise(12, 16)
    mean = image.reshape(3, 4, 4, 4, 3).mean(axis=(1, 3))
    assert np.abs(stretch(image, (3, 4)) - mean).max() <= 0.5 + 1e-6


def test_enlarging_never_leaves_the_range_of_its_neighbours() -> None:
    edge = np.zeros((4, 4, 3), np.uint8)
    edge[:, 2:] = 100
    result = stretch(edge, (40, 40))
    assert (result.min(), result.max()) == (0, 100)
    assert (np.diff(result[0, :, 0].astype(int)) >= 0).all()


def test_stretch_averages_the_side_that_shrinks_while_the_other_grows() -> None:
    image = noise(2, 8)
    mean = image.reshape(2, 2, 4, 3).mean(axis=2)
    result = stretch(image, (6, 2))
    assert result.shape == (6, 2, 3)
    assert np.abs(result[[0, -1]] - mean).max() <= 0.5 + 1e-6


@pytest.mark.parametrize(
    ("size", "rows", "columns"),
    [
        ((4, 4), slice(0, 4), slice(3, 7)),
        ((2, 10), slice(1, 3), slice(0, 10)),
        ((4, 10), slice(0, 4), slice(0, 10)),
    ],
)
def test_center_crop_takes_the_middle(size: tuple[int, int], rows: slice, columns: slice) -> None:
    image = noise(4, 10)
    np.testing.assert_array_equal(center_crop(image, size), image[rows, columns])


def test_center_crop_covers_the_size_and_then_shrinks() -> None:
    image = noise(8, 20)
    mean = image[:, 6:14].reshape(4, 2, 4, 2, 3).mean(axis=(1, 3))
    assert np.abs(center_crop(image, (4, 4)) - mean).max() <= 0.5 + 1e-6


@pytest.mark.parametrize("step", [letterbox, stretch, center_crop])
@pytest.mark.parametrize("shape", [(1, 1), (1, 5000), (5000, 1), (3, 2), (300, 200)])
@pytest.mark.parametrize("size", [(28, 28), (1, 1), (64, 33)])
def test_any_picture_comes_out_at_the_size(
    step: Callable[..., NDArray[np.uint8]], shape: tuple[int, int], size: tuple[int, int]
) -> None:
    result = step(np.full((*shape, 3), 77, np.uint8), size)
    assert result.shape == (*size, 3)
    assert result.dtype == np.uint8
    assert result.max() == 77


def test_clahe_on_all_channels_is_opencv_on_each() -> None:
    image = noise(64, 48) // 3
    equaliser = cv2.createCLAHE(3.0, (4, 4))
    expected = np.dstack([equaliser.apply(np.ascontiguousarray(image[..., i])) for i in range(3)])
    np.testing.assert_array_equal(clahe(image, (1, 1), clip_limit=3.0, tiles=4), expected)


def test_clahe_on_lightness_is_opencv_on_l_of_lab() -> None:
    ramp = np.linspace(60, 120, 64 * 64).reshape(64, 64, 1)
    image = (ramp * [1.0, 0.8, 0.7]).astype(np.uint8)
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2Lab)
    lab[..., 0] = cv2.createCLAHE(2.0, (8, 8)).apply(np.ascontiguousarray(lab[..., 0]))
    result = clahe(image, (1, 1), channels="lightness")
    np.testing.assert_array_equal(result, cv2.cvtColor(lab, cv2.COLOR_Lab2RGB))
    assert result.std() > image.std()


@pytest.mark.parametrize("shape", [(1, 1), (3, 2), (7, 100)])
def test_clahe_takes_pictures_smaller_than_its_tiles(shape: tuple[int, int]) -> None:
    assert clahe(noise(*shape), (1, 1), tiles=64).shape == (*shape, 3)


def test_steps_run_in_their_order() -> None:
    image = noise(40, 60)
    first: Steps = (("clahe", {"tiles": 2}), ("stretch", {}))
    last: Steps = (("stretch", {}), ("clahe", {"tiles": 2}))
    np.testing.assert_array_equal(
        prepare(Picture(Path("x"), pixels=image), (20, 20), first), stretch(clahe(image, (20, 20), tiles=2), (20, 20))
    )
    np.testing.assert_array_equal(
        prepare(Picture(Path("x"), pixels=image), (20, 20), last), clahe(stretch(image, (20, 20)), (20, 20), tiles=2)
    )


def test_a_file_its_bytes_and_a_small_picture_give_the_same(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.fromarray(noise(40, 60)).save(buffer, "PNG")
    (tmp_path / "a.png").write_bytes(buffer.getvalue())
    expected = letterbox(noise(40, 60), (16, 16))
    np.testing.assert_array_equal(prepare(Picture(tmp_path / "a.png"), (16, 16), LETTERBOX), expected)


def test_a_large_jpeg_prepared_from_a_reduced_decode_looks_like_the_full_one(tmp_path: Path) -> None:
    y, x = np.mgrid[0:800, 0:1200]
    image = np.dstack([127 + 90 * np.sin(x / 30), 127 + 90 * np.cos(y / 25), (x + y) / 8]).astype(np.uint8)
    Image.fromarray(image).save(tmp_path / "a.jpg", quality=92)
    reduced = prepare(Picture(tmp_path / "a.jpg"), (64, 96), LETTERBOX)
    error = reduced.astype(float) - letterbox(image, (64, 96))
    assert 10 * np.log10(255**2 / (error**2).mean()) > 45


def test_every_step_is_registered_and_says_whether_it_resizes() -> None:
    resizing = {name: entry.traits.get("resizes", False) for name, entry in available("preprocess").items()}
    assert {name for name, resizes in resizing.items() if resizes} == {"center_crop", "letterbox", "stretch"}
    assert set(resizing) > {"clahe", "crop_to_box", "crop_to_field", "crop_to_masks", "grey_world"}
