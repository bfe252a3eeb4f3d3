"""Every picture becomes upright uint8 RGB; the references are Pillow and closed forms."""

import io
import struct
import threading
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from pictures import chunk, encoded, exif, picture, png, png16, rgb, tiff16
from PIL import Image, ImageOps

from cervinet.data.decode import decode

LOSSLESS = [("PNG", {}), ("TIFF", {}), ("TIFF", {"compression": "tiff_lzw"}), ("BMP", {}), ("PPM", {}),
            ("WEBP", {"lossless": True}), ("JPEG2000", {"irreversible": False})]  # fmt: skip


@pytest.mark.parametrize(("kind", "options"), LOSSLESS)
def test_lossless_formats_come_back_as_they_were(kind: str, options: dict[str, object]) -> None:
    result = decode(encoded(picture(), kind, **options))
    np.testing.assert_array_equal(result, rgb(picture()))
    assert result.dtype == np.uint8
    assert result.flags.c_contiguous


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "AVIF", "GIF"])
def test_lossy_formats_agree_with_pillow(kind: str) -> None:
    data = encoded(picture(), kind)
    assert np.abs(decode(data).astype(int) - rgb(Image.open(io.BytesIO(data)))).max() <= 2


@pytest.mark.parametrize("mode", ["1", "L", "P"])
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "GIF"])
def test_grey_and_palette_get_three_channels(mode: str, kind: str) -> None:
    image = picture().convert(mode)
    np.testing.assert_array_equal(decode(encoded(image, kind)), rgb(image))


def test_cmyk_jpeg_agrees_with_pillow() -> None:
    data = encoded(picture().convert("CMYK"), "JPEG", quality=95)
    difference = decode(data).astype(int) - rgb(Image.open(io.BytesIO(data)))
    assert np.abs(difference).max() <= 3
    reduced = decode(data, at_least=(8, 12))
    assert reduced.shape == (16, 24, 3)
    assert np.abs(reduced[2, 2].astype(int) - (250, 20, 20)).max() <= 6


@pytest.mark.parametrize("end", "<>")
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_exif_orientation_is_applied_once(kind: str, orientation: int, end: str) -> None:
    options: dict[str, object] = {"exif": exif(orientation, end)}
    if kind == "TIFF":
        options = {"tiffinfo": {274: orientation}}
    if kind == "JPEG":
        options |= {"quality": 95, "subsampling": 0}
    data = encoded(picture(), kind, **options)
    upright = picture()
    upright.getexif()[0x0112] = orientation
    expected = rgb(ImageOps.exif_transpose(upright)).astype(int)
    result = decode(data)
    assert result.shape == expected.shape
    assert np.median(np.abs(result - expected)) <= 2
    reduced = decode(data, at_least=(expected.shape[0] // 4, expected.shape[1] // 4))
    step = 2 if kind == "JPEG" else 1
    assert reduced.shape == (expected.shape[0] // step, expected.shape[1] // step, 3)
    assert np.median(np.abs(reduced - expected[::step, ::step])) <= 2


@pytest.mark.parametrize("tag", [0, 9, 65535])
def test_an_impossible_orientation_is_none(tag: int) -> None:
    assert decode(encoded(picture(), "JPEG", exif=exif(tag))).shape == (32, 48, 3)


@pytest.mark.parametrize(
    ("at_least", "shape"),
    [
        (None, (403, 601)),
        ((202, 300), (403, 601)),
        ((100, 150), (202, 301)),
        ((50, 60), (101, 151)),
        ((25, 37), (51, 76)),
        ((1, 1), (51, 76)),
        ((1, 75), (101, 151)),
    ],
)
def test_jpegs_are_reduced_to_no_less_than_twice_the_target(
    at_least: tuple[int, int] | None, shape: tuple[int, int]
) -> None:
    data = encoded(picture(403, 601), "JPEG")
    assert decode(data, at_least=at_least).shape == (*shape, 3)


def test_alpha_is_composited_on_black() -> None:
    alpha, value = np.meshgrid(np.arange(256), np.arange(256))
    array = np.dstack([value, value, np.full_like(value, 255), alpha]).astype(np.uint8)
    result = decode(encoded(Image.fromarray(array), "PNG"))
    np.testing.assert_array_equal(result[..., 0], np.round(value * alpha / 255))
    np.testing.assert_array_equal(result[..., 2], alpha)
    for kind, options in (("TIFF", {}), ("WEBP", {"lossless": True, "exact": True})):
        np.testing.assert_array_equal(decode(encoded(Image.fromarray(array), kind, **options)), result)


def test_transparency_of_palettes_grey_and_gif_is_composited() -> None:
    grey = Image.fromarray(np.array([[7, 200], [200, 7]], np.uint8))
    for image, kind in ((grey, "PNG"), (grey.convert("P"), "PNG"), (grey.convert("P"), "GIF")):
        data = encoded(image, kind, transparency=7)
        np.testing.assert_array_equal(decode(data)[..., 1], [[0, 200], [200, 0]])
    np.testing.assert_array_equal(decode(encoded(grey.convert("LA"), "PNG"))[..., 1], np.asarray(grey))


@pytest.mark.parametrize(("depth", "key", "row"), [(1, 1, b"\x40"), (2, 2, b"\x20"), (4, 9, b"\x19")])
def test_a_transparent_grey_of_few_bits_is_black(depth: int, key: int, row: bytes) -> None:
    data = png(2, 1, depth, 0, b"\0" + row, chunk(b"tRNS", struct.pack(">H", key)))
    assert decode(data)[0, 1].tolist() == [0, 0, 0]
    assert decode(png(2, 1, depth, 0, b"\0" + row))[0, 1, 0] == key * 255 // (2**depth - 1)


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("writer", [png16, tiff16])
@pytest.mark.parametrize("channels", [1, 3])
def test_deep_values_are_scaled_by_their_true_depth(
    writer: Callable[[NDArray[np.uint16]], bytes], bits: int, channels: int
) -> None:
    values = np.linspace(0, 2**bits - 1, 300).astype(np.uint16).reshape(15, 20)
    pixels = values if channels == 1 else np.dstack([values, values // 2, values // 3])
    expected = np.round(pixels * (255 / (2**bits - 1)))
    result = decode(writer(pixels))
    np.testing.assert_array_equal(result, expected if channels == 3 else np.dstack([expected] * 3))


def test_every_sixteen_bit_value_is_rounded_to_the_nearest() -> None:
    pixels = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    np.testing.assert_array_equal(decode(png16(pixels))[..., 0], np.round(pixels / 257))


@pytest.mark.parametrize("end", "<>")
@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_deep_colour_tiff_with_alpha_and_orientation(orientation: int, end: str) -> None:
    pixels = np.random.default_rng(1).integers(0, 65536, (5, 7, 4), dtype=np.uint16)
    pixels[..., 3] = 65535
    pixels[0, 0, 3] = 0
    eight = np.round(pixels[..., :3] / 257)
    eight[0, 0] = 0
    expected = {1: eight, 3: eight[::-1, ::-1], 6: np.rot90(eight, -1)}[orientation]
    np.testing.assert_array_equal(decode(tiff16(pixels, orientation=orientation, end=end)), expected)


def test_white_is_zero_is_inverted() -> None:
    pixels = np.array([[0, 4095], [1000, 0]], np.uint16)
    result = decode(tiff16(pixels, photometric=0))
    np.testing.assert_array_equal(result[..., 0], np.round((4095 - pixels.astype(int)) * 255 / 4095))


def test_pnm_is_scaled_by_the_maximum_it_states() -> None:
    data = b"P5 2 1 4095\n" + np.array([4095, 1000], ">u2").tobytes()
    assert decode(data)[0, :, 0].tolist() == [255, 62]


def test_first_frame_of_animations_and_first_page() -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ((255, 0, 0), (0, 255, 0), (0, 0, 255))]
    for kind in ("GIF", "PNG", "WEBP", "TIFF"):
        options = {"lossless": True} if kind == "WEBP" else {}
        data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)
        np.testing.assert_array_equal(decode(data), rgb(frames[0]))


def test_the_still_picture_of_an_animated_png_counts() -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ((255, 0, 0), (0, 255, 0), (0, 0, 255))]
    data = encoded(frames[0], "PNG", save_all=True, append_images=frames[1:], default_image=True)
    np.testing.assert_array_equal(decode(data), rgb(frames[0]))


def test_gamma_profiles_and_texts_of_a_png_change_nothing() -> None:
    raw = b"\0" + bytes([10, 100, 200])
    extras = [
        chunk(b"gAMA", struct.pack(">I", 20000)),
        chunk(b"iCCP", b"x\0\0garbage"),
        chunk(b"tEXt", b"k\0v"),
    ]
    assert decode(png(1, 1, 8, 2, raw, *extras)).tolist() == [[[10, 100, 200]]]


def test_bytes_after_the_end_of_a_jpeg_are_let_be() -> None:
    data = encoded(picture(), "JPEG")
    np.testing.assert_array_equal(decode(data + data[:50]), decode(data))


def test_threads_get_the_same_pictures() -> None:
    files = [encoded(picture(60 + i, 80), kind) for i in range(4) for kind in ("JPEG", "PNG", "TIFF", "GIF")]
    expected = [decode(data) for data in files]
    wrong = []

    def work() -> None:
        for data, image in zip(files, expected, strict=True):
            if not np.array_equal(decode(data), image):
                wrong.append(data)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
