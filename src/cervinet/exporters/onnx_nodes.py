"""Nodes of ONNX in tf2onnx's graph, by which operations that it does not know are written."""

from collections.abc import Sequence
from typing import Any

import numpy as np

TO_ONNX, TO_TENSORFLOW = [0, 3, 1, 2], [0, 2, 3, 1]
"""Orders of the axes: pictures are (n, h, w, channels) in TensorFlow and (n, channels, h, w) in ONNX."""


def scattered(graph: Any, shape: Sequence[int], places: str, values: str) -> str:
    """Zeros of a shape with the values added at places, which count through all of it."""
    flat = added(graph, "Reshape", [values, constant(graph, np.array([-1]))])
    nothing = constant(graph, np.zeros(np.prod(shape), np.float32))
    found = added(graph, "ScatterElements", [nothing, places, flat], {"axis": 0, "reduction": "add"})
    return added(graph, "Reshape", [found, constant(graph, np.array(shape))])


def above(graph: Any, values: str, limit: float) -> str:
    return added(graph, "Greater", [values, constant(graph, np.float32(limit))])


def where(graph: Any, conditions: Sequence[str], values: str) -> str:
    """The values where all conditions hold, else 0."""
    first, *others = conditions
    for other in others:
        first = added(graph, "And", [first, other])
    return added(graph, "Where", [first, values, constant(graph, np.float32(0))])


def transposed(graph: Any, values: str, order: list[int]) -> str:
    return added(graph, "Transpose", [values], {"perm": order})


def constant(graph: Any, values: Any) -> str:
    from tf2onnx import utils

    name: str = graph.make_const(utils.make_name("gradient"), np.asarray(values)).output[0]
    return name


def added(graph: Any, operation: str, inputs: list[str], attributes: dict[str, Any] | None = None) -> str:
    """The output of a new node."""
    name: str = graph.make_node(operation, inputs, attr=attributes or {}).output[0]
    return name


def replace(graph: Any, node: Any, output: str) -> None:
    graph.copy_shape(node.output[0], output)
    graph.replace_all_inputs(node.output[0], output)
    graph.remove_node(node.name)
