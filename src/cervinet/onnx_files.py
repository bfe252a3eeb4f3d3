"""The files that a run is used by without TensorFlow: written when training ends, and compared with Keras."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cervinet.config import Config
from cervinet.data.manifest import Manifest
from cervinet.data.preprocess import prepare
from cervinet.errors import CervinetError, ImageError
from cervinet.files import replacing
from cervinet.inference.engine import TOLERANCE
from cervinet.model_card import ModelCard
from cervinet.progress import Progress
from cervinet.run import Run

if TYPE_CHECKING:
    from cervinet.inference.predictor import Predictor

COMPARED = 32
"""Pictures that both engines judge."""


def written(config: Config, manifest: Manifest, predictor: "Predictor", run: Run, progress: Progress) -> "Predictor":
    """Write `model.onnx`; the predictor with a card that says how it compares with Keras.

    Where the network cannot be converted, or its probabilities differ by more than `TOLERANCE`, no file is kept and
    the card says why: the run can be used with Keras. Nor is one kept of an earlier end of a run that was resumed.
    """
    for file in (run.onnx, run.heat):
        file.unlink(missing_ok=True)
    if not config.export.onnx:
        return predictor.with_card(replace(predictor.card, onnx={"why": "export.onnx is false"}))
    try:
        facts = _written(manifest, predictor, run)
    except CervinetError as error:
        progress.say(f"No {run.onnx.name} is kept: {error}. The run is used with Keras.")
        facts = {"why": str(error)}
    return predictor.with_card(replace(predictor.card, onnx=facts))


def _written(manifest: Manifest, predictor: "Predictor", run: Run) -> dict[str, Any]:
    from cervinet.exporters.onnx import OPSET, network_onnx
    from cervinet.inference.keras_engine import KerasEngine
    from cervinet.inference.onnx_engine import OnnxEngine

    assert isinstance(predictor.engine, KerasEngine)
    data = network_onnx(predictor.engine.source)
    images = _to_compare(manifest, predictor.card)
    with replacing(run.onnx) as temporary:
        temporary.write_bytes(data)
        found = OnnxEngine(temporary)(images).probabilities
        difference = float(np.abs(found - predictor.engine(images).probabilities).max())
        if not difference <= TOLERANCE:
            raise CervinetError(
                f"its probabilities of {len(images)} pictures differ from those of Keras by up to {difference:.1g}, "
                f"which may be {TOLERANCE:g} at most"
            )
    return {"pictures": len(images), "largest_difference": difference, "opset": OPSET}


def _to_compare(manifest: Manifest, card: ModelCard) -> NDArray[np.uint8]:
    """Prepared pictures of the validation part, or where there is none of the training part."""
    rows = next(part.index for name in ("val", "train") if len(part := manifest.part(name)))
    few = rows[np.linspace(0, len(rows) - 1, min(COMPARED, len(rows)), dtype=int)].to_numpy()
    images = []
    for picture in manifest.take(few).pictures():
        try:
            images.append(prepare(picture, card.image_size, card.preprocess))
        except ImageError:
            continue  # it was there when training began
    if not images:
        raise CervinetError("none of the pictures that it is to be compared with Keras on can be read any more")
    return np.stack(images)
