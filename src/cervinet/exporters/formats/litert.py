"""LiteRT (TensorFlow Lite) files, for phones and small computers: float32, float16 and int8."""

import io
import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np

from cervinet.environment import cores
from cervinet.exporters.export import Bound, Call, Given, Outputs, Part, Pixels, Source, Written
from cervinet.exporters.own_answer import INPUT, LOGITS, OWN_PROBABILITIES
from cervinet.inference.engine import TOLERANCE
from cervinet.registry import register

FEW = 100
"""Pictures below which the ranges of int8 are said to rest on few."""

_BOUNDS = {
    "float32": Bound("max", TOLERANCE, "float32 against float32"),
    "float16": Bound("max", 1e-2, "weights of 11 significant bits"),
    "int8": Bound("mean", 0.05, "weights and activations of 256 steps each: a difference as large is another network"),
}


def _reload(folder: Path) -> Mapping[str, Call]:
    return {path.stem: _runner(path) for path in sorted(folder.glob("*.tflite"))}


@register("exporter", reload=_reload)
def litert(source: Source, folder: Path) -> Written:
    """For phones: one picture at a time, in float32, float16 and int8.

    All three take and give float32, so that a program changes from one to the other by the name of the file alone.

    Args:
        source: the run; int8 takes the ranges of its activations from its examples.
        folder: gets float32.tflite, float16.tflite and int8.tflite.
    """
    import keras

    from cervinet.inference.keras_engine import open_network
    from cervinet.inference.served_graph import served_graph

    card, examples = source.card, source.examples()
    network = served_graph(open_network(source.run, card))
    picture = keras.Input(batch_shape=(1, *card.image_size, 3), name="image")
    found = network(picture)
    one = keras.Model(picture, {name: found[name] for name in ("probabilities", "logits")})
    height, width = card.image_size
    classes = len(card.classes)
    parts = []
    for name, bound in _BOUNDS.items():
        (folder / f"{name}.tflite").write_bytes(_converted(one, name, examples))
        parts.append(
            Part(
                name=name,
                file=f"{name}.tflite",
                takes={"name": "image", "dtype": "float32", "shape": [1, height, width, 3], **INPUT},
                gives={
                    "probabilities": OWN_PROBABILITIES.format(classes=classes),
                    "logits": LOGITS.format(classes=classes),
                },
                calibrated=False,
                bound=bound,
                lossy=name != "float32",
            )
        )
    remarks = [f"the ranges of int8 are those of {len(examples)} pictures"]
    if len(examples) < FEW:
        remarks[0] += f"; {FEW} or more would be better"
    return Written(tuple(parts), tuple(remarks))


def _converted(model: Any, kind: str, examples: Pixels) -> bytes:
    import tensorflow as tf

    with _quiet():
        converter = tf.lite.TFLiteConverter.from_keras_model(model)
        if kind != "float32":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if kind == "float16":
            converter.target_spec.supported_types = [tf.float16]
        if kind == "int8":
            converter.representative_dataset = lambda: ([one[None].astype(np.float32)] for one in examples)
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        data: bytes = converter.convert()
    return data


def _runner(path: Path) -> Callable[[Given], Outputs]:
    import tensorflow as tf

    with _quiet():
        runner = tf.lite.Interpreter(model_path=str(path), num_threads=cores()).get_signature_runner()

    def call(given: Given) -> Outputs:
        with _quiet():  # the first call makes a delegate, which says so
            found = [runner(image=one[None].astype(np.float32)) for one in given.pixels]
        return {name: np.concatenate([one[name] for one in found]) for name in found[0]}

    return call


@contextmanager
def _quiet() -> Iterator[None]:
    """Without notes of the converter, some of which its C++ prints, and of an interpreter that is to move elsewhere."""
    with open(os.devnull, "wb") as nowhere, warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        kept = [os.dup(number) for number in (1, 2)]
        try:
            for number in (1, 2):
                os.dup2(nowhere.fileno(), number)
            yield
        finally:
            for number, copy in zip((1, 2), kept, strict=True):
                os.dup2(copy, number)
                os.close(copy)
