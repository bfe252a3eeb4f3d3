"""JPEG segments and PNG chunks, walked before a pixel is decoded.

The decoders behind OpenCV fill in what a cut file lacks, allocate what a lying header asks for, and differ
from version to version in what they make of the metadata. A walk over the container costs microseconds and
settles all three: whether the file is whole, how large the picture is, and which way up it stands.

References: ITU-T T.81 (JPEG), annex B; W3C PNG 3rd edition; CIPA DC-008 (EXIF), section 4.6.
"""

import zlib
from dataclasses import dataclass
from typing import Literal

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"

_PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_PNG_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_DEFLATE_BEST = 1032


class DamagedError(ValueError):
    """The container is not whole; the message goes on from the file's name and ends before the remedy."""


class UnwantedError(ValueError):
    """The file may be whole, but it is not taken; the message goes on from its name and says what to do."""


@dataclass(frozen=True)
class Container:
    """What a walk over a file found.

    `body` is what the decoder is given, `coded` the number of bytes in it that hold pixels, and `least` the
    fewest bytes that could hold `width` × `height` pixels, whatever they show. `hidden` is the grey value, as
    decoded, that is to be transparent.
    """

    width: int
    height: int
    orientation: int
    body: bytes
    coded: int
    least: int
    hidden: int | None = None


def walk_jpeg(data: bytes) -> Container:
    """The header of a JPEG whose end is there.

    Bytes after the end-of-image marker (the second picture of an MPO, a camera's appendix) are let be.

    Raises:
        DamagedError: a segment or the end-of-image marker is missing.
    """
    size, orientation, huffman, at = None, None, True, 2
    while True:
        at = data.find(b"\xff", at)
        if at < 0 or at + 4 > len(data):
            raise DamagedError("is cut short: a JPEG's first scan was expected, but the file ends before it")
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker <= 0x01 or 0xD0 <= marker <= 0xD8:  # stand-alone markers have no length
            at += 2
            continue
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        if marker == 0xD9 or end < at + 4:
            raise DamagedError("is damaged: a JPEG's first scan was expected, but its list of segments is broken")
        if marker == 0xE1 and orientation is None and data.startswith(b"Exif\0\0", at + 4):
            orientation = exif_orientation(data[at + 4 : end])
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            size = int.from_bytes(data[at + 7 : at + 9]), int.from_bytes(data[at + 5 : at + 7])
            huffman = marker < 0xC3
        at = end
        if marker == 0xDA:
            break
    if size is None:
        raise DamagedError("is damaged: a JPEG's frame header was expected before its scan, but there is none")
    # Inside a scan 0xFF is always followed by 0x00 or a restart marker: FF D9 is the end and nothing else.
    # Most files end with it, which spares them the search.
    if not (data.endswith(b"\xff\xd9") and len(data) - 2 >= at) and data.find(b"\xff\xd9", at) < 0:
        raise DamagedError("is cut short: a JPEG must end with an end-of-image marker, but there is none")
    # The DC coefficient of every 8×8 block takes one bit at least in a Huffman-coded scan.
    least = size[0] * size[1] // 64 // 8 if huffman else 0
    return Container(*size, orientation or 1, data, len(data) - at, least)


def walk_png(data: bytes) -> Container:
    """The header of a PNG whose chunks are all there, and the PNG without its ancillary chunks.

    Only what decides the pixels goes on to the decoder: the critical chunks and tRNS. Without the animation's
    chunks every decoder returns the still picture; without gamma, profiles, EXIF and texts none can differ in
    how it heeds them, or print what it thinks of them.

    Raises:
        DamagedError: a chunk is missing, cut, or has a wrong checksum.
    """
    kept = [PNG_SIGNATURE]
    orientation, coded, at, kind = 1, 0, len(PNG_SIGNATURE), b""
    while kind != b"IEND":
        end = at + 12 + int.from_bytes(data[at : at + 4])
        kind = data[at + 4 : at + 8]
        if end > len(data) or len(kind) < 4:
            raise DamagedError("is cut short: a PNG must end with an IEND chunk, but there is none")
        if kind in (b"tRNS", b"eXIf") or not kind[0] & 0x20:
            if zlib.crc32(memoryview(data)[at + 4 : end - 4]) != int.from_bytes(data[end - 4 : end]):
                raise DamagedError("is damaged: a PNG chunk's checksum does not match its content")
            if kind == b"eXIf":
                orientation = exif_orientation(data[at + 8 : end - 4])
            else:
                kept.append(data[at:end])
            coded += (end - at - 12) if kind == b"IDAT" else 0
        at = end
    header = kept[1]
    depth, colour = (header[16], header[17]) if len(header) == 25 and header[4:8] == b"IHDR" else (0, 0)
    if depth not in _PNG_DEPTHS.get(colour, ()):
        raise DamagedError("is damaged: a PNG's header must name a valid colour type and bit depth, but it does not")
    if not coded:
        raise DamagedError("is damaged: a PNG must have an IDAT chunk with its pixels, but there is none")
    width, height = int.from_bytes(header[8:12]), int.from_bytes(header[12:16])
    hidden = None
    if colour == 0:  # OpenCV heeds tRNS for colour and palettes only
        key = next((int.from_bytes(c[8:-4]) for c in kept if c[4:8] == b"tRNS"), None)
        hidden = key if key is None or depth >= 8 else key * 255 // ((1 << depth) - 1)
    raw = height * ((width * depth * _PNG_CHANNELS[colour] + 7) // 8)
    return Container(width, height, orientation, b"".join(kept), coded, raw // _DEFLATE_BEST, hidden)


def exif_orientation(exif: bytes) -> int:
    """The orientation tag, 1 to 8, of an EXIF block; 1 where there is none or it is broken.

    Nothing else of the block is read: it also holds names, numbers and places of patients.
    """
    exif = exif.removeprefix(b"Exif\0\0")
    if exif[:2] not in (b"II", b"MM"):
        return 1
    order: Literal["little", "big"] = "little" if exif[:2] == b"II" else "big"

    def number(at: int, size: int) -> int:
        return int.from_bytes(exif[at : at + size], order)

    first = number(4, 4) + 2
    for entry in range(first, min(first + 12 * number(first - 2, 2), len(exif) - 11), 12):
        if number(entry, 2) == 0x0112:
            value = number(entry + 8, {3: 2, 4: 4}.get(number(entry + 2, 2), 0))
            return value if 1 <= value <= 8 else 1
    return 1
