"""Operations of TensorFlow that tf2onnx does not know, or not well, in ONNX: gradients, and the function erfc.

Each function takes tf2onnx's graph and a node of it, and puts nodes of ONNX in its place. The shapes of what a gradient
is of are known. Formulas: TensorFlow's `nn_grad.py` and the definitions of the operations themselves.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from cervinet.exporters.onnx_nodes import above, added, constant, replace, scattered, where
from cervinet.exporters.onnx_windows import average_pool, convolution, depthwise_convolution, max_pool


def _erfc(graph: Any, node: Any, name: str, args: Any) -> None:
    """x → 1 - erf(x)."""
    rest = added(graph, "Erf", [node.input[0]])
    replace(graph, node, added(graph, "Sub", [constant(graph, np.float32(1)), rest]))


def _relu(graph: Any, node: Any, name: str, args: Any) -> None:
    """(g, x) → g where x > 0."""
    gradient, features = node.input
    replace(graph, node, where(graph, [above(graph, features, 0)], gradient))


def _relu6(graph: Any, node: Any, name: str, args: Any) -> None:
    """(g, x) → g where 0 < x < 6."""
    gradient, features = node.input
    below = added(graph, "Less", [features, constant(graph, np.float32(6))])
    replace(graph, node, where(graph, [above(graph, features, 0), below], gradient))


def _sigmoid(graph: Any, node: Any, name: str, args: Any) -> None:
    """(y, g) → g y (1 - y), of y = σ(x)."""
    output, gradient = node.input
    rest = added(graph, "Sub", [constant(graph, np.float32(1)), output])
    replace(graph, node, added(graph, "Mul", [gradient, added(graph, "Mul", [output, rest])]))


def _inverse_root(graph: Any, node: Any, name: str, args: Any) -> None:
    """(y, g) → - g y³ / 2, of y = 1 / √x."""
    output, gradient = node.input
    cube = added(graph, "Mul", [output, added(graph, "Mul", [output, output])])
    half = added(graph, "Mul", [gradient, constant(graph, np.float32(-0.5))])
    replace(graph, node, added(graph, "Mul", [half, cube]))


def _shapes(graph: Any, node: Any, name: str, args: Any) -> None:
    """The shape of each input."""
    for tensor, output in zip(node.input, list(node.output), strict=True):
        shape = constant(graph, np.array(graph.get_shape(tensor), np.int32))
        graph.replace_all_inputs(output, shape)
    graph.remove_node(node.name)


def _bias(graph: Any, node: Any, name: str, args: Any) -> None:
    """g → its sum over everything but the channels."""
    shape = graph.get_shape(node.input[0])
    axes = constant(graph, np.arange(len(shape) - 1))
    replace(graph, node, added(graph, "ReduceSum", [node.input[0], axes], {"keepdims": 0}))


def _slice(graph: Any, node: Any, name: str, args: Any) -> None:
    """(shape of x, begin, end, strides, g) → g where it was cut out of x, else 0."""
    shape = graph.get_shape(node.output[0])
    begin, end, strides = (node.inputs[one].get_tensor_value() for one in (1, 2, 3))
    masks = {
        one: node.get_attr_value(f"{one}_mask", 0) for one in ("begin", "end", "shrink_axis", "ellipsis", "new_axis")
    }
    if masks["ellipsis"] or masks["new_axis"]:
        raise ValueError("a slice with an ellipsis or a new axis")
    cut: list[Any] = []
    for axis, (first, last, step) in enumerate(zip(begin, end, strides, strict=True)):
        start = None if masks["begin"] >> axis & 1 else first
        stop = None if masks["end"] >> axis & 1 else last
        cut.append(first if masks["shrink_axis"] >> axis & 1 else slice(start, stop, step))
    places = np.arange(np.prod(shape)).reshape(shape)[tuple(cut)].reshape(-1)
    replace(graph, node, scattered(graph, shape, constant(graph, places), node.input[4]))


HANDLERS: dict[str, tuple[Callable[..., None], list[Any]]] = {
    "Erfc": (_erfc, []),
    "ReluGrad": (_relu, []),
    "Relu6Grad": (_relu6, []),
    "SigmoidGrad": (_sigmoid, []),
    "RsqrtGrad": (_inverse_root, []),
    "Conv2DBackpropInput": (convolution, []),
    "BiasAddGrad": (_bias, []),
    "StridedSliceGrad": (_slice, []),
    "ShapeN": (_shapes, []),
    "MaxPoolGrad": (max_pool, []),
    "AvgPoolGrad": (average_pool, []),
    "DepthwiseConv2dNativeBackpropInput": (depthwise_convolution, []),
}
"""By the name of the operation, as tf2onnx takes them: the function, and no further arguments."""
