"""What a frozen backbone makes of each picture, kept on the disk row by row.

`<key>.f32` holds a row of float32 for each picture, `<key>.crc` a CRC-32 of each row, 0 where there is none. A row is
there only where the two agree: one that a killed process wrote in part, or that was spoilt on the disk, is computed
again, and processes that fill the same file need no lock. The file is mapped, not read, as the prepared pictures are.
"""

import errno
import os
import shutil
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cervinet.errors import DataError

Rows = NDArray[np.int64]

# Keeps these draws apart from those of `augment` and of `mixing`, whose keys have other bits in this place.
_STREAM = 1 << 62


@dataclass(frozen=True)
class FeatureFile:
    """The features of one view of the pictures.

    Attributes:
        path: of the file; that of the checksums has the suffix .crc.
        pictures: how many rows it has room for.
        width: numbers in a row.
    """

    path: Path
    pictures: int
    width: int

    def missing(self, rows: Rows) -> Rows:
        """Those of the rows that are not there whole, int64 (m,)."""
        try:
            values, sums = self.mapped(), np.fromfile(self._sums, np.uint32, self.pictures)
        except (OSError, ValueError):
            return rows
        if len(sums) < self.pictures:
            return rows
        return np.array([row for row in rows.tolist() if not sums[row] or sums[row] != _sum(values[row])], np.int64)

    def write(self, rows: Rows, values: NDArray[np.float32]) -> None:
        """Keep rows, float32 (m, width). Raises DataError where there is no room for them."""
        try:
            self._create()
            with self.path.open("r+b") as file, self._sums.open("r+b") as sums:
                for row, value in zip(rows.tolist(), values, strict=True):
                    file.seek(row * value.nbytes)
                    file.write(value.tobytes())
                file.flush()
                for row, value in zip(rows.tolist(), values, strict=True):
                    sums.seek(4 * row)
                    sums.write(_sum(value).tobytes())
        except OSError as error:
            raise self._unwritable(error) from None

    def check_space(self, rows: int) -> None:
        """Raises DataError where so many rows more will not fit, or the folder cannot be made."""
        try:
            # The features are of patients' pictures.
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            if shutil.disk_usage(self.path.parent).free < 4 * rows * self.width:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            raise self._unwritable(error) from None

    def mapped(self) -> NDArray[np.float32]:
        """All rows, read-only, float32 (pictures, width); those that are missing hold anything."""
        return np.memmap(self.path, np.float32, "r", shape=(self.pictures, self.width))

    @property
    def _sums(self) -> Path:
        return self.path.with_suffix(".crc")

    def _create(self) -> None:
        """Both files in their full length; what is in them stays."""
        for path, length in ((self.path, 4 * self.pictures * self.width), (self._sums, 4 * self.pictures)):
            with path.open("ab") as file:
                if file.tell() != length:
                    file.truncate(length)

    def _unwritable(self, error: OSError) -> DataError:
        return DataError(
            f"the features of {self.pictures:,} pictures ({4 * self.pictures * self.width / 2**20:,.1f} MiB) cannot be "
            f"kept under {self.path.parent}: {error.strerror}; set data.cache to another disk, or "
            "training.feature_cache=false"
        )


@dataclass(frozen=True)
class Features:
    """Features of prepared pictures by row number.

    Attributes:
        views: float32 (pictures, width) each: of the pictures as they are, then of augmented ones, which only the
            training pictures need have.
    """

    views: tuple[NDArray[np.float32], ...]

    @property
    def width(self) -> int:
        return int(self.views[0].shape[1])

    def __getitem__(self, rows: Rows) -> NDArray[np.float32]:
        """Of the pictures as they are, float32 (n, width)."""
        return np.asarray(self.views[0][rows])

    def drawn(self, rows: Rows, *, seed: int, epoch: int, copies: Rows) -> NDArray[np.float32]:
        """Of one view of each picture, drawn anew in each epoch; copies of a picture in an epoch get different ones.

        Args:
            rows: row numbers, int64 (n,).
            seed: of the run, below 2**31.
            epoch: counted from 0.
            copies: which of the picture's copies in this epoch, from 0, int64 (n,).

        Returns:
            float32 (n, width), a function of the arguments alone.
        """
        if len(self.views) == 1:
            return self[rows]
        first = np.array([_draw(len(self.views), seed, epoch, row) for row in rows.tolist()])
        views = (first + copies) % len(self.views)
        return np.stack([self.views[view][row] for view, row in zip(views, rows, strict=True)])


def _draw(views: int, seed: int, epoch: int, row: int) -> int:
    generator = np.random.Generator(np.random.Philox(key=[seed | _STREAM, (epoch << 40) | row]))
    return int(generator.integers(views))


def _sum(row: NDArray[np.float32]) -> np.uint32:
    """Never 0, which says that there is no row."""
    return np.uint32(zlib.crc32(row.tobytes()) or 1)
