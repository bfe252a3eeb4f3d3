"""Gradients of convolutions and poolings in ONNX; all shapes are known.

See `onnx_operations`, which lists them, for what they take and do.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from cervinet.exporters.onnx_nodes import TO_ONNX, TO_TENSORFLOW, added, constant, replace, scattered, transposed


def max_pool(graph: Any, node: Any, name: str, args: Any) -> None:
    """(x, y, g) → each g at the first of the largest x of its window, summed where windows overlap."""
    pictures, _, gradient = node.input
    shape = _channels_first(graph.get_shape(pictures))
    kernel, strides = _window(node)
    pool = graph.make_node(
        "MaxPool",
        [transposed(graph, pictures, TO_ONNX)],
        output_count=2,
        attr={"kernel_shape": kernel, "strides": strides, "pads": _pads(shape, kernel, strides, _same(node))},
    )
    places = added(graph, "Reshape", [pool.output[1], constant(graph, np.array([-1]))])
    found = scattered(graph, shape, places, transposed(graph, gradient, TO_ONNX))
    replace(graph, node, transposed(graph, found, TO_TENSORFLOW))


def average_pool(graph: Any, node: Any, name: str, args: Any) -> None:
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
    spread = added(graph, "Mul", [transposed(graph, gradient, TO_ONNX), constant(graph, shares)])
    ones = constant(graph, np.ones((shape[1], 1, *kernel), np.float32))
    replace(graph, node, _backwards(graph, node, spread, ones, shape, kernel, strides, shape[1]))


def convolution(graph: Any, node: Any, name: str, args: Any) -> None:
    """(shape of x, kernel (h, w, channels of a group, out), g) → the convolution, transposed.

    tf2onnx's own fails where a stride passes over the last cells, as it does in the shortcuts of a ResNet.
    """
    _, kernel, gradient = node.input
    shape = _channels_first(graph.get_shape(node.output[0]))
    high, wide, channels, _ = graph.get_shape(kernel)
    if set(node.get_attr_value("dilations", [1])) != {1}:
        raise ValueError("the gradient of a convolution with dilation")
    turned, strides = added(graph, "Transpose", [kernel], {"perm": [3, 2, 0, 1]}), _sides(node, "strides")
    values = transposed(graph, gradient, TO_ONNX)
    groups = shape[1] // channels
    replace(graph, node, _backwards(graph, node, values, turned, shape, [high, wide], strides, groups))


def depthwise_convolution(graph: Any, node: Any, name: str, args: Any) -> None:
    """(shape of x, kernel (h, w, channels, multiplier), g) → the convolution of each channel, transposed."""
    _, kernel, gradient = node.input
    shape = _channels_first(graph.get_shape(node.output[0]))
    high, wide, channels, multiplier = graph.get_shape(kernel)
    first = added(graph, "Transpose", [kernel], {"perm": [2, 3, 0, 1]})
    apart = constant(graph, np.array([channels * multiplier, 1, high, wide]))
    turned, strides = added(graph, "Reshape", [first, apart]), _sides(node, "strides")
    values = transposed(graph, gradient, TO_ONNX)
    replace(graph, node, _backwards(graph, node, values, turned, shape, [high, wide], strides, shape[1]))


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
    return transposed(graph, added(graph, "ConvTranspose", [values, kernel], attributes), TO_TENSORFLOW)


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
    return [shape[place] for place in TO_ONNX]
