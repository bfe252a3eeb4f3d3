"""The files that a run is used by without TensorFlow: written when training ends, and compared with Keras."""

from collections.abc import Iterator
from contextlib import contextmanager
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
    import keras

    from cervinet.inference.predictor import Predictor

COMPARED = 32
"""Pictures that both engines judge."""
EXPLAINED = 4
"""Of these, pictures whose gradients are compared."""
HEAT_TOLERANCE = 1e-4
"""The largest difference of a gradient that heat is made from, as a share of the largest gradient of the picture."""


def written(config: Config, manifest: Manifest, predictor: "Predictor", run: Run, progress: Progress) -> "Predictor":
    """Write `model.onnx` and `heat.onnx`; the predictor with a card that says how they compare with Keras.

    A file that cannot be made, or that differs from Keras by more than `TOLERANCE` or `HEAT_TOLERANCE`, is not kept,
    and the card says why: the run can be used with Keras. Nor is one kept of an earlier end of a run that was resumed.
    """
    for file in (run.onnx, run.heat):
        file.unlink(missing_ok=True)
    if not config.export.onnx:
        return predictor.with_card(replace(predictor.card, onnx={"why": "export.onnx is false"}))
    progress.say(f"Writing {run.onnx.name}, by which the run is used without TensorFlow.")
    try:
        images = _to_compare(manifest, predictor.card)
        facts = _network(predictor, images, run)
    except CervinetError as error:
        progress.say(f"No {run.onnx.name} is kept: {error}. The run is used with Keras.")
        return predictor.with_card(replace(predictor.card, onnx={"why": str(error)}))
    try:
        facts["heat"] = _heat(predictor, images[:EXPLAINED], run)
    except CervinetError as error:
        progress.say(f"No {run.heat.name} is kept: {error}. Pictures are explained with Keras.")
        facts["heat"] = {"why": str(error)}
    return predictor.with_card(replace(predictor.card, onnx=facts))


def _network(predictor: "Predictor", images: NDArray[np.uint8], run: Run) -> dict[str, Any]:
    from cervinet.exporters.onnx import OPSET, network_onnx
    from cervinet.inference.onnx_engine import OnnxEngine

    data = network_onnx(_model(predictor))
    with replacing(run.onnx) as temporary:
        temporary.write_bytes(data)
        found = OnnxEngine(temporary)(images).probabilities
        with _all_digits():
            expected = predictor.engine(images).probabilities
        difference = float(np.abs(found - expected).max())
        if not difference <= TOLERANCE:
            raise CervinetError(
                f"its probabilities of {len(images)} pictures differ from those of Keras by up to {difference:.1g}, "
                f"which may be {TOLERANCE:g} at most"
            )
    return {"pictures": len(images), "largest_difference": difference, "opset": OPSET}


def _heat(predictor: "Predictor", images: NDArray[np.uint8], run: Run) -> dict[str, Any]:
    from cervinet.exporters.onnx_heat import gradient_behind
    from cervinet.inference.onnx_engine import OnnxEngine
    from cervinet.inference.onnx_explain import OnnxGradient

    gradient = gradient_behind(_model(predictor))
    data = gradient.to_onnx()
    maps, logits = OnnxEngine(run.onnx).run(images, ["map", "logits"])
    with replacing(run.heat) as temporary:
        temporary.write_bytes(data)
        best = logits.argmax(axis=1)
        found = OnnxGradient(temporary)(maps, best, gradient.classes)
        with _all_digits():
            expected = gradient(maps, best)
        largest = np.abs(expected).max(axis=(1, 2, 3), keepdims=True)
        difference = float((np.abs(found - expected) / np.where(largest > 0, largest, 1)).max())
        if not difference <= HEAT_TOLERANCE:
            raise CervinetError(
                f"its gradients of {len(images)} pictures differ from those of Keras by up to {difference:.1g} of the "
                f"largest, which may be {HEAT_TOLERANCE:g} at most"
            )
    return {"pictures": len(images), "largest_difference": difference}


@contextmanager
def _all_digits() -> Iterator[None]:
    """Within, a GPU multiplies in float32, and not in the 10 bits of TensorFloat-32 that it may use elsewhere."""
    import tensorflow as tf

    before = tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(False)
    try:
        yield
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(before)


def _model(predictor: "Predictor") -> "keras.Model":
    from cervinet.inference.keras_engine import KerasEngine

    assert isinstance(predictor.engine, KerasEngine)
    return predictor.engine.source


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
