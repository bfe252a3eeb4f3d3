"""Sizes and colours by class and split, as a table for people."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cervinet.data.measurements import Measurements

COLUMNS = ("pictures", "height", "width", "red", "green", "blue", "brightness", "sharpness")


def appearance(table: pd.DataFrame, measured: Measurements, by: Sequence[str]) -> pd.DataFrame:
    """What the readable pictures of each class, split or both look like.

    Args:
        table: a manifest's table, n rows.
        measured: of the same n pictures.
        by: columns to part the pictures by, such as ["label"] or ["split", "label"]; rows without one are left out.

    Returns:
        A row a part: the columns `by`, `pictures` (count), then medians: `height` and `width` in pixels, mean `red`,
        `green`, `blue` and `brightness` (0–255), `sharpness` (grey levels squared).
    """
    values = pd.DataFrame(
        {
            "height": measured.height,
            "width": measured.width,
            **{name: measured.mean[:, channel] for channel, name in enumerate(("red", "green", "blue"))},
            "brightness": measured.brightness,
            "sharpness": measured.sharpness,
        }
    )
    values = pd.concat([table[list(by)].reset_index(drop=True), values], axis=1)
    parts = values[np.asarray(measured.readable)].groupby(list(by), sort=True)
    return parts.median().assign(pictures=parts.size()).reset_index()[[*by, *COLUMNS]]
