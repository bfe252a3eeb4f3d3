"""Bytes of image files → prepared pictures, as TensorFlow operations: what of `data` a SavedModel can do by itself.

JPEG, PNG, BMP and the first frame of a GIF. JPEGs are decoded at the same fraction of their size as `decode` does it
and turned by their EXIF orientation; alpha is laid on black; sides that shrink are means of areas, sides that grow are
linear. Pixels differ from OpenCV's by rounding.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from cervinet.data.preprocess import Size, Steps
from cervinet.registry import find

DIFFERS = (
    "a file that is no whole JPEG, PNG, BMP or GIF fails the request that it is in, and so does a PNG of 16 bits",
    "an orientation is taken from the EXIF of JPEG files only, and there from a first directory in its usual place",
    "colours of CMYK files may be others",
)
"""In what such a network is not `predict`, beside rounding."""

# An entry of an EXIF directory has 12 bytes: tag, type, count, value; the tag of orientation is 0x0112.
_EXIF = (
    r"^\C*?Exif\x00\x00(?:"
    r"II\*\x00\x08\x00\x00\x00\C{2}(?:\C{12}){0,40}?\x12\x01\x03\x00\x01\x00\x00\x00([\x01-\x08])\x00|"
    r"MM\x00\*\x00\x00\x00\x08\C{2}(?:\C{12}){0,40}?\x01\x12\x00\x03\x00\x00\x00\x01\x00([\x01-\x08])"
    r")\C*$"
)
_HEAD = 1 << 16


def not_expressible(steps: Steps) -> list[str]:
    """Names of the steps that TensorFlow is not taught here."""
    return [name for name, _ in steps if name not in _STEPS]


def prepared(files: tf.Tensor, size: Size, steps: Steps) -> tf.Tensor:
    """Files, string (n,), of any sizes → uint8 (n, height, width, 3) RGB. The steps must all be expressible."""
    cut = any(find("preprocess", name).traits.get("cuts") for name, _ in steps)

    def one(file: tf.Tensor) -> tf.Tensor:
        image = _decoded(file, None if cut else size)
        for name, options in steps:
            image = _STEPS[name](image, size, **options)
        return tf.ensure_shape(image, (*size, 3))

    return tf.map_fn(one, files, fn_output_signature=tf.TensorSpec((*size, 3), tf.uint8))


def _decoded(file: tf.Tensor, at_least: Size | None) -> tf.Tensor:
    is_png = tf.equal(tf.strings.substr(file, 0, 4), b"\x89PNG")
    return tf.case(
        [(tf.io.is_jpeg(file), lambda: _jpeg(file, at_least)), (is_png, lambda: _png(file))],
        default=lambda: tf.io.decode_image(file, channels=3, expand_animations=False),
    )


def _jpeg(file: tf.Tensor, at_least: Size | None) -> tf.Tensor:
    orientation = _orientation(file)

    def at(ratio: int) -> Callable[[], tf.Tensor]:
        return lambda: tf.io.decode_jpeg(file, channels=3, ratio=ratio, dct_method="INTEGER_ACCURATE")

    if at_least is None:
        return _upright(at(1)(), orientation)
    sides = tf.io.extract_jpeg_shape(file)[:2]
    wanted = tf.where(orientation < 5, at_least, at_least[::-1])
    fits = tf.reduce_min(sides // (2 * wanted))
    smaller = tf.reduce_sum(tf.cast(fits >= [2, 4, 8], tf.int32))
    return _upright(tf.switch_case(smaller, [at(1), at(2), at(4), at(8)]), orientation)


def _orientation(file: tf.Tensor) -> tf.Tensor:
    """The EXIF orientation of a JPEG, 1 to 8; 1 where it has none."""
    found = tf.strings.regex_replace(tf.strings.substr(file, 0, _HEAD), _EXIF, r"\1\2")
    return tf.cond(
        tf.equal(tf.strings.length(found), 1),
        lambda: tf.cast(tf.io.decode_raw(found, tf.uint8)[0], tf.int32),
        lambda: tf.constant(1),
    )


def _upright(image: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    turned = tf.transpose(image, (1, 0, 2))
    views = [
        *(image, image[:, ::-1], image[::-1, ::-1], image[::-1]),
        *(turned, turned[:, ::-1], turned[::-1, ::-1], turned[::-1]),
    ]
    return tf.switch_case(orientation - 1, [lambda view=view: tf.identity(view) for view in views])


def _png(file: tf.Tensor) -> tf.Tensor:
    bits = tf.strings.substr(file, 24, 1)
    with tf.control_dependencies([tf.debugging.Assert(bits != b"\x10", ["a PNG must have 8 bits; got one of 16"])]):
        image = tf.cast(tf.io.decode_png(file, channels=4), tf.float32)
    return _rounded(image[..., :3] * image[..., 3:] / 255)


def _letterbox(image: tf.Tensor, size: Size, *, fill: int) -> tf.Tensor:
    sides = _sides(image)
    wanted = tf.constant(size, tf.float64)
    inner = tf.cast(tf.maximum(tf.round(sides * tf.reduce_min(wanted / sides)), 1), tf.int32)
    before = (tf.constant(size) - inner) // 2
    after = tf.constant(size) - inner - before
    room = tf.concat([tf.stack([before, after], axis=1), [[0, 0]]], 0)
    return tf.pad(_resized(image, inner), room, constant_values=tf.constant(fill, tf.uint8))


def _stretch(image: tf.Tensor, size: Size) -> tf.Tensor:
    return _resized(image, tf.constant(size))


def _center_crop(image: tf.Tensor, size: Size) -> tf.Tensor:
    sides, wanted = _sides(image), tf.constant(size, tf.float64)
    inner = tf.clip_by_value(tf.round(wanted / tf.reduce_max(wanted / sides)), 1, sides)
    start = tf.cast((sides - inner) // 2, tf.int32)
    end = start + tf.cast(inner, tf.int32)
    return _resized(image[start[0] : end[0], start[1] : end[1]], tf.constant(size))


def _resized(image: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    """First the sides that shrink, then those that grow, as `data.preprocess` does it."""
    smaller = tf.minimum(size, tf.shape(image)[:2])
    image = _rounded(tf.image.resize(image, smaller, method="area"))
    return _rounded(tf.image.resize(image, size, method="bilinear"))


def _sides(image: tf.Tensor) -> tf.Tensor:
    return tf.cast(tf.shape(image)[:2], tf.float64)


def _rounded(image: tf.Tensor) -> tf.Tensor:
    return tf.cast(tf.round(image), tf.uint8)


_STEPS: dict[str, Callable[..., Any]] = {"letterbox": _letterbox, "stretch": _stretch, "center_crop": _center_crop}
