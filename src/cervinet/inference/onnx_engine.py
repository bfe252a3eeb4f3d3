"""A network run by onnxruntime: no TensorFlow, and ready in a fraction of a second."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cervinet.environment import cores
from cervinet.errors import CervinetError
from cervinet.inference.answers import Answers
from cervinet.inference.engine import EngineName
from cervinet.model_card import ModelCard
from cervinet.run import Run

_WANTED = ("probabilities", "logits", "subclass_probabilities", "embedding")


class OnnxEngine:
    """See `engine.Engine`; of a `model.onnx` with the outputs of `served_graph`."""

    name: EngineName = "onnx"

    def __init__(self, file: Path) -> None:
        """Raises CervinetError where onnxruntime cannot load the file."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3  # what matters is raised
        # Threads that spin until the next batch take the cores from what decodes it.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.intra_op_num_threads = cores()  # by default as many as the machine has, whatever this process may use
        try:
            self._session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            reason = str(error).strip().splitlines()[0]
            raise CervinetError(f"{file} cannot be loaded by onnxruntime {onnxruntime.__version__}: {reason}") from None
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
        found: list[NDArray[np.float32]] = self._session.run(list(outputs), {self._input: images.astype(np.float32)})
        return found
