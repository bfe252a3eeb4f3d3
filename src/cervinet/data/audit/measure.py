"""What an audit must know of every picture, from decoding each of them in full once."""

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cervinet.data.audit.fingerprint import THUMBNAIL
from cervinet.data.audit.measurements import Measurements, Memory
from cervinet.data.picture import Picture
from cervinet.data.preprocess import stretch
from cervinet.environment import cores
from cervinet.errors import ImageError
from cervinet.progress import Progress

MEASURE_VERSION = 1
"""Raised whenever the same pixels would measure otherwise, lest remembered measurements be taken for new ones."""

DARK, WHITE = 40, 245
"""Grey levels: darker than the first is black to the eye; a pixel is white where R, G and B all reach the second."""

_COLOUR_SIZE = (64, 64)
_DETAIL_SIZE = (128, 128)
_CHUNK = 32


def measure(
    pictures: Sequence[Picture], digests: Sequence[str | ImageError], cache: Path | None, progress: Progress
) -> Measurements:
    """Measure every picture; those whose content was measured before are not read again.

    Args:
        pictures: in the order of the rows.
        digests: of their contents, as `Digests.of_pictures` gives them; an error instead makes a row unreadable.
        cache: folder in which measurements are remembered; None, or one that cannot be written to, remembers nothing.
        progress: shows the reading.

    Returns:
        A row a picture. One that cannot be read has its error and zeros; errors are not remembered.
    """
    found = Measurements.empty(len(pictures))
    for row, digest in enumerate(digests):
        if isinstance(digest, ImageError):
            found.error[row] = str(digest)
    keys = np.array(["" if isinstance(digest, ImageError) else digest for digest in digests], "S32")
    memory = Memory(cache, MEASURE_VERSION)
    todo = np.flatnonzero(~memory.recall(keys, found) & (keys != b""))
    chunks = [todo[start : start + _CHUNK] for start in range(0, len(todo), _CHUNK)]

    def done() -> Iterator[int]:
        with ThreadPoolExecutor(cores()) as pool:
            try:
                measured = pool.map(lambda rows: _measure_rows(pictures, rows, found), chunks)
                for rows, _ in zip(chunks, measured, strict=True):
                    yield from rows
            finally:  # an interruption must not wait for all the others
                pool.shutdown(wait=False, cancel_futures=True)

    for _ in progress.track(done(), len(todo), "Measuring pictures"):
        pass
    memory.keep(keys, found, todo)
    return found


def _measure_rows(pictures: Sequence[Picture], rows: NDArray[np.int64], found: Measurements) -> None:
    """Read some pictures; what small pictures tell is computed of all at once."""
    colours = np.zeros((len(rows), *_COLOUR_SIZE, 3), np.uint8)
    for place, row in enumerate(rows):
        try:
            image = np.ascontiguousarray(pictures[row].read())
        except ImageError as error:
            found.error[row] = str(error)
            continue
        found.height[row], found.width[row] = image.shape[:2]
        found.pixels[row] = np.frombuffer(_digest(image), np.uint8)
        colours[place] = stretch(image, _COLOUR_SIZE)
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        found.thumbnail[row] = stretch(grey, (THUMBNAIL, THUMBNAIL))  # type: ignore[arg-type]  # cv2's stubs
        detail = cv2.Laplacian(stretch(grey, _DETAIL_SIZE), cv2.CV_32F)  # type: ignore[arg-type]
        # OpenCV's sums are several times as fast as NumPy's on arrays as small as these.
        found.sharpness[row] = cv2.meanStdDev(detail)[1][0, 0] ** 2
        mean, spread = cv2.meanStdDev(colours[place])
        found.mean[row], found.spread[row] = mean[:, 0], spread[:, 0]
    found.brightness[rows] = found.mean[rows].mean(axis=1)
    red, green, blue = (colours[..., channel] for channel in range(3))
    black = red.astype(np.uint16) + green + blue < 3 * DARK
    white = np.minimum(np.minimum(red, green), blue) >= WHITE
    readable = np.array([not found.error[row] for row in rows])
    found.dark[rows] = np.count_nonzero(black, axis=(1, 2)) / black[0].size * readable
    found.white[rows] = np.count_nonzero(white, axis=(1, 2)) / white[0].size


def _digest(image: NDArray[np.uint8]) -> bytes:
    """Of shape and pixels. SHA-256 runs in hardware, at twice the speed of BLAKE2b."""
    digest = hashlib.sha256(repr(image.shape).encode())
    digest.update(image.data)
    return digest.digest()[:16]
