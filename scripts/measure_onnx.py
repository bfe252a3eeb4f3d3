"""How long it takes to write each architecture as ONNX, and how far it is from Keras then.

    python scripts/measure_onnx.py [NAME...]

One line for each, with random weights and the smallest pictures: processor seconds of the conversion, size, the largest
difference of a probability on 4 random pictures, and of the gradient behind the last map as a share of its largest.
"""

import gc
import sys
import time
from pathlib import Path
from tempfile import NamedTemporaryFile

import keras
import numpy as np
import onnxruntime

from cervinet.errors import CervinetError
from cervinet.exporters.onnx import network_onnx
from cervinet.exporters.onnx_heat import gradient_behind
from cervinet.inference.onnx_explain import OnnxGradient
from cervinet.models.build import build_model
from cervinet.registry import available, find

CLASSES = 3


def network_line(model: keras.Model) -> str:
    began = time.process_time()
    data = network_onnx(model)
    seconds = time.process_time() - began
    images = np.random.default_rng(0).integers(0, 256, (4, *model.input_shape[1:])).astype(np.float32)
    (found,) = onnxruntime.InferenceSession(data).run(["probabilities"], {"image": images})
    difference = np.abs(found - model(images, training=False).numpy()).max()
    return f"{seconds:6.1f} s {len(data) / 1e6:7.1f} MB {difference:8.1g}"


def heat_line(model: keras.Model) -> str:
    gradient = gradient_behind(model)
    began = time.process_time()
    maps = np.random.default_rng(0).normal(size=gradient.map_shape).astype(np.float32)
    try:
        data = gradient.to_onnx()
        seconds = time.process_time() - began
        with NamedTemporaryFile(suffix=".onnx") as file:
            file.write(data)
            file.flush()
            found = OnnxGradient(Path(file.name))(maps, np.zeros(1, np.int64), CLASSES)
    except CervinetError as error:
        return str(error)
    expected = gradient(maps, np.zeros(1, np.int64))
    difference = np.abs(found - expected).max() / np.abs(expected).max()
    return f"{seconds:6.1f} s {len(data) / 1e6:7.1f} MB {difference:8.1g}"


def main() -> None:
    for name in sys.argv[1:] or available("architecture"):
        side = find("architecture", name).traits["smallest"]
        keras.utils.set_random_seed(0)
        model = build_model(name, (side, side, 3), CLASSES)
        print(f"{name:20} {side:4}   {network_line(model)}   {heat_line(model)}", flush=True)
        del model
        keras.backend.clear_session()
        gc.collect()


if __name__ == "__main__":
    main()
