"""Regions in the frame of the network: a picture that is its own mask shows where its mask must lie."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from cervinet.data.picture import Picture
from cervinet.data.preprocess import prepare
from cervinet.data.region_frame import region_of
from cervinet.errors import ImageError

HEIGHT, WIDTH = 60, 90
BOX = (20, 12, 34, 30)


def drawn(shapes, size=(HEIGHT, WIDTH)):
    mask = np.zeros(size, np.uint8)
    for x, y, w, h in shapes:
        mask[y : y + h, x : x + w] = 255
    return mask


@pytest.fixture
def save(tmp_path):
    def write(name, mask):
        cv2.imwrite(str(tmp_path / name), mask)
        return tmp_path / name

    return write


FRAMES = [
    [("letterbox", {"fill": 0})],
    [("stretch", {})],
    [("center_crop", {})],
    [("crop_to_box", {"margin": 0.3, "without": "error"}), ("letterbox", {"fill": 0})],
    [("crop_to_masks", {"margin": 0.2, "without": "error"}), ("stretch", {})],
    [("crop_to_field", {}), ("letterbox", {"fill": 0})],
]


@pytest.mark.parametrize("size", [(24, 24), (32, 48), (100, 80), (200, 200)])
@pytest.mark.parametrize("steps", FRAMES, ids=lambda steps: "-".join(name for name, _ in steps))
def test_a_picture_that_is_its_mask(save, steps, size):
    mask = drawn([BOX, (60, 40, 20, 15)])
    path = save("mask.png", mask)
    picture = Picture(path, box=(18.0, 10.0, 60.0, 44.0), masks=(path,))
    expected = prepare(picture, size, tuple(steps))[..., 0] > 127
    found = region_of(picture, size, tuple(steps))
    assert found.shape == size
    assert expected.any()
    assert not expected.all()
    np.testing.assert_array_equal(found, expected)


def test_the_ground_of_a_letterbox_is_no_region(save):
    path = save("mask.png", drawn([BOX]))
    found = region_of(Picture(path, masks=(path,)), (90, 90), (("letterbox", {"fill": 255}),))
    assert found[15:75].any()
    assert not found[:15].any()
    assert not found[75:].any()


def test_colours_do_not_matter(save):
    path = save("mask.png", drawn([BOX]))
    picture = Picture(path, masks=(path,))
    plain = region_of(picture, (60, 90), (("stretch", {}),))
    steps = (("grey_world", {"power": 1.0}), ("stretch", {}), ("clahe", {}))
    np.testing.assert_array_equal(region_of(picture, (60, 90), steps), plain)
    np.testing.assert_array_equal(plain, drawn([BOX]) > 0)


def test_the_field_is_cut_as_in_the_picture_not_as_in_the_mask(save):
    """Where the mask alone would be taken for a picture, its own bright part would be the field."""
    image = np.full((HEIGHT, WIDTH), 0, np.uint8)
    image[:, 15:75] = 200
    picture = Picture(save("picture.png", image), masks=(save("mask.png", drawn([BOX])),))
    found = region_of(picture, (HEIGHT, 60), (("crop_to_field", {}), ("stretch", {})))
    np.testing.assert_array_equal(found, drawn([BOX])[:, 15:75] > 0)


def test_several_masks_are_united(save):
    shapes = [BOX, (60, 40, 20, 15)]
    masks = tuple(save(f"{n}.png", drawn([shape])) for n, shape in enumerate(shapes))
    found = region_of(Picture(masks[0], masks=masks), (HEIGHT, WIDTH), (("stretch", {}),))
    np.testing.assert_array_equal(found, drawn(shapes) > 0)


def test_a_box_is_where_it_says(save):
    picture = Picture(save("picture.png", np.zeros((HEIGHT, WIDTH), np.uint8)), box=BOX)
    np.testing.assert_array_equal(region_of(picture, (HEIGHT, WIDTH), (("stretch", {}),)), drawn([BOX]) > 0)
    half = region_of(picture, (HEIGHT // 2, WIDTH // 2), (("stretch", {}),))
    np.testing.assert_array_equal(half, drawn([[side // 2 for side in BOX]], (30, 45)) > 0)


def test_a_picture_without_a_file(save):
    pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    picture = Picture(Path("table.csv:3"), box=BOX, pixels=pixels)
    np.testing.assert_array_equal(region_of(picture, (HEIGHT, WIDTH), (("stretch", {}),)), drawn([BOX]) > 0)


def test_a_region_smaller_than_a_pixel_is_one_pixel(save):
    path = save("mask.png", drawn([(41, 31, 2, 2)]))
    found = region_of(Picture(path, masks=(path,)), (6, 9), (("stretch", {}),))
    assert np.argwhere(found).tolist() == [[3, 4]]


@pytest.mark.parametrize(
    ("shapes", "steps"),
    [([], [("stretch", {})]), ([(0, 0, 10, 60)], [("center_crop", {})])],
    ids=["empty", "cut away"],
)
def test_no_region(save, shapes, steps):
    path = save("mask.png", drawn(shapes))
    assert region_of(Picture(path, masks=(path,)), (40, 40), tuple(steps)) is None


def test_masks_or_boxes_alone(save):
    path = save("mask.png", drawn([BOX]))
    both = Picture(path, box=(0.0, 0.0, 9.0, 9.0), masks=(path,))
    steps = (("stretch", {}),)
    np.testing.assert_array_equal(region_of(both, (HEIGHT, WIDTH), steps), drawn([BOX]) > 0)
    np.testing.assert_array_equal(region_of(both, (HEIGHT, WIDTH), steps, "masks"), drawn([BOX]) > 0)
    np.testing.assert_array_equal(region_of(both, (HEIGHT, WIDTH), steps, "boxes"), drawn([(0, 0, 9, 9)]) > 0)
    assert region_of(Picture(path, masks=(path,)), (9, 9), steps, "boxes") is None
    assert region_of(Picture(path), (9, 9), steps) is None


def test_a_large_jpeg_decoded_at_a_fraction_of_its_size(save):
    mask = cv2.resize(drawn([BOX]), (1803, 1202), interpolation=cv2.INTER_NEAREST)
    path = save("mask.jpg", mask)
    picture, steps = Picture(path, masks=(save("mask.png", mask),)), (("letterbox", {"fill": 0}),)
    expected = prepare(picture, (128, 128), steps)[..., 0] > 127
    found = region_of(picture, (128, 128), steps)
    assert (found & expected).sum() / (found | expected).sum() > 0.97


def test_a_mask_of_another_size_is_an_error(save):
    picture = Picture(save("a.png", drawn([])), masks=(save("b.png", drawn([], (9, 9))),))
    with pytest.raises(ImageError) as caught:
        region_of(picture, (8, 8), (("stretch", {}),))
    root = picture.path.parent
    assert str(caught.value) == (
        f"'{root}/b.png' must be a mask of the size of '{root}/a.png', 90×60, but it is 9×9; draw it anew or remove it"
    )


def test_a_box_beside_the_picture_is_an_error(save):
    picture = Picture(save("a.png", drawn([])), box=(80.0, 0.0, 20.0, 5.0))
    with pytest.raises(ImageError) as caught:
        region_of(picture, (8, 8), (("stretch", {}),))
    assert str(caught.value) == (
        f"the box of '{picture.path}' must lie in the picture, 90×60, but it goes from x 80 to 100 and from y 0 to 5; "
        "correct the box, or take it out"
    )
