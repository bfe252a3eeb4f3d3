"""A trained network → the bytes of an ONNX file, by tf2onnx.

Its single steps are called, in place of its `convert`, which keeps a copy of the whole network for each of its
optimizers and sets TensorFlow's environment variables.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import onnx
import tensorflow as tf

from cervinet.errors import CervinetError
from cervinet.exporters.onnx_operations import HANDLERS
from cervinet.inference.served_graph import OUTPUTS, served_graph

OPSET = 18
"""Of the ONNX operators: what onnxruntime has known since 1.14."""

LARGEST = 2**31 - 2**20
"""Bytes of weights that one protobuf message holds, which an ONNX file is, beside the graph."""


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

    return converted(served, {"image": (None, *model.input_shape[1:])}, OUTPUTS, 4 * model.count_params())


def converted(
    function: Callable[..., Mapping[str, tf.Tensor]],
    inputs: Mapping[str, tuple[int | None, ...]],
    outputs: Sequence[str],
    weights: int,
) -> bytes:
    """A function of float32 tensors as an ONNX file.

    Args:
        function: takes tensors, gives tensors by name.
        inputs: shapes by name; a first side of None is any number, the same in every input and output.
        outputs: names in the order wanted; those that the function does not give are left out.
        weights: bytes of the variables that it reads.

    Raises:
        CervinetError: there is an operation that ONNX, or tf2onnx, does not have; or there are too many weights.
    """
    from tf2onnx import tf_loader

    if weights > LARGEST:
        raise CervinetError(f"an ONNX file holds 2 GB at most; the network has weights of {weights / 1e9:.1f} GB")
    specs = [tf.TensorSpec(shape, tf.float32, name=name) for name, shape in inputs.items()]
    try:
        with _quiet(), _inlined(), tf.device("/cpu:0"):
            traced = tf.function(function, autograph=False).get_concrete_function(*specs)
            ends = {traced.structured_outputs[name].name: name for name in outputs if name in traced.structured_outputs}
            begins = {tensor.name: name for tensor, name in zip(traced.inputs, inputs, strict=False)}
            frozen = tf_loader.from_function(traced, list(begins), list(ends))
            needed = tf.compat.v1.graph_util.extract_sub_graph(
                frozen, [name.partition(":")[0] for name in (*begins, *ends)]
            )
            model = _optimised(lambda: _in_onnx(needed, begins, ends)).make_model("network")
            unknown = sorted({node.op_type for node in model.graph.node if not onnx.defs.has(node.op_type)})
            if unknown:
                raise CervinetError(f"tf2onnx cannot convert the network: it has none of {', '.join(unknown)}")
            for value in (*model.graph.input, *model.graph.output):
                first = value.type.tensor_type.shape.dim[0]
                if not first.HasField("dim_value"):
                    first.dim_param = "n"
            data: bytes = model.SerializeToString()
            return data
    except CervinetError:
        raise
    except Exception as error:  # of any kind: it is a compiler for graphs that others wrote
        reason = " ".join(str(error).split()) or type(error).__name__
        raise CervinetError(f"tf2onnx cannot convert the network: {reason[:300]}") from error


def _in_onnx(frozen: Any, begins: Mapping[str, str], ends: Mapping[str, str]) -> Any:
    from tf2onnx import tfonnx

    with tf.Graph().as_default() as graph:
        tf.import_graph_def(frozen, name="")
        return tfonnx.process_tf_graph(
            graph,
            opset=OPSET,
            custom_op_handlers=dict(HANDLERS),
            input_names=list(begins),
            output_names=list(ends),
            tensors_to_rename={**begins, **ends},
        )


def _optimised(graph: Callable[[], Any]) -> Any:
    """Where an optimizer fails, the graph is made again and that one is left out, which takes twice as long."""
    from tf2onnx import optimizer

    found = graph()
    # Each optimizer would write all weights into messages that keep the old ones too: 10 GB for 0.2 GB of weights.
    found.update_proto = lambda *_: None
    try:
        found = optimizer.optimize_graph(found, catch_errors=False)
    except Exception:
        return optimizer.optimize_graph(graph(), catch_errors=True)
    vars(found).pop("update_proto", None)  # `make_model` needs it, once
    return found


@contextmanager
def _inlined() -> Iterator[None]:
    """Functions within what is traced become part of its graph, those too that Keras compiles: grouped convolutions."""
    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(before)


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
