"""Bytes → uint8 RGB `(H, W, 3)`: the one decoder of training, prediction, the API and the web page.

OpenCV decodes JPEG and PNG, which is nearly every file and where time is spent, after `containers` has walked
the file; Pillow decodes the rarer formats, whose readers are stricter there. docs/decisions/0003-decoder.md
says what was measured.

What every picture becomes, whatever library and version decodes it:

- upright: the EXIF orientation tag of JPEG, PNG (eXIf), WebP and TIFF is applied exactly once, and AVIF's own
  rotation likewise; orientation in XMP or in text chunks is not heeded;
- whole: a file that is cut or fails a checksum is refused, never filled in;
- one picture: the still image of an animated PNG, the first frame or page of anything else;
- eight bits and without alpha, by the rules of `colour.to_rgb8`; CMYK and Lab become RGB, other colour
  profiles and gamma are not applied;
- never larger than `MAX_PIXELS`, which is checked on the header, before anything is allocated.

Floating-point and 32-bit pictures are refused: nothing in the file says which values are black and white.
"""

import errno
import io
import os
import stat
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cervinet.data import dicom
from cervinet.data.colour import Pixels, to_rgb8, upright
from cervinet.data.containers import (
    PNG_SIGNATURE,
    Container,
    DamagedError,
    UnwantedError,
    walk_jpeg,
    walk_png,
)
from cervinet.errors import ImageError
from cervinet.escape import for_terminal

DECODER_VERSION = 1
"""Part of every cache key: raised when the same bytes would give other pixels."""

MAX_PIXELS = 200_000_000
"""A whole-slide overview or a 200-megapixel camera passes; 600 MB of RGB is the most one picture takes."""

MAX_BYTES = 1 << 30
"""What is longer is a film or an archive, whatever its name; the length is checked before it is read."""

_UNDECODABLE = "cannot be decoded: a whole picture was expected, but it is damaged or of an unknown kind"
_REMEDY = "copy the file again from its source or remove it"

# OpenCV would log to stderr what the ImageError says.
if "OPENCV_LOG_LEVEL" not in os.environ:
    getattr(cv2.utils, "logging", cv2).setLogLevel(0)  # OpenCV 4.12 keeps it in cv2 itself


def read_image(
    path: str | bytes | os.PathLike[str] | os.PathLike[bytes], *, at_least: tuple[int, int] | None = None
) -> NDArray[np.uint8]:
    """The picture in a file, whatever the file's name; see `decode`.

    Raises:
        ImageError: the file cannot be read or is no whole picture.
    """
    return decode(read_bytes(path), at_least=at_least, name=os.fsdecode(path))


def read_bytes(path: str | bytes | os.PathLike[str] | os.PathLike[bytes]) -> bytes:
    """The content of a regular file of at most `MAX_BYTES`.

    Raises:
        ImageError: it is no such file, or the system refuses to read it.
    """
    shown = for_terminal(path)
    try:
        found = os.stat(path)
        if not stat.S_ISREG(found.st_mode):
            what = "a folder" if stat.S_ISDIR(found.st_mode) else "a pipe, socket or device"
            raise ImageError(f"'{shown}' must be a picture file, but it is {what}; name a file instead")
        if found.st_size > MAX_BYTES:
            raise ImageError(
                f"'{shown}' must be a picture file of at most {MAX_BYTES:,} bytes, but it has "
                f"{found.st_size:,}; save it smaller or remove it"
            )
        return Path(os.fsdecode(path)).read_bytes()
    except FileNotFoundError as error:
        raise ImageError(f"'{shown}' must be a picture file, but there is none; check the path") from error
    except (OSError, ValueError) as error:
        code = getattr(error, "errno", None) or errno.EINVAL
        raise ImageError(
            f"'{shown}' must be a readable picture file, but the system says '{os.strerror(code)}'; "
            "check the path and its permissions"
        ) from error


def decode(
    data: bytes, *, at_least: tuple[int, int] | None = None, max_pixels: int = MAX_PIXELS, name: str = "image"
) -> NDArray[np.uint8]:
    """The upright picture in the bytes of an image file.

    Safe to call from many threads at once; the decoders release the GIL.

    Args:
        data: the whole file, in any of `rare_formats.FORMATS`, recognised by content, not by name.
        at_least: `(height, width)` the caller will shrink to. A JPEG is then decoded at 1/2, 1/4 or 1/8 of
            its size, as small as leaves both sides at least twice that; other formats come in full.
        max_pixels: the most pixels the header may announce.
        name: what an error calls the picture.

    Returns:
        `(H, W, 3)` uint8 RGB, 0–255.

    Raises:
        ImageError: one sentence with the name, what was expected, what was found and what to do.
    """
    try:
        if data.startswith(b"\xff\xd8\xff"):
            return _jpeg(walk_jpeg(data), at_least, max_pixels)
        if data.startswith(PNG_SIGNATURE):
            return _png(walk_png(data), max_pixels)
        if dicom.is_dicom(data):
            return _dicom(data, max_pixels)
        return _rare(data, max_pixels)
    except DamagedError as error:
        raise ImageError(f"'{for_terminal(name)}' {error}; {_REMEDY}") from error
    except UnwantedError as error:
        raise ImageError(f"'{for_terminal(name)}' {error}") from error
    except Exception as error:
        # Decoders meet hostile bytes with errors of every kind; to the caller they are all one.
        raise ImageError(f"'{for_terminal(name)}' {_UNDECODABLE}; {_REMEDY}") from error


# The grey names hold the bare reduction bits; the colour names add BGR, which excludes IMREAD_COLOR_RGB.
_REDUCED = {
    1: 0,
    2: cv2.IMREAD_REDUCED_GRAYSCALE_2,
    4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
    8: cv2.IMREAD_REDUCED_GRAYSCALE_8,
}


def _jpeg(file: Container, at_least: tuple[int, int] | None, max_pixels: int) -> NDArray[np.uint8]:
    _check_header(file, max_pixels)
    factor = _reduction(file, at_least)
    flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION | _REDUCED[factor]
    image = _opencv(file.body, flags, -(-file.width // factor), -(-file.height // factor))
    return upright(np.asarray(image, dtype=np.uint8), file.orientation)


def _reduction(file: Container, at_least: tuple[int, int] | None) -> int:
    if at_least is None:
        return 1
    height, width = at_least if file.orientation < 5 else at_least[::-1]
    return next(
        (f for f in (8, 4, 2) if file.height >= 2 * f * height and file.width >= 2 * f * width),
        1,
    )


def _png(file: Container, max_pixels: int) -> NDArray[np.uint8]:
    _check_header(file, max_pixels)
    image = _opencv(file.body, cv2.IMREAD_UNCHANGED, file.width, file.height)
    if file.hidden is not None and image.ndim == 2:
        image[image == file.hidden] = 0  # transparent, on black
    return upright(to_rgb8(_from_bgr(image)), file.orientation)


def _rare(data: bytes, max_pixels: int) -> NDArray[np.uint8]:
    from cervinet.data import rare_formats  # Pillow: half of the time that a JPEG's process would take to start

    picture = rare_formats.open_picture(data)
    _check_size(*picture.size, max_pixels)
    if rare_formats.is_deep_colour(picture):
        # Pillow would keep the upper eight bits only. OpenCV heeds a TIFF's orientation itself.
        width, height = picture.size
        return to_rgb8(_from_bgr(_opencv(data, cv2.IMREAD_UNCHANGED, width, height)))
    pixels, bits, orientation = rare_formats.load(picture)
    return upright(to_rgb8(pixels, bits), orientation)


def _dicom(data: bytes, max_pixels: int) -> NDArray[np.uint8]:
    header = dicom.open_dicom(io.BytesIO(data))
    _check_size(int(header.Columns), int(header.Rows), max_pixels)
    return dicom.load_dicom(data, header)


def _opencv(data: bytes, flags: int, width: int, height: int) -> Pixels:
    image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    if image is None or image.shape[:2] != (height, width):
        raise DamagedError(_UNDECODABLE)
    return image  # type: ignore[return-value]  # cv2's stubs know no dtype


def _from_bgr(image: Pixels) -> Pixels:
    if image.ndim == 3:
        code = cv2.COLOR_BGR2RGB if image.shape[2] == 3 else cv2.COLOR_BGRA2RGBA
        return cv2.cvtColor(image, code)  # type: ignore[return-value]
    return image


def _check_header(file: Container, max_pixels: int) -> None:
    _check_size(file.width, file.height, max_pixels)
    if file.coded < file.least:
        raise DamagedError(
            f"is damaged: its header announces {file.width}×{file.height} pixels, which take at least "
            f"{file.least:,} bytes, but only {file.coded:,} were found"
        )


def _check_size(width: int, height: int, max_pixels: int) -> None:
    if width < 1 or height < 1:
        raise DamagedError(f"is damaged: its header announces {width}×{height} pixels, but both must be positive")
    if width * height > max_pixels:
        raise UnwantedError(
            f"must have at most {max_pixels:,} pixels, but its header announces {width}×{height}; "
            "scale it down or remove it"
        )
