"""Two image tables as one."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from cervinet.data.manifest import Manifest, table_of
from cervinet.errors import DataError


def joined(manifest: Manifest, other: Manifest, split: str) -> Manifest:
    """Pictures of another root behind those of the first, with paths from there."""

    # Real places: behind a link, `..` leads elsewhere, and a run names its roots by their real places.
    there, here = other.root.resolve(), manifest.root.resolve()

    def moved(path: str) -> str:
        return Path(os.path.relpath(there / path, here)).as_posix()

    table = other.table.assign(
        split=split,
        image=other.table["image"].map(moved),
        masks=pd.Series([masks and tuple(map(moved, masks)) for masks in other.table["masks"]], dtype=object),
    )
    pixels = manifest.pixels
    if pixels is not None and other.pixels is not None:
        sizes = [f"{each.shape[1]}×{each.shape[2]}" for each in (pixels, other.pixels)]
        if sizes[0] != sizes[1]:
            raise DataError(
                f"the pictures of {split} must be of the size of the others, {sizes[0]}, but those of "
                f"`data.split.{split}_root` are {sizes[1]}; name a table of the same size"
            )
        pixels = np.concatenate([pixels, other.pixels])
    return replace(
        manifest,
        table=table_of(pd.concat([manifest.table, table], ignore_index=True)),
        pixels=pixels,
        ignored=pd.concat([manifest.ignored, other.ignored], ignore_index=True),
        remarks=manifest.remarks + other.remarks,
    )
