"""The input gate: which pictures are too unlike those of training, or too poor, to be judged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cervinet.data.quality import Quality

FLAGS = ("dark", "bright", "blurred", "small", "unlike")
"""What a picture can be flagged as."""


@dataclass(frozen=True)
class Gate:
    """Limits settled on validation pictures.

    Attributes:
        darkest: lowest mean brightness that is not flagged; likewise the next three.
        brightest: highest.
        least_sharp: lowest variance of the Laplacian.
        most_enlarged: highest enlargement.
        refuse: flags with which a picture gets no class.
        share: of validation pictures that each limit was to flag.
        n: validation pictures.
    """

    darkest: float
    brightest: float
    least_sharp: float
    most_enlarged: float
    refuse: tuple[str, ...]
    share: float
    n: int

    @classmethod
    def fit(cls, validation: Sequence[Quality], share: float, refuse: Sequence[str]) -> "Gate":
        """Limits beyond which a share of the validation pictures lies."""
        raise NotImplementedError

    def flags(self, quality: Quality, unlike: float | None) -> tuple[str, ...]:
        """Of a picture, in the order of FLAGS. `unlike` is in units of its threshold."""
        raise NotImplementedError

    def to_json(self) -> dict[str, Any]:
        """As in `model.json`."""
        raise NotImplementedError

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Gate":
        """What `to_json` gave. Raises KeyError, TypeError or ValueError where it is something else."""
        raise NotImplementedError
