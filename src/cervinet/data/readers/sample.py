"""A tiny valid data set of each reader's layout, written and read back by the tests of the contract."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Row = dict[str, Any]


@dataclass(frozen=True)
class Sample:
    """What was written, and what the reader must make of it.

    Attributes:
        root: `data.root`.
        options: of the reader.
        rows: the manifest's rows in order, without the columns that are empty.
        pixels: uint8 (n, H, W, 3) RGB, where the pictures are no files.
    """

    root: Path
    options: dict[str, Any] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    pixels: NDArray[np.uint8] | None = None


def write_pictures(root: Path, names: Iterable[str], size: tuple[int, int] = (24, 32)) -> None:
    """Noise of `size` (height, width) pixels under each name; its pixels follow from the name."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(list(os.fsencode(name))).integers(0, 256, (*size, 3), np.uint8)
        path.write_bytes(cv2.imencode(path.suffix, pixels)[1].tobytes())
