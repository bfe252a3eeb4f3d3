"""Makers of small image files, among them kinds that neither Pillow nor OpenCV writes."""

import io
import struct
import zlib

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def picture(height: int = 32, width: int = 48) -> Image.Image:
    """Four quarters of different colours: every flip and turn of it differs."""
    array = np.zeros((height, width, 3), np.uint8)
    array[: height // 2, : width // 2] = 250, 20, 20
    array[: height // 2, width // 2 :] = 20, 230, 20
    array[height // 2 :, : width // 2] = 20, 20, 240
    array[height // 2 :, width // 2 :] = 200, 200, 30
    return Image.fromarray(array)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def exif(orientation: int, end: str = "<") -> bytes:
    head = (b"II*\0" if end == "<" else b"MM\0*") + struct.pack(f"{end}IH", 8, 1)
    return b"Exif\0\0" + head + struct.pack(f"{end}HHIHHI", 0x0112, 3, 1, orientation, 0, 0)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, depth: int, colour: int, raw: bytes, *before: bytes) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    body = b"".join(before) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + header + body


def png16(pixels: NDArray[np.uint16]) -> bytes:
    """A PNG of sixteen bits from `(H, W)`, `(H, W, 3)` or `(H, W, 4)` pixels."""
    colour = {1: 0, 3: 2, 4: 6}[1 if pixels.ndim == 2 else pixels.shape[2]]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    return png(pixels.shape[1], pixels.shape[0], 16, colour, rows)


def rgb(image: Image.Image) -> NDArray[np.uint8]:
    return np.asarray(image.convert("RGB"))


def tiff16(
    pixels: NDArray[np.uint16],
    *,
    orientation: int = 1,
    photometric: int | None = None,
    planar: int = 1,
    sample_format: int = 1,
    end: str = "<",
) -> bytes:
    """An uncompressed TIFF of `(H, W)`, `(H, W, 3)` or `(H, W, 4)` pixels in one strip a plane."""
    height, width = pixels.shape[:2]
    channels = pixels.shape[2] if pixels.ndim == 3 else 1
    planes = channels if planar == 2 else 1
    ordered = np.moveaxis(pixels, -1, 0) if planar == 2 else pixels
    raw = ordered.astype(f"{end}u2").tobytes()
    blob = struct.pack(f"{end}{channels}H", *[16] * channels)
    tags = {
        256: (4, [width]),
        257: (4, [height]),
        258: (3, [16] * channels),
        259: (3, [1]),
        262: (3, [(2 if channels > 1 else 1) if photometric is None else photometric]),
        273: (4, [0] * planes),
        274: (3, [orientation]),
        277: (3, [channels]),
        278: (4, [height]),
        279: (4, [len(raw) // planes] * planes),
        284: (3, [planar]),
        339: (3, [sample_format] * channels),
    }
    if channels == 4:
        tags[338] = (3, [2])
    blob_at = 8 + 2 + 12 * len(tags) + 4
    long_values = sum(len(v) * (2 if kind == 3 else 4) for kind, v in tags.values() if len(v) * kind > 4)
    first = blob_at + long_values
    tags[273] = (4, [first + i * (len(raw) // planes) for i in range(planes)])
    entries, blob = b"", b""
    for tag, (kind, values) in sorted(tags.items()):
        packed = struct.pack(f"{end}{len(values)}{'H' if kind == 3 else 'I'}", *values)
        entries += struct.pack(f"{end}HHI", tag, kind, len(values))
        if len(packed) <= 4:
            entries += packed.ljust(4, b"\0")
        else:
            entries += struct.pack(f"{end}I", blob_at + len(blob))
            blob += packed
    magic = b"II*\0" if end == "<" else b"MM\0*"
    head = magic + struct.pack(f"{end}IH", 8, len(tags)) + entries + b"\0\0\0\0"
    return head + blob.ljust(long_values, b"\0") + raw
