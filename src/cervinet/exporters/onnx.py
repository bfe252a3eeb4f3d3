"""A trained network → the bytes of an ONNX file, by tf2onnx.

Its single steps are called, in place of its `convert`, which keeps a copy of the whole network for each of its
optimizers and sets TensorFlow's environment variables.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import tensorflow as tf

from cervinet.errors import CervinetError
from cervinet.inference.served_graph import OUTPUTS, served_graph

OPSET = 18
"""Of the ONNX operators: what onnxruntime has known since 1.14."""

LARGEST = 2**31 - 2**20
"""Bytes of weights that one protobuf message holds, which an ONNX file is, beside the graph."""

Handlers = Mapping[str, tuple[Callable[..., None], list[Any]]]
"""By the name of a TensorFlow operation, as tf2onnx takes them: what writes it in ONNX, and further arguments."""


def network_onnx(model: keras.Model) -> bytes:
    """The network with the outputs of `served_graph`, for any number of pictures.

    Args:
        model: as `build_model` makes it, in float32.

    Returns:
        An ONNX file that takes `image`, float32 (n, height, width, 3) RGB 0–255, and gives what of `OUTPUTS` the
        network has, float32.

    Raises:
        CervinetError: the network cannot be converted, or has more weights than one file holds.
    """
    network = served_graph(model)

    def served(image: tf.Tensor) -> dict[str, tf.Tensor]:
        found: dict[str, tf.Tensor] = network(image, training=False)
        return found

    return converted(served, {"image": (None, *model.input_shape[1:])}, OUTPUTS, 4 * model.count_params(), {})


def converted(
    function: Callable[..., Mapping[str, tf.Tensor]],
    inputs: Mapping[str, tuple[int | None, ...]],
    outputs: Sequence[str],
    weights: int,
    handlers: Handlers,
) -> bytes:
    """A function of float32 tensors as an ONNX file.

    Args:
        function: takes tensors, gives tensors by name.
        inputs: shapes by name; a first side of None is any number, the same in every input and output.
        outputs: names in the order wanted; those that the function does not give are left out.
        weights: bytes of the variables that it reads.
        handlers: operations beside those that tf2onnx knows.

    Raises:
        CervinetError: there is an operation that ONNX, or tf2onnx, does not have; or there are too many weights.
    """
    from tf2onnx import optimizer, tf_loader, tfonnx

    if weights > LARGEST:
        raise CervinetError(f"an ONNX file holds 2 GB at most; the network has weights of {weights / 1e9:.1f} GB")
    specs = [tf.TensorSpec(shape, tf.float32, name=name) for name, shape in inputs.items()]
    try:
        with _quiet(), tf.device("/cpu:0"):
            traced = tf.function(function, autograph=False).get_concrete_function(*specs)
            ends = {traced.structured_outputs[name].name: name for name in outputs if name in traced.structured_outputs}
            begins = {tensor.name: name for tensor, name in zip(traced.inputs, inputs, strict=False)}
            frozen = tf_loader.from_function(traced, list(begins), list(ends))
            with tf.Graph().as_default() as graph:
                tf.import_graph_def(frozen, name="")
                found = tfonnx.process_tf_graph(
                    graph,
                    opset=OPSET,
                    custom_op_handlers=dict(handlers),
                    input_names=list(begins),
                    output_names=list(ends),
                    tensors_to_rename=begins | ends,
                )
                model = optimizer.optimize_graph(found, catch_errors=False).make_model("network")
            for value in (*model.graph.input, *model.graph.output):
                first = value.type.tensor_type.shape.dim[0]
                if not first.HasField("dim_value"):
                    first.dim_param = "n"
            data: bytes = model.SerializeToString()
            return data
    except Exception as error:  # of any kind: it is a compiler for graphs that others wrote
        reason = " ".join(str(error).split()) or type(error).__name__
        raise CervinetError(f"tf2onnx cannot convert the network: {reason[:300]}") from error


@contextmanager
def _quiet() -> Iterator[None]:
    """What matters is raised."""
    loggers = [logging.getLogger(name) for name in ("tf2onnx", "tensorflow")]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.CRITICAL)
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
