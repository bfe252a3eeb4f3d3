"""Operations of TensorFlow that tf2onnx does not know, or not well, in ONNX: gradients, the complementary error function.

Each function takes tf2onnx's graph and a node of it, and puts nodes of ONNX in its place. The shapes of what a gradient
is of are known; pictures are (1, h, w, channels) in TensorFlow and (1, channels, h, w) in ONNX. Formulas: TensorFlow's
`nn_grad.py` and the definitions of the operations themselves.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

_TO_ONNX, _TO_TENSORFLOW = [0, 3, 1, 2], [0, 2, 3, 1]


def _erfc(graph: Any, node: Any, name: str, args: Any) -> None:
    """x → 1 - erf(x)."""
    rest = _add(graph, "Erf", [node.input[0]])
    _becomes(graph, node, _add(graph, "Sub", [_constant(graph, np.float32(1)), rest]))


def _relu(graph: Any, node: Any, name: str, args: Any) -> None:
    """(g, x) → g where x > 0."""
    gradient, features = node.input
    _becomes(graph, node, _where(graph, [_above(graph, features, 0)], gradient))


def _relu6(graph: Any, node: Any, name: str, args: Any) -> None:
    """(g, x) → g where 0 < x < 6."""
    gradient, features = node.input
    below = _add(graph, "Less", [features, _constant(graph, np.float32(6))])
    _becomes(graph, node, _where(graph, [_above(graph, features, 0), below], gradient))


def _sigmoid(graph: Any, node: Any, name: str, args: Any) -> None:
    """(y, g) → g y (1 - y), of y = σ(x)."""
    output, gradient = node.input
    rest = _add(graph, "Sub", [_constant(graph, np.float32(1)), output])
    _becomes(graph, node, _add(graph, "Mul", [gradient, _add(graph, "Mul", [output, rest])]))


def _inverse_root(graph: Any, node: Any, name: str, args: Any) -> None:
    """(y, g) → - g y³ / 2, of y = 1 / √x."""
    output, gradient = node.input
    cube = _add(graph, "Mul", [output, _add(graph, "Mul", [output, output])])
    half = _add(graph, "Mul", [gradient, _constant(graph, np.float32(-0.5))])
    _becomes(graph, node, _add(graph, "Mul", [half, cube]))


def _shapes(graph: Any, node: Any, name: str, args: Any) -> None:
    """The shape of each input."""
    for tensor, output in zip(node.input, list(node.output), strict=True):
        shape = _constant(graph, np.array(graph.get_shape(tensor), np.int32))
        graph.replace_all_inputs(output, shape)
    graph.remove_node(node.name)


def _bias(graph: Any, node: Any, name: str, args: Any) -> None:
    """g → its sum over everything but the channels."""
    shape = graph.get_shape(node.input[0])
    axes = _constant(graph, np.arange(len(shape) - 1))
    _becomes(graph, node, _add(graph, "ReduceSum", [node.input[0], axes], {"keepdims": 0}))


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
    _becomes(graph, node, _put(graph, shape, _constant(graph, places), node.input[4]))


def _put(graph: Any, shape: Sequence[int], places: str, values: str) -> str:
    """Zeros of a shape with the values added at places, which count through all of it."""
    flat = _add(graph, "Reshape", [values, _constant(graph, np.array([-1]))])
    nothing = _constant(graph, np.zeros(np.prod(shape), np.float32))
    found = _add(graph, "ScatterElements", [nothing, places, flat], {"axis": 0, "reduction": "add"})
    return _add(graph, "Reshape", [found, _constant(graph, np.array(shape))])


def _max_pool(graph: Any, node: Any, name: str, args: Any) -> None:
    """(x, y, g) → each g at the first of the largest x of its window, summed where windows overlap."""
    pictures, _, gradient = node.input
    shape = _channels_first(graph.get_shape(pictures))
    kernel, strides = _window(node)
    pool = graph.make_node(
        "MaxPool",
        [_transposed(graph, pictures, _TO_ONNX)],
        output_count=2,
        attr={"kernel_shape": kernel, "strides": strides, "pads": _pads(shape, kernel, strides, _same(node))},
    )
    places = _add(graph, "Reshape", [pool.output[1], _constant(graph, np.array([-1]))])
    found = _put(graph, shape, places, _transposed(graph, gradient, _TO_ONNX))
    _becomes(graph, node, _transposed(graph, found, _TO_TENSORFLOW))


def _average_pool(graph: Any, node: Any, name: str, args: Any) -> None:
    """(shape of x, g) → each g spread evenly over the cells of its window that are in the picture."""
    gradient = node.input[1]
    shape = _channels_first(graph.get_shape(node.output[0]))
    kernel, strides = _window(node)
    pads = _pads(shape, kernel, strides, _same(node))
    sides = zip(shape[2:], kernel, strides, pads, _outputs(shape, kernel, strides, pads), strict=False)
    cells = [
        [min(one * step - before + size, side) - max(one * step - before, 0) for one in range(out)]
        for side, size, step, before, out in sides
    ]
    shares = (1 / np.outer(cells[0], cells[1])[None, None]).astype(np.float32)
    spread = _add(graph, "Mul", [_transposed(graph, gradient, _TO_ONNX), _constant(graph, shares)])
    ones = _constant(graph, np.ones((shape[1], 1, *kernel), np.float32))
    _becomes(graph, node, _backwards(graph, node, spread, ones, shape, kernel, strides, shape[1]))


def _convolution(graph: Any, node: Any, name: str, args: Any) -> None:
    """(shape of x, kernel (h, w, channels of a group, out), g) → the convolution, transposed.

    tf2onnx's own fails where a stride passes over the last cells, as it does in the shortcuts of a ResNet.
    """
    _, kernel, gradient = node.input
    shape = _channels_first(graph.get_shape(node.output[0]))
    high, wide, channels, _ = graph.get_shape(kernel)
    if set(node.get_attr_value("dilations", [1])) != {1}:
        raise ValueError("the gradient of a convolution with dilation")
    turned, strides = _add(graph, "Transpose", [kernel], {"perm": [3, 2, 0, 1]}), _sides(node, "strides")
    values = _transposed(graph, gradient, _TO_ONNX)
    groups = shape[1] // channels
    _becomes(graph, node, _backwards(graph, node, values, turned, shape, [high, wide], strides, groups))


def _depthwise_convolution(graph: Any, node: Any, name: str, args: Any) -> None:
    """(shape of x, kernel (h, w, channels, multiplier), g) → the convolution of each channel, transposed."""
    _, kernel, gradient = node.input
    shape = _channels_first(graph.get_shape(node.output[0]))
    high, wide, channels, multiplier = graph.get_shape(kernel)
    first = _add(graph, "Transpose", [kernel], {"perm": [2, 3, 0, 1]})
    apart = _constant(graph, np.array([channels * multiplier, 1, high, wide]))
    turned, strides = _add(graph, "Reshape", [first, apart]), _sides(node, "strides")
    values = _transposed(graph, gradient, _TO_ONNX)
    _becomes(graph, node, _backwards(graph, node, values, turned, shape, [high, wide], strides, shape[1]))


def _backwards(
    graph: Any,
    node: Any,
    values: str,
    kernel: str,
    shape: Sequence[int],
    size: list[int],
    strides: list[int],
    groups: int,
) -> str:
    """A convolution or pooling, transposed: (1, channels, h, w) of `shape`, as TensorFlow's (1, h, w, channels)."""
    pads = _pads(shape, size, strides, _same(node))
    outputs = _outputs(shape, size, strides, pads)
    least = [
        step * (out - 1) + side - before - after
        for step, out, side, before, after in zip(strides, outputs, size, *_halves(pads), strict=True)
    ]
    attributes = {
        "group": groups,
        "kernel_shape": size,
        "strides": strides,
        "pads": pads,
        "output_padding": [whole - part for whole, part in zip(shape[2:], least, strict=True)],
    }
    return _transposed(graph, _add(graph, "ConvTranspose", [values, kernel], attributes), _TO_TENSORFLOW)


def _pads(shape: Sequence[int], kernel: Sequence[int], strides: Sequence[int], same: bool) -> list[int]:
    """Before and after each side, as TensorFlow's "SAME" or "VALID" has them: [top, left, bottom, right]."""
    if not same:
        return [0, 0, 0, 0]
    whole = [
        max((-(-side // step) - 1) * step + size - side, 0)
        for side, size, step in zip(shape[2:], kernel, strides, strict=True)
    ]
    return [one // 2 for one in whole] + [one - one // 2 for one in whole]


def _halves(pads: Sequence[int]) -> tuple[Sequence[int], Sequence[int]]:
    return pads[:2], pads[2:]


def _outputs(shape: Sequence[int], kernel: Sequence[int], strides: Sequence[int], pads: Sequence[int]) -> list[int]:
    sides = zip(shape[2:], kernel, strides, *_halves(pads), strict=True)
    return [(side + before + after - size) // step + 1 for side, size, step, before, after in sides]


def _window(node: Any) -> tuple[list[int], list[int]]:
    return _sides(node, "ksize"), _sides(node, "strides")


def _sides(node: Any, attribute: str) -> list[int]:
    _, high, wide, _ = node.get_attr(attribute).ints
    return [high, wide]


def _same(node: Any) -> bool:
    return bool(node.get_attr_str("padding") == "SAME")


def _channels_first(shape: Sequence[int]) -> list[int]:
    return [shape[place] for place in _TO_ONNX]


def _above(graph: Any, values: str, limit: float) -> str:
    return _add(graph, "Greater", [values, _constant(graph, np.float32(limit))])


def _where(graph: Any, conditions: Sequence[str], values: str) -> str:
    """The values where all conditions hold, else 0."""
    first, *others = conditions
    for other in others:
        first = _add(graph, "And", [first, other])
    return _add(graph, "Where", [first, values, _constant(graph, np.float32(0))])


def _transposed(graph: Any, values: str, order: list[int]) -> str:
    return _add(graph, "Transpose", [values], {"perm": order})


def _constant(graph: Any, values: Any) -> str:
    from tf2onnx import utils

    name: str = graph.make_const(utils.make_name("gradient"), np.asarray(values)).output[0]
    return name


def _add(graph: Any, operation: str, inputs: list[str], attributes: dict[str, Any] | None = None) -> str:
    """The output of a new node."""
    name: str = graph.make_node(operation, inputs, attr=attributes or {}).output[0]
    return name


def _becomes(graph: Any, node: Any, output: str) -> None:
    graph.copy_shape(node.output[0], output)
    graph.replace_all_inputs(node.output[0], output)
    graph.remove_node(node.name)


HANDLERS: dict[str, tuple[Callable[..., None], list[Any]]] = {
    "Erfc": (_erfc, []),
    "ReluGrad": (_relu, []),
    "Relu6Grad": (_relu6, []),
    "SigmoidGrad": (_sigmoid, []),
    "RsqrtGrad": (_inverse_root, []),
    "Conv2DBackpropInput": (_convolution, []),
    "BiasAddGrad": (_bias, []),
    "StridedSliceGrad": (_slice, []),
    "ShapeN": (_shapes, []),
    "MaxPoolGrad": (_max_pool, []),
    "AvgPoolGrad": (_average_pool, []),
    "DepthwiseConv2dNativeBackpropInput": (_depthwise_convolution, []),
}
"""By the name of the operation, as tf2onnx takes them: the function, and no further arguments."""
