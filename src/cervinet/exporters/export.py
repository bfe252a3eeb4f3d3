"""What is exported, the ways to call what was written, and what comes out of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cervinet.model_card import ModelCard
from cervinet.run import Run

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Source:
    """A run whose network is exported.

    Attributes:
        run: finished, of one network.
        card: of the run.
        name: of the model in a server's URLs.
        examples: gives prepared pictures, uint8 (n, height, width, 3), that ranges of numbers may be measured on.
    """

    run: Run
    card: ModelCard
    name: str
    examples: Callable[[], Pixels]


@dataclass(frozen=True)
class Bound:
    """How far probabilities may be from those of the run.

    Attributes:
        of: the largest difference, or the mean over all pictures and classes.
        limit: of it.
        why: in words, for the card.
    """

    of: Literal["max", "mean"]
    limit: float
    why: str


@dataclass(frozen=True)
class Part:
    """One way to call an export: a file, or a signature of one.

    Attributes:
        name: in the card and in results.
        file: within the export; several parts may share one.
        takes: name, dtype, shape, range and meaning of what it is called with.
        gives: name of each output → what it is.
        calibrated: whether its probabilities are those that `predict` says, after calibration and over all views;
            else they are the network's own for the upright picture.
        bound: what it must agree with the run to.
        lossy: whether numbers were made coarser, so that the accuracy lost is measured; a lossy part that does not
            agree is left out, and the others stay.
    """

    name: str
    file: str
    takes: Mapping[str, object]
    gives: Mapping[str, str]
    calibrated: bool
    bound: Bound
    lossy: bool = False


@dataclass(frozen=True)
class Written:
    """What an exporter wrote: its parts, and what a person should know."""

    parts: tuple[Part, ...]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Given:
    """Pictures to call a part with: prepared ones, and the same as the bytes of image files."""

    pixels: Pixels
    files: Sequence[bytes]


Outputs = Mapping[str, NDArray[np.float32]]
"""Name → float32 (n, …); always with `probabilities`."""
Call = Callable[[Given], Outputs]
Reload = Callable[[Path], Mapping[str, Call]]
"""The parts in a folder by their names, loaded from their files alone; the trait `reload` of an exporter."""
