"""One picture on its way to the network: where its pixels are, and what its row says of them."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cervinet.data.decode import MAX_PIXELS, decode, read_bytes

Box = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture and its region of interest.

    Attributes:
        path: its file; where `pixels` are given, the table they stand in and their line, `table.csv:17`; where `data`
            are given, any name for them.
        box: (x, y, width, height) of a region of interest, in pixels of the upright picture at its full size.
        masks: files of the same size that are not black where the lesion is; several are united.
        pixels: uint8 (H, W, 3) RGB, for a picture that has no file of its own.
        data: the bytes of an image file, for a picture that came over a wire.
        max_pixels: the most that its header may announce.
    """

    path: Path
    box: Box | None = None
    masks: tuple[Path, ...] = ()
    pixels: NDArray[np.uint8] | None = None
    data: bytes | None = None
    max_pixels: int = MAX_PIXELS

    def read(self, *, at_least: tuple[int, int] | None = None) -> NDArray[np.uint8]:
        """Its pixels, uint8 (H, W, 3) RGB, 0–255; `at_least` as in `decode`.

        Raises:
            ImageError: the file cannot be read or is no whole picture.
        """
        if self.pixels is not None:
            return self.pixels
        data = read_bytes(self.path) if self.data is None else self.data
        return decode(data, at_least=at_least, max_pixels=self.max_pixels, name=os.fsdecode(self.path))
