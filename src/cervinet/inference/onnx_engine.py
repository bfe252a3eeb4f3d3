"""A network run by onnxruntime: no TensorFlow, and ready in a fraction of a second."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cervinet.inference.answers import Answers
from cervinet.inference.engine import EngineName
from cervinet.inference.onnx_session import open_session, run_session
from cervinet.model_card import ModelCard
from cervinet.run import Run

_WANTED = ("probabilities", "logits", "subclass_probabilities", "embedding")


class OnnxEngine:
    """See `engine.Engine`; of a `model.onnx` with the outputs of `served_graph`."""

    name: EngineName = "onnx"

    def __init__(self, file: Path) -> None:
        """Raises CervinetError where onnxruntime cannot load the file."""
        self._session = open_session(file)
        self._input = self._session.get_inputs()[0].name
        self.outputs = tuple(one.name for one in self._session.get_outputs())

    @classmethod
    def load(cls, run: Run, card: ModelCard) -> "OnnxEngine":
        """The `model.onnx` of a run, after its hash was checked."""
        return cls(run.verified(card, run.onnx))

    def __call__(self, images: NDArray[np.uint8]) -> Answers:
        names = [name for name in _WANTED if name in self.outputs]
        return Answers.of_outputs(dict(zip(names, self.run(images, names), strict=True)))

    def run(self, images: NDArray[np.uint8], outputs: Sequence[str]) -> list[NDArray[np.float32]]:
        """Outputs by name, such as `map`, float32 (n, …), of prepared pictures uint8 (n, height, width, 3) RGB."""
        return run_session(self._session, outputs, {self._input: images.astype(np.float32)})
