"""TIFF, BMP, GIF, WebP, AVIF, JPEG 2000 and PNM through Pillow, whose strict `load()` refuses cut files."""

import io
import warnings
from collections.abc import Callable

import numpy as np
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageCms,
    ImageFile,
    Jpeg2KImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from cervinet.data.colour import Pixels, depth_of
from cervinet.data.containers import DamagedError, UnwantedError, exif_orientation

FORMATS = "JPEG, PNG, TIFF, BMP, GIF, WebP, AVIF, JPEG 2000, PNM or DICOM"

# Straight to the reader of one format: Image.open would try every plugin and apply Pillow's own pixel limit.
_READERS: list[tuple[int, bytes, Callable[[io.BytesIO], ImageFile.ImageFile]]] = [
    (0, b"II*\0", TiffImagePlugin.TiffImageFile),
    (0, b"MM\0*", TiffImagePlugin.TiffImageFile),
    (0, b"II+\0", TiffImagePlugin.TiffImageFile),
    (0, b"MM\0+", TiffImagePlugin.TiffImageFile),
    (0, b"BM", BmpImagePlugin.BmpImageFile),
    (0, b"GIF8", GifImagePlugin.GifImageFile),
    (8, b"WEBP", WebPImagePlugin.WebPImageFile),
    (4, b"ftypavif", AvifImagePlugin.AvifImageFile),
    (4, b"ftypavis", AvifImagePlugin.AvifImageFile),
    (0, b"\xff\x4f\xff\x51", Jpeg2KImagePlugin.Jpeg2KImageFile),
    (0, b"\0\0\0\x0cjP  ", Jpeg2KImagePlugin.Jpeg2KImageFile),
    *((0, b"P%d" % digit, PpmImagePlugin.PpmImageFile) for digit in range(1, 7)),
]

_STRANGERS = [
    (0, b"%PDF", "a PDF"),
    (0, b"PK", "a ZIP archive"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (4, b"ftypheic", "a HEIC photograph"),
    (0, b"\x89PNG", "a PNG whose line ends were changed on the way"),
    (0, b"<", "HTML or XML"),
    (0, b"\0\0\0\0", "zero bytes"),
]

_BITS_PER_SAMPLE, _PHOTOMETRIC, _PLANAR, _EXTRA_SAMPLES, _SAMPLE_FORMAT = 258, 262, 284, 338, 339
_WHITE_IS_ZERO, _PREMULTIPLIED = 0, 1

# What Pillow would warn of either does not touch the pixels or makes `load` fail.
warnings.filterwarnings("ignore", module=r"PIL\.")


def open_picture(data: bytes) -> ImageFile.ImageFile:
    """The header of a file in one of the rarer formats; its `size` is `(width, height)`, nothing is decoded.

    Raises:
        UnwantedError: the bytes are of no known format.
    """
    if not data:
        raise DamagedError("is empty: a picture was expected, but the file has no bytes")
    reader = next((found for at, magic, found in _READERS if data.startswith(magic, at)), None)
    if reader is None:
        raise UnwantedError(f"must be a {FORMATS} file, but it is {_describe(data)}; convert it or remove it")
    return reader(io.BytesIO(data))


def is_deep_colour(picture: ImageFile.ImageFile) -> bool:
    """Whether this is a TIFF with several channels of sixteen bits, which OpenCV alone reads in full.

    Raises:
        UnwantedError: neither library reads this kind rightly.
    """
    if not isinstance(picture, TiffImagePlugin.TiffImageFile):
        return False
    tags = picture.tag_v2
    depths = tags.get(_BITS_PER_SAMPLE, (1,))
    if len(depths) < 3 or max(depths) <= 8:
        return False
    # OpenCV 4.12 to 5.0 reads separate planes as if they were interleaved, without an error.
    known = (
        set(depths) == {16}
        and set(tags.get(_SAMPLE_FORMAT, (1,))) == {1}
        and tags.get(_PLANAR, 1) == 1
        and tags.get(_PHOTOMETRIC) == 2
        and _PREMULTIPLIED not in tags.get(_EXTRA_SAMPLES, ())
    )
    if not known:
        raise UnwantedError(
            "must hold interleaved unsigned RGB where a TIFF has more than 8 bits, but it is of another "
            "kind; save it with 8 bits a channel"
        )
    return True


def load(picture: ImageFile.ImageFile) -> tuple[Pixels, int | None, int]:
    """The pixels of the first frame, their true depth where the file states it, and the orientation to apply.

    Returns:
        Pixels `(H, W)`, `(H, W, 3)` RGB or `(H, W, 4)` RGBA, uint8, or uint16 `(H, W)`; bits or None; 1–8.

    Raises:
        UnwantedError: the values are floating-point, signed or of 32 bits.
    """
    picture.load()
    orientation = 1
    if picture.format in ("WEBP", "AVIF"):
        # Pillow has turned AVIF's own rotation into this tag, and a TIFF's pixels by its tag.
        orientation = exif_orientation(picture.info.get("exif", b""))
    if picture.mode.startswith("I;16") or (picture.mode == "I" and picture.format == "PPM"):
        return *_deep_grey(picture), orientation
    if picture.mode in ("I", "F"):
        raise UnwantedError(
            "must have unsigned values of 8 or 16 bits, but they are signed, floating-point or of 32 bits, "
            "and nothing says which are black and white; save it with 8 or 16 bits"
        )
    return np.asarray(_to_colour(picture)), None, orientation


def _to_colour(picture: Image.Image) -> Image.Image:
    if picture.mode == "LAB":
        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(picture, lab, srgb, outputMode="RGB")
        if converted is None:
            raise DamagedError("is damaged: a Lab picture was expected, but it cannot be converted to RGB")
        return converted
    return picture.convert("RGBA" if picture.has_transparency_data else "RGB")


def _deep_grey(picture: ImageFile.ImageFile) -> tuple[Pixels, int]:
    pixels = np.asarray(picture).astype(np.uint16)
    if not isinstance(picture, TiffImagePlugin.TiffImageFile):
        return pixels, 16  # Pillow has scaled PNM by its maxval and JPEG 2000 by its precision
    stated = int(picture.tag_v2.get(_BITS_PER_SAMPLE, (16,))[0])
    bits = stated if stated < 16 else depth_of(pixels)
    if picture.tag_v2.get(_PHOTOMETRIC) == _WHITE_IS_ZERO:  # Pillow inverts eight bits only
        pixels = np.uint16((1 << bits) - 1) - pixels
    return pixels, bits


def _describe(data: bytes) -> str:
    known = next((what for at, magic, what in _STRANGERS if data.startswith(magic, at)), None)
    return known or f"something that begins with {data[:4].hex(' ')}"
