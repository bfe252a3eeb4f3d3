"""The Keras file of a run, for programs that have Keras."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from cervinet.exporters.export import Bound, Call, Given, Outputs, Part, Source, Written
from cervinet.exporters.own_answer import INPUT, OWN_PROBABILITIES
from cervinet.inference.engine import TOLERANCE
from cervinet.registry import register

FILE = "model.keras"


def _reload(folder: Path) -> Mapping[str, Call]:
    import keras
    import numpy as np

    model = keras.models.load_model(folder / FILE, compile=False, safe_mode=True)

    def call(given: Given) -> Outputs:
        return {"probabilities": model(given.pixels.astype(np.float32), training=False).numpy()}

    return {FILE: call}


@register("exporter", "keras", reload=_reload)
def keras_file(source: Source, folder: Path) -> Written:
    """The run's model.keras, of layers of Keras alone.

    Args:
        source: the run.
        folder: gets model.keras.
    """
    shutil.copyfile(source.run.verified(source.card, source.run.model), folder / FILE)
    height, width = source.card.image_size
    part = Part(
        name=FILE,
        file=FILE,
        takes={"name": None, "dtype": "float32", "shape": [None, height, width, 3], **INPUT},
        gives={"(the only output)": OWN_PROBABILITIES.format(classes=len(source.card.classes))},
        calibrated=False,
        bound=Bound("max", TOLERANCE, "the same weights and the same library"),
    )
    remark = "the output of its layer `logits` is what the calibration of card.json is for"
    return Written((part,), (remark,))
