"""TensorFlow's SavedModel, in the folders that TensorFlow Serving reads."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from cervinet.evaluation.calibration import Calibration
from cervinet.exporters.export import Bound, Call, Given, Outputs, Part, Source, Written
from cervinet.inference.engine import TOLERANCE
from cervinet.model_card import ModelCard
from cervinet.registry import register

VERSION = "1"
ARRAYS, FILES = "serving_default", "bytes"
DECODED = 0.01
"""Mean difference in a probability that rounding in another decoder may make; more than that is another preprocessing.
"""


def _reload(folder: Path) -> Mapping[str, Call]:
    import tensorflow as tf

    (version,) = folder.glob(f"*/{VERSION}")
    loaded = tf.saved_model.load(str(version), tags=["serve"])

    # Through `loaded`: its signatures alone would not keep its variables.
    def arrays(given: Given) -> Outputs:
        return _numbers(loaded.signatures[ARRAYS](images=tf.constant(given.pixels)))

    def files(given: Given) -> Outputs:
        return _numbers(loaded.signatures[FILES](bytes=tf.constant(list(given.files), tf.string)))

    calls = {ARRAYS: arrays, FILES: files}
    return {name: call for name, call in calls.items() if name in loaded.signatures}


@register("exporter", reload=_reload)
def saved_model(source: Source, folder: Path) -> Written:
    """For TensorFlow Serving: `predict`'s own probabilities, of arrays and of encoded files.

    Args:
        source: the run.
        folder: empty; gets NAME/1/saved_model.pb and what belongs to it.
    """
    import keras
    import tensorflow as tf

    from cervinet.exporters import encoded
    from cervinet.exporters.as_predicted import answered
    from cervinet.inference.keras_engine import open_network
    from cervinet.inference.served_graph import served_graph

    card = source.card
    network = served_graph(open_network(source.run, card))
    missing = encoded.not_expressible(card.preprocess)

    def of_arrays(images: tf.Tensor) -> dict[str, tf.Tensor]:
        return answered(network, images, card)

    def of_files(data: tf.Tensor) -> dict[str, tf.Tensor]:
        return of_arrays(encoded.prepared(data, card.image_size, card.preprocess))

    archive = keras.export.ExportArchive()
    archive.track(network)
    images = tf.TensorSpec((None, *card.image_size, 3), tf.uint8, name="images")
    archive.add_endpoint(ARRAYS, of_arrays, input_signature=[images])
    if not missing:
        archive.add_endpoint(FILES, of_files, input_signature=[tf.TensorSpec((None,), tf.string, name=FILES)])
    archive.write_out(str(folder / source.name / VERSION), verbose=False)
    parts = (_arrays_part(source), *([] if missing else [_files_part(source)]))
    return Written(parts, tuple(_remarks(card, missing)))


def _numbers(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.numpy() for name, value in found.items()}


def _arrays_part(source: Source) -> Part:
    height, width = source.card.image_size
    steep = _steepness(source.card)
    why = "float32 against float32"
    return Part(
        name=ARRAYS,
        file=f"{source.name}/{VERSION}",
        takes={
            "name": "images",
            "dtype": "uint8",
            "shape": [None, height, width, 3],
            "range": [0, 255],
            "what": "RGB pictures after the preprocessing of this card",
        },
        gives=_gives(source.card),
        calibrated=True,
        bound=Bound("max", TOLERANCE * steep, why if steep == 1 else f"{why}, times the steepest isotonic step"),
    )


def _files_part(source: Source) -> Part:
    return Part(
        name=FILES,
        file=f"{source.name}/{VERSION}",
        takes={
            "name": FILES,
            "dtype": "string",
            "shape": [None],
            "range": None,
            "what": "JPEG, PNG, BMP or GIF files of any size; the signature does the preprocessing of this card",
        },
        gives=_gives(source.card),
        calibrated=True,
        bound=Bound("mean", DECODED, "another decoder rounds pixels differently"),
    )


def _gives(card: ModelCard) -> dict[str, str]:
    said = "as `cervinet predict` says them, in order of"
    classes = {"probabilities": f"float32 [n, {len(card.classes)}], {said} classes"}
    if not card.subclasses:
        return classes
    return classes | {"subclass_probabilities": f"float32 [n, {len(card.subclasses)}], {said} subclasses"}


def _remarks(card: ModelCard, missing: list[str]) -> list[str]:
    from cervinet.exporters.encoded import DIFFERS

    said = ["it gives probabilities alone: thresholds, prediction sets and the gate are in card.json for the caller"]
    if missing:
        steps = f"step{'s' * (len(missing) > 1)} {', '.join(missing)}"
        return [*said, f"it has no signature '{FILES}', for its preprocessing has the {steps}, which it cannot do"]
    return [*said, *(f"signature '{FILES}': {one}" for one in DIFFERS)]


def _steepness(card: ModelCard) -> float:
    """By how much an isotonic calibration magnifies a difference of logits, where that is more than once.

    Other calibrations have a slope of a few at most; between two close points an isotonic one can be any.
    """
    if not card.calibration:
        return 1.0
    fitted = Calibration.from_json(card.calibration)
    if fitted.method != "isotonic" or len(fitted.values["at"]) < 2:
        return 1.0
    return max(1.0, float(np.max(np.diff(fitted.values["value"]) / np.diff(fitted.values["at"]))))
