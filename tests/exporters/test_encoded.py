"""Bytes of image files prepared by TensorFlow, beside the same by OpenCV and Pillow."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from cervinet.data.picture import Picture
from cervinet.data.preprocess import prepare
from cervinet.exporters.encoded import not_expressible, prepared

pytestmark = pytest.mark.slow

STEPS = [(("letterbox", {"fill": 7}),), (("stretch", {}),), (("center_crop", {}),)]
TURNED, HEIGHT = range(1, 9), 40


def encoded(height: int, width: int, kind: str = "JPEG", mode: str = "RGB", **more: object) -> bytes:
    random = np.random.default_rng(height * width)
    noise = random.integers(0, 256, (height, width, 4), np.uint8)
    smooth = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 2), None, 0, 255, cv2.NORM_MINMAX)
    pixels = {"RGB": smooth[..., :3], "RGBA": smooth, "L": smooth[..., 0]}[mode]
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, kind, **more)
    return file.getvalue()


def exif(orientation: int, endian: str) -> Image.Exif:
    found = Image.Exif()
    found.endian = endian
    found[0x010F], found[0x0112] = "Maker", orientation
    return found


FILES = {
    **{f"orientation {one} {end}": encoded(90, 60, exif=exif(one, end)) for one in TURNED for end in "<>"},
    "JPEG read at a quarter": encoded(380, 300),
    "JPEG read at a half, turned": encoded(200, 240, exif=exif(6, "<")),
    "enlarged": encoded(10, 13),
    "long": encoded(12, 300),
    "grey JPEG": encoded(70, 60, mode="L"),
    "PNG": encoded(80, 70, "PNG"),
    "grey PNG": encoded(80, 70, "PNG", "L"),
    "PNG with alpha": encoded(80, 70, "PNG", "RGBA"),
    "BMP": encoded(80, 70, "BMP"),
    "GIF": encoded(80, 70, "GIF"),
}


@pytest.mark.parametrize("steps", STEPS, ids=lambda steps: steps[0][0])
def test_pixels_are_those_of_the_decoder_but_for_rounding(steps):
    import tensorflow as tf

    size = (HEIGHT, 36)
    found = tf.function(lambda files: prepared(files, size, steps))(tf.constant(list(FILES.values()))).numpy()
    assert (found.shape, found.dtype) == ((len(FILES), *size, 3), np.uint8)
    for (name, data), image in zip(FILES.items(), found, strict=True):
        wanted = prepare(Picture(name, data=data), size, steps)
        away = np.abs(image.astype(int) - wanted)
        assert (away.max(), away.mean() < 0.25) <= (1, True), name


def test_a_turned_picture_is_not_the_same_unturned():
    import tensorflow as tf

    plain, turned = (encoded(90, 60, exif=exif(one, "<")) for one in (1, 6))
    found = prepared(tf.constant([plain, turned]), (HEIGHT, HEIGHT), STEPS[1]).numpy().astype(int)
    assert np.abs(found[0] - found[1]).max() > 50


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (cv2.imencode(".png", np.zeros((9, 9, 3), np.uint16))[1].tobytes(), "a PNG must have 8 bits; got one of 16"),
        (encoded(90, 60)[:900], "."),
        (b"GIF89a", "."),
        (b"", "."),
        (b"no picture", "."),
    ],
    ids=["16 bits", "cut", "GIF", "empty", "text"],
)
def test_what_is_no_whole_picture_is_an_error(data, why):
    import tensorflow as tf

    with pytest.raises(tf.errors.InvalidArgumentError, match=why):
        prepared(tf.constant([FILES["PNG"], data]), (HEIGHT, HEIGHT), STEPS[0])


def test_no_files_are_no_pictures():
    import tensorflow as tf

    assert prepared(tf.constant([], tf.string), (HEIGHT, HEIGHT), STEPS[0]).shape == (0, HEIGHT, HEIGHT, 3)


def test_steps_that_tensorflow_is_not_taught_are_named():
    steps = (("crop_to_box", {}), ("letterbox", {"fill": 0}), ("clahe", {}))
    assert not_expressible(steps) == ["crop_to_box", "clahe"]
