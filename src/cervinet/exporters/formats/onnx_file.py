"""ONNX files, for onnxruntime and what else reads them."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from cervinet.exporters.export import Bound, Call, Given, Outputs, Part, Source, Written
from cervinet.exporters.own_answer import INPUT, LOGITS, OWN_PROBABILITIES
from cervinet.inference.engine import TOLERANCE
from cervinet.inference.onnx_engine import OnnxEngine
from cervinet.registry import register

FILE, HEAT = "model.onnx", "heat.onnx"

_MORE = {
    "subclass_probabilities": "float32 [n, {subclasses}], of the sub-classes, before the calibration of this card",
    "embedding": "float32 [n, k], what pictures are compared by",
    "map": "float32 [n, h, w, channels], the last feature map, that heat maps are made from",
}


def _reload(folder: Path) -> Mapping[str, Call]:
    engine = OnnxEngine(folder / FILE)

    def call(given: Given) -> Outputs:
        names = [name for name in engine.outputs if name != "map"]
        return dict(zip(names, engine.run(given.pixels, names), strict=True))

    return {FILE: call}


@register("exporter", "onnx", reload=_reload)
def onnx_file(source: Source, folder: Path) -> Written:
    """For onnxruntime: the run's own model.onnx, and heat.onnx where it has one.

    Args:
        source: the run; one without a model.onnx is converted.
        folder: gets model.onnx.
    """
    run, card = source.run, source.card
    if run.onnx.name in card.hashes:
        shutil.copyfile(run.verified(card, run.onnx), folder / FILE)
    else:
        from cervinet.exporters.onnx import network_onnx
        from cervinet.inference.keras_engine import open_network

        (folder / FILE).write_bytes(network_onnx(open_network(run, card)))
    remarks = []
    if run.heat.name in card.hashes:
        shutil.copyfile(run.verified(card, run.heat), folder / HEAT)
        remarks.append(f"{HEAT} makes heat maps, by `cervinet explain` and `cervinet serve`; it is not compared here")
    height, width = card.image_size
    known = {"probabilities": OWN_PROBABILITIES, "logits": LOGITS, **_MORE}
    sizes = {"classes": len(card.classes), "subclasses": len(card.subclasses)}
    part = Part(
        name=FILE,
        file=FILE,
        takes={"name": "image", "dtype": "float32", "shape": [None, height, width, 3], **INPUT},
        gives={name: known[name].format(**sizes) for name in OnnxEngine(folder / FILE).outputs},
        calibrated=False,
        bound=Bound("max", TOLERANCE, "float32 against float32"),
    )
    return Written((part,), tuple(remarks))
