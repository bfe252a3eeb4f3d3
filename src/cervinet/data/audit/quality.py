"""Pictures that stand out: blurred, dark, overexposed, tiny, oddly shaped.

Blur and light are judged against the other pictures of the set, for what is usual differs from a colposcope to a
microscope. The limits were chosen so that of 5,100 public pictures of four kinds less than one in 100 is flagged
by any of them.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from cervinet.data.audit.measurements import Measurements
from cervinet.data.quality import TINY_ENLARGEMENT

BLUR_DEVIATIONS = 3.0
"""A picture is blurred where the logarithm of its sharpness lies this many robust standard deviations below the median;
a Gaussian blur of 1/32 of the picture's side takes nearly every picture there, one of 1/128 hardly any."""

LEAST_SPREAD = 0.35
"""The least standard deviation of that logarithm: where all pictures are alike, the median divided by 3 is not blur."""

DARK_SHARE = 0.95
"""Share of black from which a picture is dark; the surround of an endoscope's field leaves at least a third."""

WHITE_SHARE = 0.25
"""Share of white that makes a picture overexposed: highlights of wet tissue take up to 0.06 of good pictures."""

BEYOND_USUAL = 0.1, 0.25
"""How much more black, and white, than the median picture it must have: some backgrounds are black or white."""

ODD_ELONGATION = 2.0
"""How many times the usual ratio of the longer to the shorter side; 16:9 beside 4:3, or upright, is 1.3 times."""


def flagged(measured: Measurements, image_size: tuple[int, int]) -> Iterator[tuple[str, int, str]]:
    """Pictures that stand out.

    Args:
        measured: of all pictures; unreadable ones are passed over.
        image_size: (height, width) that the network sees.

    Yields:
        A key of KINDS, the row, and what was measured in words; by kind, then by row.
    """
    rows = np.flatnonzero(measured.readable)
    if not len(rows):
        return
    seen = measured.take(rows)
    yield from _blurred(seen.sharpness, rows)
    for kind, share, limit, beyond, what in (
        ("dark", seen.dark, DARK_SHARE, BEYOND_USUAL[0], "black"),
        ("overexposed", seen.white, WHITE_SHARE, BEYOND_USUAL[1], "white"),
    ):
        usual = float(np.median(share))
        for place in np.flatnonzero((share >= limit) & (share >= usual + beyond)):
            yield kind, int(rows[place]), f"{share[place]:.0%} of it is {what}; usual here: {usual:.0%}"
    yield from _tiny(seen, rows, image_size)
    longer, shorter = np.maximum(seen.height, seen.width), np.minimum(seen.height, seen.width)
    elongation = longer / shorter
    usual = float(np.median(elongation))
    for place in np.flatnonzero(elongation > ODD_ELONGATION * usual):
        size = f"{seen.height[place]} × {seen.width[place]}"
        yield (
            "odd_shape",
            int(rows[place]),
            f"{size}: one side is {elongation[place]:.1f} times the other; {usual:.1f} is usual here",
        )


def _blurred(sharpness: NDArray[np.float32], rows: NDArray[np.int64]) -> Iterator[tuple[str, int, str]]:
    logarithm = np.log(np.maximum(sharpness.astype(float), 0.01))
    median = float(np.median(logarithm))
    # 1.4826 makes the median absolute deviation the standard deviation of a normal distribution.
    spread = max(1.4826 * float(np.median(np.abs(logarithm - median))), LEAST_SPREAD)
    for place in np.flatnonzero(logarithm < median - BLUR_DEVIATIONS * spread):
        share = np.exp(logarithm[place] - median)
        yield "blurred", int(rows[place]), f"{share:.1%} of the fine detail that is usual here"


def _tiny(seen: Measurements, rows: NDArray[np.int64], image_size: tuple[int, int]) -> Iterator[tuple[str, int, str]]:
    height, width = image_size
    enlargement = np.minimum(height / seen.height, width / seen.width)
    for place in np.flatnonzero(enlargement >= TINY_ENLARGEMENT):
        size = f"{seen.height[place]} × {seen.width[place]}"
        yield "tiny", int(rows[place]), f"{size}, enlarged {enlargement[place]:.1f} times to {height} × {width}"
