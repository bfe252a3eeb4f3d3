"""What is no whole picture is refused in one sentence, before anything large is allocated."""

import struct

import numpy as np
import pytest
from pictures import encoded, exif, picture, png, tiff16
from PIL import Image

from cervinet.data.decode import MAX_PIXELS, decode
from cervinet.errors import ImageError

FORMATS = "JPEG, PNG, TIFF, BMP, GIF, WebP, AVIF, JPEG 2000, PNM or DICOM"
UNDECODABLE = "cannot be decoded: a whole picture was expected, but it is damaged or of an unknown kind"
COPY = "copy the file again from its source or remove it"


def refusal(data: bytes, **options: object) -> str:
    with pytest.raises(ImageError) as caught:
        decode(data, name="a.img", **options)  # type: ignore[arg-type]
    return str(caught.value)


def test_a_thumbnail_is_not_taken_for_the_end() -> None:
    thumbnail = encoded(picture(), "JPEG")
    data = encoded(picture(300, 300), "JPEG", exif=exif(1) + thumbnail)
    expected = f"'a.img' is cut short: a JPEG must end with an end-of-image marker, but there is none; {COPY}"
    assert refusal(data[:-40]) == expected


@pytest.mark.parametrize(
    ("kind", "options"),
    [("JPEG", {}), ("JPEG", {"progressive": True}), ("PNG", {}), ("TIFF", {"compression": "tiff_lzw"}),
     ("WEBP", {}), ("AVIF", {}), ("GIF", {}), ("BMP", {}), ("PPM", {})],
)  # fmt: skip
def test_a_cut_file_is_refused_wherever_it_is_cut(kind: str, options: dict[str, object]) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    data = encoded(Image.fromarray(noise), kind, **options)
    # Past its last pixel a file may hold a trailer whose loss loses nothing.
    slack = {"GIF": 8, "TIFF": 12, "BMP": 3}.get(kind, 1)
    for length in [*np.linspace(1, len(data) - slack, 60).astype(int), len(data) - slack]:
        assert refusal(data[:length])


STRANGERS = [
    (b"<html>404", "HTML or XML"),
    (b"%PDF-1.4", "a PDF"),
    (b"PK\x05\x06", "a ZIP archive"),
    (b"\0" * 4096, "zero bytes"),
    (b"\0\0\0\x18ftypheic", "a HEIC photograph"),
    (b"\x89PNG\n\x1a\n", "a PNG whose line ends were changed on the way"),
    (b"\x1b[31m", "something that begins with 1b 5b 33 31"),
]

DAMAGED = [
    (b"", "is empty: a picture was expected, but the file has no bytes"),
    (b"\xff\xd8\xff", "is cut short: a JPEG's first scan was expected, but the file ends before it"),
    (
        b"\xff\xd8\xff\xd9__",
        "is damaged: a JPEG's first scan was expected, but its list of segments is broken",
    ),
    (
        b"\xff\xd8\xff\xda\0\2\xff\xd9",
        "is damaged: a JPEG's frame header was expected before its scan, but there is none",
    ),
    (b"\x89PNG\r\n\x1a\n", "is cut short: a PNG must end with an IEND chunk, but there is none"),
    (
        png(1, 1, 3, 2, b""),
        "is damaged: a PNG's header must name a valid colour type and bit depth, but it does not",
    ),
    (png(0, 5, 8, 2, b""), "is damaged: its header announces 0×5 pixels, but both must be positive"),
    (
        png(10000, 10000, 8, 2, b""),
        "is damaged: its header announces 10000×10000 pixels, which take at least 290,697 bytes, but only 8 were found",
    ),
    (png(3, 3, 8, 2, b"\0\0"), UNDECODABLE),
    (b"GIF89a", UNDECODABLE),
]

UNWANTED = [
    (
        tiff16(np.zeros((2, 2, 3), np.uint16), planar=2),
        "must hold interleaved unsigned RGB where a TIFF has more than 8 bits, but it is of another kind; "
        "save it with 8 bits a channel",
    ),
    (
        encoded(Image.new("F", (2, 2)), "TIFF"),
        "must have unsigned values of 8 or 16 bits, but they are signed, floating-point or of 32 bits, and "
        "nothing says which are black and white; save it with 8 or 16 bits",
    ),
    (
        png(33000, 33000, 1, 0, b""),
        "must have at most 200,000,000 pixels, but its header announces 33000×33000; scale it down or remove it",
    ),
    *((data, f"must be a {FORMATS} file, but it is {what}; convert it or remove it") for data, what in STRANGERS),
    *((data, f"{sentence}; {COPY}") for data, sentence in DAMAGED),
]


@pytest.mark.parametrize(("data", "sentence"), UNWANTED)
def test_a_refusal_is_one_sentence_that_says_what_to_do(data: bytes, sentence: str) -> None:
    assert refusal(data) == f"'a.img' {sentence}"


def test_a_cut_tiff_of_deep_colour_is_refused_wherever_it_is_cut() -> None:
    data = tiff16(np.random.default_rng(4).integers(0, 65536, (40, 50, 3), dtype=np.uint16))
    for length in [*np.linspace(1, len(data) - 2, 60).astype(int), len(data) - 1]:
        assert refusal(data[:length])


def test_a_wrong_checksum_is_refused_where_it_matters() -> None:
    data = bytearray(encoded(picture(), "PNG"))
    data[data.index(b"IDAT") + 9] ^= 1
    assert refusal(bytes(data)) == (f"'a.img' is damaged: a PNG chunk's checksum does not match its content; {COPY}")


def test_a_lying_jpeg_header_is_refused_before_anything_is_allocated() -> None:
    data = bytearray(encoded(picture(), "JPEG"))
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", 12000, 16000)
    assert "announces 16000×12000 pixels, which take at least 375,000 bytes, but only" in refusal(bytes(data))
    data[at + 5 : at + 9] = struct.pack(">HH", 65500, 16300)
    assert refusal(bytes(data)) == (
        f"'a.img' must have at most {MAX_PIXELS:,} pixels, but its header announces 16300×65500; "
        "scale it down or remove it"
    )


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "BMP", "GIF", "WEBP", "AVIF", "PPM", "JPEG2000"])
def test_the_limit_holds_for_every_format(kind: str) -> None:
    data = encoded(picture(), kind)
    assert decode(data, max_pixels=32 * 48).shape == (32, 48, 3)
    assert refusal(data, max_pixels=32 * 48 - 1) == (
        "'a.img' must have at most 1,535 pixels, but its header announces 48×32; scale it down or remove it"
    )


def test_patient_data_in_exif_stays_out_of_messages() -> None:
    data = encoded(picture(), "JPEG", exif=exif(6) + b"PHI-CANARY", comment=b"PHI-CANARY")
    assert "CANARY" not in refusal(data[:-2])


SAMPLES = {
    "JPEG": encoded(picture(), "JPEG"),
    "progressive JPEG": encoded(picture(), "JPEG", progressive=True),
    "JPEG with EXIF": encoded(picture(), "JPEG", exif=exif(6)),
    "PNG": encoded(picture(), "PNG"),
    "palette PNG": encoded(picture().convert("P"), "PNG", transparency=3),
    "deep TIFF": tiff16(np.full((9, 9, 3), 4000, np.uint16)),
    **{kind: encoded(picture(), kind) for kind in ("TIFF", "BMP", "GIF", "WEBP", "AVIF", "PPM", "JPEG2000")},
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", SAMPLES)
def test_damaged_bytes_give_a_picture_or_an_image_error_and_nothing_else(kind: str) -> None:
    rng = np.random.default_rng(11)
    sound = np.frombuffer(SAMPLES[kind], np.uint8)
    for trial in range(300):
        data = sound.copy()
        # Headers decide what is allocated, so every other trial flips bits there.
        flips = rng.integers(0, 200 if trial % 2 else len(data), rng.integers(1, 9)) % len(data)
        data[flips] ^= 1 << rng.integers(0, 8, len(flips), dtype=np.uint8)
        try:
            image = decode(data.tobytes(), max_pixels=1_000_000)
        except ImageError:
            continue
        assert image.ndim == 3
        assert image.shape[2] == 3
        assert image.dtype == np.uint8


@pytest.mark.parametrize("kind", SAMPLES)
def test_random_bytes_behind_a_signature_are_refused(kind: str) -> None:
    rng = np.random.default_rng(12)
    for length in rng.integers(0, 400, 60):
        assert refusal(SAMPLES[kind][:12] + rng.bytes(length), max_pixels=1_000_000).startswith("'a.img' ")
