"""Measurements of pictures as columns, and their memory on the disk.

The memory is content-addressed: a measurement is found by the digest of the picture's content, so it serves whatever
folder the picture lies in. It is kept in a few files by the first digit of the digest, in a folder named by all
versions that could change a number.
"""

import json
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import PIL
from numpy.typing import NDArray

from cervinet.data.audit.fingerprint import THUMBNAIL
from cervinet.data.decode import DECODER_VERSION
from cervinet.data.digests import digest_of
from cervinet.data.preprocess import PREPROCESS_VERSION
from cervinet.files import replacing


@dataclass(frozen=True)
class Measurements:
    """A row a picture, in the order of the pictures; all zero where it cannot be read.

    Attributes:
        error: object (n,) of str: why it cannot be used, or "".
        height: int32 (n,), of the upright picture in pixels.
        width: int32 (n,).
        pixels: uint8 (n, 16): digest of the shape and the decoded pixels.
        thumbnail: uint8 (n, 40, 40), grey, squashed to a square.
        brightness: float32 (n,), mean of R, G and B, 0–255.
        dark: float32 (n,), share of the area that is black to the eye, 0–1.
        white: float32 (n,), share of the area where R, G and B are all at their end, 0–1.
        sharpness: float32 (n,), variance of the Laplacian of the grey picture at 128 × 128, grey levels squared.
        mean: float32 (n, 3), of R, G and B, 0–255.
        spread: float32 (n, 3), standard deviation of R, G and B at 64 × 64.
    """

    error: NDArray[np.object_]
    height: NDArray[np.int32]
    width: NDArray[np.int32]
    pixels: NDArray[np.uint8]
    thumbnail: NDArray[np.uint8]
    brightness: NDArray[np.float32]
    dark: NDArray[np.float32]
    white: NDArray[np.float32]
    sharpness: NDArray[np.float32]
    mean: NDArray[np.float32]
    spread: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.error)

    @property
    def readable(self) -> NDArray[np.bool_]:
        return np.array(self.error == "", bool)

    @classmethod
    def empty(cls, n: int) -> "Measurements":
        """Columns for n pictures, all zero."""
        columns = {name: np.zeros((n, *shape), dtype) for name, dtype, shape in _COLUMNS}
        return cls(error=np.full(n, "", object), **columns)

    def take(self, rows: NDArray[Any]) -> "Measurements":
        """The rows with these numbers, numbered anew."""
        return Measurements(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


_COLUMNS: tuple[tuple[str, str, tuple[int, ...]], ...] = (
    ("height", "i4", ()),
    ("width", "i4", ()),
    ("pixels", "u1", (16,)),
    ("thumbnail", "u1", (THUMBNAIL, THUMBNAIL)),
    ("brightness", "f4", ()),
    ("dark", "f4", ()),
    ("white", "f4", ()),
    ("sharpness", "f4", ()),
    ("mean", "f4", (3,)),
    ("spread", "f4", (3,)),
)
_RECORD = np.dtype([("key", "S32"), *_COLUMNS])
_DIGITS = "0123456789abcdef"


class Memory:
    """Measurements by the digest of a picture's content, kept under a cache directory."""

    def __init__(self, cache: Path | None, version: int) -> None:
        versions = [version, DECODER_VERSION, PREPROCESS_VERSION, cv2.__version__, PIL.__version__]
        self._folder = cache and cache / "measurements" / digest_of(json.dumps(versions).encode())

    def recall(self, keys: NDArray[np.bytes_], found: Measurements) -> NDArray[np.bool_]:
        """Fill in the rows that are remembered.

        Args:
            keys: digest of each row, "S32" (n,); empty ones are passed over.
            found: is written to.

        Returns:
            Which rows were filled in, bool (n,).
        """
        known = np.zeros(len(keys), bool)
        for digit, rows in _by_digit(keys):
            records = self._read(digit)
            places = np.minimum(np.searchsorted(records["key"], keys[rows]), max(len(records) - 1, 0))
            if len(records):
                there = records["key"][places] == keys[rows]
                for name, _, _ in _COLUMNS:
                    getattr(found, name)[rows[there]] = records[name][places[there]]
                known[rows[there]] = True
        return known

    def keep(self, keys: NDArray[np.bytes_], found: Measurements, rows: NDArray[np.int64]) -> None:
        """Remember these rows, unless they have errors or the folder cannot be written to."""
        rows = rows[found.readable[rows]]
        if self._folder is None or not len(rows):
            return
        with suppress(OSError):  # a memory only saves time; a run must not end for want of it
            # The thumbnails are of patients.
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for digit, places in _by_digit(keys[rows]):
                new = np.empty(len(places), _RECORD)
                new["key"] = keys[rows[places]]
                for name, _, _ in _COLUMNS:
                    new[name] = getattr(found, name)[rows[places]]
                records = np.concatenate([self._read(digit), new])
                _, first = np.unique(records["key"], return_index=True)
                with replacing(self._folder / f"{digit}.npy") as temporary:
                    np.save(temporary, records[first])

    def _read(self, digit: str) -> NDArray[Any]:
        """Records in the order of their keys; none where the file is missing or damaged."""
        with suppress(OSError, ValueError, EOFError):
            if self._folder is not None:
                records = np.lib.format.open_memmap(self._folder / f"{digit}.npy", mode="r")
                if records.dtype == _RECORD and records.ndim == 1 and _ordered(records["key"]):
                    return np.asarray(records)
        return np.empty(0, _RECORD)


def _ordered(keys: NDArray[np.bytes_]) -> bool:
    return bool((keys[1:] > keys[:-1]).all())


def _by_digit(keys: NDArray[np.bytes_]) -> list[tuple[str, NDArray[np.int64]]]:
    """Row numbers by the first digit of their keys."""
    first = keys.astype("S1")
    parts = [(digit, np.flatnonzero(first == digit.encode())) for digit in _DIGITS]
    return [(digit, rows) for digit, rows in parts if len(rows)]
