"""The image table: one row a picture, made by a reader, checked once, used by everything after.

| column | dtype | what |
|---|---|---|
| image | str | path relative to `root` with forward slashes (absolute where the picture lies outside) |
| label | str or None | class |
| sublabel | str or None | finer class, where the layout has one |
| group | str or None | pictures that belong together (a patient); never torn apart by a split |
| site | str or None | where the picture was taken (a clinic, a device) |
| split | str or None | train, val or test, where the data bring their own |
| box_x, box_y, box_w, box_h | float64 | region of interest in pixels of the upright picture; NaN where there is none |
| digest | str or None | BLAKE2b of the file, or of the pixels; filled in when the pictures are read |
| masks | tuple of str or None | paths of masks like `image`, not black where the lesion is; several are united |
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cervinet.data.groups import described
from cervinet.data.picture import Picture

SPLITS = ("train", "val", "test")
TEXT_COLUMNS = ("image", "label", "sublabel", "group", "site", "split", "digest")
BOX_COLUMNS = ("box_x", "box_y", "box_w", "box_h")
_SUFFIXES = "jpg jpeg jpe jfif jp2 j2k png bmp dib tif tiff webp gif avif ppm pgm pbm pnm dcm dicom"
IMAGE_SUFFIXES = frozenset(f".{suffix}" for suffix in _SUFFIXES.split(" "))


@dataclass(frozen=True)
class Manifest:
    """Pictures of one data set.

    Attributes:
        table: a row a picture, the columns above, index 0…n-1.
        root: the folder that `image` is relative to.
        classes: in the order of the network's output.
        ignored: what the reader passed over, and why: columns image and reason.
        note: said wherever the data are shown ("synthetic phantoms"); empty for real pictures.
        pixels: uint8 (n, H, W, 3) RGB, row by row, where the pictures are no files of their own.
        groups_from: where the groups come from, of "column", "pattern" and "near-duplicates"; the last are derived.
        remarks: sentences about the data that a person should be told.
    """

    table: pd.DataFrame
    root: Path
    classes: tuple[str, ...] = ()
    ignored: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["image", "reason"], dtype=object))
    note: str = ""
    pixels: NDArray[np.uint8] | None = None
    groups_from: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.table)

    def paths(self) -> list[Path]:
        return [self.root / image for image in self.table["image"]]

    def pictures(self) -> list[Picture]:
        """Every row as a picture."""
        boxes = self.table[list(BOX_COLUMNS)].to_numpy(float)
        return [
            Picture(
                path,
                None if np.isnan(box[0]) else (box[0], box[1], box[2], box[3]),
                tuple(self.root / mask for mask in masks or ()),
                None if self.pixels is None else self.pixels[row],
            )
            for row, (path, box, masks) in enumerate(
                zip(self.paths(), boxes.tolist(), self.table["masks"], strict=True)
            )
        ]

    def part(self, split: str) -> pd.DataFrame:
        """The rows of a split; their index are row numbers of the whole table."""
        return self.table[self.table["split"] == split]

    def has_groups(self) -> bool:
        return bool(self.table["group"].notna().any())

    def groups(self) -> pd.Series:
        """A group for every row; a picture without one is a group of its own."""
        return self.table["group"].fillna(self.table["image"])

    def take(self, rows: np.ndarray[Any, Any]) -> "Manifest":
        """The rows with these numbers, numbered anew."""
        pixels = None if self.pixels is None else self.pixels[rows]
        return replace(self, table=self.table.loc[rows].reset_index(drop=True), pixels=pixels)

    def caption(self) -> str:
        """What must be said with every result on these pictures: that they are synthetic, that groups are derived."""
        return ", ".join(filter(None, (self.note, described(self.groups_from))))

    def ignored_line(self) -> str:
        """`3 files ignored: 2 hidden, 1 not an image`, or nothing."""
        if self.ignored.empty:
            return ""
        counts = Counter(self.ignored["reason"])
        files = "file" if len(self.ignored) == 1 else "files"
        return f"{len(self.ignored)} {files} ignored: " + ", ".join(
            f"{n} {reason}" for reason, n in counts.most_common()
        )


def table_of(rows: Sequence[Mapping[str, object]] | pd.DataFrame) -> pd.DataFrame:
    """Rows with every column of a manifest, missing ones empty."""
    # Arrow, behind pandas' own text type, refuses file names that are not UTF-8.
    table = pd.DataFrame(rows, dtype=object).reset_index(drop=True)
    for column in (*TEXT_COLUMNS, "masks"):
        table[column] = table[column].astype(object) if column in table else None
        table[column] = table[column].where(table[column].notna(), None)
    for column in BOX_COLUMNS:
        table[column] = table[column].astype("float64") if column in table else float("nan")
    return table[[*TEXT_COLUMNS, *BOX_COLUMNS, "masks"]]
