"""The input gate: which pictures are too unlike those of training, or too poor, to be judged."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import exp, isfinite, log
from pathlib import Path
from typing import Any

import numpy as np

from cervinet.data.quality import TINY_ENLARGEMENT, Quality
from cervinet.errors import CervinetError
from cervinet.inference.limits import lower_limit, upper_limit
from cervinet.model_card import ModelCard

FLAGS = ("dark", "bright", "blurred", "small", "unlike")
"""What a picture can be flagged as."""

_LEAST_SHARPNESS = 0.01


@dataclass(frozen=True)
class Gate:
    """Limits settled on validation pictures.

    Attributes:
        darkest: lowest mean brightness that is not flagged, 0–255.
        brightest: highest mean brightness that is not flagged, 0–255.
        least_sharp: lowest variance of the Laplacian that is not flagged.
        most_enlarged: highest enlargement that is not flagged, at least 2.
        refuse: flags with which a picture gets no class.
        share: of new pictures like the validation pictures that each limit is to flag.
        n: validation pictures.
        unlike: facts of the distance by which "unlike" is flagged; empty: nothing is.
    """

    darkest: float
    brightest: float
    least_sharp: float
    most_enlarged: float
    refuse: tuple[str, ...]
    share: float
    n: int
    unlike: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def fit(
        cls,
        validation: Sequence[Quality],
        share: float,
        refuse: Sequence[str],
        unlike: Mapping[str, Any] | None = None,
    ) -> "Gate":
        """Limits beyond which a share of new pictures is to lie.

        Pictures differ in sharpness by factors, so that its limit is one of logarithms. A picture is small where it was
        enlarged more than any validation picture, and at least doubled: up to there, enlarging is usual and harmless.

        Args:
            validation: of at least two pictures.
            share: in (0, 1).
            refuse: of FLAGS.
            unlike: see the attribute.
        """
        brightness = np.array([one.brightness for one in validation])
        sharpness = np.log([max(one.sharpness, _LEAST_SHARPNESS) for one in validation])
        least = exp(lower_limit(sharpness, share))
        return cls(
            darkest=max(0.0, lower_limit(brightness, share)),
            brightest=min(255.0, upper_limit(brightness, share)),
            # Where pictures without any detail are usual, none is blurred.
            least_sharp=least if log(least) > log(_LEAST_SHARPNESS) else 0.0,
            most_enlarged=max(TINY_ENLARGEMENT, *(one.enlargement for one in validation)),
            refuse=tuple(flag for flag in FLAGS if flag in refuse),
            share=share,
            n=len(validation),
            unlike=dict(unlike or {}),
        )

    def flags(self, quality: Quality, unlike: float | None) -> tuple[str, ...]:
        """Of a picture, in the order of FLAGS. `unlike` is in units of its threshold."""
        found = {
            "dark": quality.brightness < self.darkest,
            "bright": quality.brightness > self.brightest,
            "blurred": quality.sharpness < self.least_sharp,
            "small": quality.enlargement > self.most_enlarged,
            "unlike": unlike is not None and unlike > 1,
        }
        return tuple(flag for flag in FLAGS if found[flag])

    def to_json(self) -> dict[str, Any]:
        """As in `model.json`; without "unlike" where nothing is flagged so."""
        values = asdict(self) | {"refuse": list(self.refuse), "unlike": dict(self.unlike)}
        return {name: value for name, value in values.items() if name != "unlike" or value}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Gate":
        """What `to_json` gave. Raises KeyError, TypeError or ValueError where it is something else."""
        gate = cls(**{**values, "refuse": tuple(values["refuse"])})
        limits = gate.darkest, gate.brightest, gate.least_sharp, gate.most_enlarged, gate.share, gate.n
        if any(type(one) not in (int, float) or not isfinite(one) for one in limits):
            raise TypeError(f"limits must be numbers; got {limits}")
        if unknown := [flag for flag in gate.refuse if flag not in FLAGS]:
            raise ValueError(f"refuse must name flags of {FLAGS}; got {unknown[0]!r}")
        if not isinstance(gate.unlike, Mapping) or ("unlike" in values and not gate.unlike):
            raise TypeError(f"unlike must hold facts of a distance; got {gate.unlike!r}")
        return gate


def gate_of(card: ModelCard, file: Path) -> Gate | None:
    """The gate of a card that was read from a file; None of a card without.

    Raises:
        CervinetError: the card holds something else.
    """
    if not card.gate:
        return None
    try:
        return Gate.from_json(card.gate)
    except (KeyError, TypeError, ValueError) as error:
        raise CervinetError(
            f"the gate in {file} must be the one that the run was finished with; it cannot be read: {error!r}; bring "
            "the original back, or train again"
        ) from None
