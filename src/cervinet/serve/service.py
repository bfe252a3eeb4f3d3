"""What the HTTP interface and the page need of a run that is being served."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cervinet.data.picture import Picture
from cervinet.inference.predicting import Prediction
from cervinet.model_card import ModelCard


@dataclass(frozen=True, eq=False)
class Heat:
    """What in a picture speaks for a class.

    Attributes:
        image: the picture as the network sees it, uint8 (height, width, 3) RGB.
        heat: float32 (height, width), not negative, in no unit; 0 where nothing speaks for the class.
    """

    image: NDArray[np.uint8]
    heat: NDArray[np.float32]


class Service(Protocol):
    """A run that is loaded and answers; safe to use from many requests at once.

    Attributes:
        name: of the model in URLs, as TensorFlow Serving has it: the name of the run's config.
        run: the name of the run's directory, without the folders above it.
        card: of the run.
    """

    name: str
    run: str
    card: ModelCard

    async def predict(self, pictures: Sequence[Picture]) -> list[Prediction]:
        """In order, one each. Raises BusyError where the queue is full."""

    async def heat(self, picture: Picture, label: str) -> Heat | None:
        """Of a picture that can be read; None of a run that has no heat maps without TensorFlow."""


class BusyError(Exception):
    """More pictures wait than the queue holds: 429, try again."""
