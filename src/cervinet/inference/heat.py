"""What heat maps are asked of and made of, whatever runs the network."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from cervinet.data.picture import Picture
from cervinet.data.preprocess import Steps
from cervinet.errors import UsageError
from cervinet.model_card import ModelCard
from cervinet.run import Run

Method = Literal["grad_cam", "grad_cam_plus_plus"]
Heat = NDArray[np.float32]


class AnyExplainer(Protocol):
    """Heat maps of a network, or of an ensemble."""

    card: ModelCard
    size: tuple[int, int]
    steps: Steps

    def prepare(self, picture: Picture) -> NDArray[np.uint8]:
        """What the network sees, uint8 (height, width, 3) RGB. Raises ImageError where the picture cannot be read."""

    def predicted(self, images: NDArray[np.uint8]) -> NDArray[np.int64]:
        """The most probable class of each prepared picture as it stands, int64 (n,)."""

    def heat(self, images: NDArray[np.uint8], classes: NDArray[np.int64] | None = None) -> Heat:
        """What speaks for a class of each; see `explain.Explainer`, by which any other is measured."""


@dataclass(frozen=True)
class Network:
    """A run, its card, and its share in what an ensemble says."""

    run: Run
    card: ModelCard
    weight: float


def networks_of(run: Run) -> tuple[ModelCard, list[Network]]:
    """The networks to explain: that of a run, or those of the ensemble that it is.

    Returns:
        The card of the run, with size and steps of its members; and the networks.

    Raises:
        CervinetError: a file was changed or cannot be read.
        UsageError: the members of an ensemble prepare pictures in several ways, so that their maps do not match.
    """
    card = run.read_card()
    if not card.members:
        return card, [Network(run, card, 1.0)]
    members = [run.verified_member(card, one.folder) for one in card.members]
    cards = [member.read_card() for member in members]
    if len({repr((one.image_size, one.preprocess)) for one in cards}) > 1:
        raise UsageError(
            f"the networks of the ensemble {run.path} prepare pictures in different ways, so their heat maps "
            f"cannot be averaged; explain one of them, as in --run {members[0].path}"
        )
    # An ensemble's own card has each step that any member takes.
    common = replace(card, image_size=cards[0].image_size, preprocess=cards[0].preprocess)
    weights = [member.weight for member in card.members]
    return common, [Network(*one) for one in zip(members, cards, weights, strict=True)]


def averaged(heats: Sequence[Heat], weights: Sequence[float]) -> Heat:
    """The weighted mean of maps float32 (n, height, width), each divided by its sum; one alone as it is."""
    if len(heats) == 1:
        return heats[0]
    shares = [weight * _shares(one) for weight, one in zip(weights, heats, strict=True)]
    mean: Heat = np.sum(shares, axis=0, dtype=np.float32)
    return mean


def _shares(heat: Heat) -> Heat:
    """Each map divided by its sum; one of zeros stays."""
    total = heat.sum(axis=(1, 2), keepdims=True)
    shares: Heat = np.divide(heat, total, out=np.zeros_like(heat), where=total > 0)
    return shares
