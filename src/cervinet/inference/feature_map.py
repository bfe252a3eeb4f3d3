"""Where in a network the picture is last seen as a map: what a class activation map is made from."""

from typing import Any

import keras
from keras import layers

from cervinet.errors import CervinetError

SMALLEST_SIDE = 4
"""In cells. A map of 1 × 1, which small pictures end as, would spread its heat evenly whatever the network sees."""

_CONVOLUTIONS = (layers.Conv2D, layers.DepthwiseConv2D, layers.SeparableConv2D)
_POOLINGS = (layers.MaxPooling2D, layers.AveragePooling2D, layers.Dropout, layers.SpatialDropout2D)


def with_map(model: keras.Model) -> keras.Model:
    """The same network, sharing its weights, that also gives its last feature map.

    The map is the output nearest to the end that has rank 4, at least `SMALLEST_SIDE` cells on each side, a convolution
    before it with no pooling in between, and that everything that reaches the logits passes through: no branch of a
    block, no shortcut around it. Where no map has so many cells, the last of the largest is taken. So it is the usual
    last convolution wherever pictures are of the usual size, in networks with skip connections, in DenseNets,
    Inceptions and ConvNeXts alike; a backbone may be a model within the model or not.

    Args:
        model: functional; takes (n, height, width, 3) and has a layer `logits`.

    Returns:
        Takes the same pictures; gives the map float32 (n, h, w, channels) and the logits float32 (n, classes).

    Raises:
        CervinetError: the network has no such map.
    """
    picture, ends = taken_apart(model)
    found = last_map(ends["logits"])
    if found is None:
        raise CervinetError(
            f"the network {model.name} has no feature map that all of the picture passes through, and cannot be "
            "explained by class activation maps"
        )
    return keras.Model(picture, [found, ends["logits"]])


def last_map(logits: Any) -> Any | None:
    """The feature map that `with_map` gives, in the graph that leads to the logits; None where there is none."""
    maps = _maps(logits)
    large = [one for one in maps if min(one.shape[1:3]) >= SMALLEST_SIDE]
    return large[-1] if large else max(reversed(maps), key=lambda one: min(one.shape[1:3]), default=None)


def taken_apart(model: keras.Model) -> tuple[Any, dict[str, Any]]:
    """Every layer of the model called again, those of models within it one by one.

    Returns:
        The picture, a Keras input, and the output of each layer by its name.
    """
    picture, ends = keras.Input(model.input_shape[1:], name="image"), dict[str, Any]()

    def call(layer: Any, *inputs: Any, **options: Any) -> Any:
        # A model called as a layer would be one node of the graph; its own `call` goes through its layers.
        run = layer.call if isinstance(layer, keras.Model) else layer
        ends[layer.name] = run(*inputs, **options)
        return ends[layer.name]

    keras.models.clone_model(model, picture, clone_function=lambda layer: layer, call_function=call)
    return picture, ends


def _maps(end: Any) -> list[Any]:
    """Feature maps that everything in `end` comes through, in order."""
    nodes = _nodes(end)
    last_use = {id(tensor): number for number, node in enumerate(nodes) for tensor in node.input_tensors}
    found, of_convolution, needed_until = [], dict[int, bool](), 0
    for number, node in enumerate(nodes):
        before = any(of_convolution[id(tensor)] for tensor in node.input_tensors)
        convolved = isinstance(node.operation, _CONVOLUTIONS) or (before and not isinstance(node.operation, _POOLINGS))
        of_convolution |= {id(tensor): convolved for tensor in node.outputs}
        # Nothing made before is used after: what comes later knows the picture by this output alone.
        alone = needed_until <= number and len(node.outputs) == 1
        needed_until = max(needed_until, *(last_use.get(id(tensor), 0) for tensor in node.outputs))
        padded = isinstance(node.operation, layers.ZeroPadding2D)  # its rim is no part of the picture
        if alone and convolved and not padded and len(node.outputs[0].shape) == 4:
            found.append(node.outputs[0])
    return found


def _nodes(end: Any) -> list[Any]:
    """The calls of layers that lead to a tensor, each after those that it needs."""
    found: list[Any] = []
    known, waiting = set[int](), [end]
    while waiting:
        history = waiting[-1]._keras_history  # the one record of which call of a shared layer made a tensor
        node = history.operation._inbound_nodes[history.node_index]
        if needed := [tensor for tensor in node.input_tensors if id(tensor) not in known]:
            waiting += needed
            continue
        if id(waiting.pop()) not in known:
            known |= {id(tensor) for tensor in node.outputs}
            found.append(node)
    return found
