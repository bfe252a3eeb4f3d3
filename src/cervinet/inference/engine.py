"""What runs a network: onnxruntime or Keras, the same to 1e-5."""

from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from cervinet.inference.answers import Answers

EngineName = Literal["onnx", "keras"]

TOLERANCE = 1e-5
"""The largest difference in a probability that two engines, or a network and its export, may have."""


class Engine(Protocol):
    """A network that is ready to run, in float32."""

    name: EngineName

    def __call__(self, images: NDArray[np.uint8]) -> Answers:
        """What the network itself says, before any calibration.

        Args:
            images: prepared pictures, uint8 (n, height, width, 3) RGB.
        """
