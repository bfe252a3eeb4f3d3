"""Which part of a network learns, and how fast.

A backbone is a row of blocks, bottom to top: the stages of VGG, ResNet, DenseNet, EfficientNetV2 and ConvNeXt, the
units of the Inception networks, of Xception and of MobileNetV3. The layers before the first block (the stem) count as
one; what stands between or after blocks belongs to the block below it.
"""

import re
from typing import Literal

import keras

from cervinet.config_training import Top
from cervinet.errors import ConfigError
from cervinet.models.backbones import BACKBONES


def set_trainable(
    model: keras.Model,
    backbone: str | None,
    part: Literal["head", "all"] | Top,
    batch_norm: Literal["frozen", "trained"],
) -> None:
    """Let the head learn, and as much of the backbone as is asked for; works on the model itself.

    Args:
        model: of `build.build_model`.
        backbone: name of the nested model; None for a network without one, which learns as a whole.
        part: of the backbone nothing (head), everything, its last blocks, or its last layers as Keras counts them.
        batch_norm: frozen: no batch normalization in the backbone learns or changes its statistics, even in blocks
            that learn.

    Raises:
        ConfigError: the backbone has fewer blocks or layers.
    """
    # Assigning what is there already reaches no layer inside: a second phase would keep what the first one froze.
    model.trainable = False
    model.trainable = True
    if backbone is None:
        return
    network = model.get_layer(backbone)
    if part == "head":
        network.trainable = False
        return
    if isinstance(part, Top):
        for layer in _below(network, backbone, part):
            layer.trainable = False
    if batch_norm == "frozen":
        for layer in network.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.trainable = False


def layer_rates(model: keras.Model, backbone: str | None, decay: float) -> dict[str, float]:
    """What the learning rate of each weight is multiplied by: 1 in the head, `decay` in the last block, and so on.

    Args:
        model: of `build.build_model`.
        backbone: name of the nested model; None for a network without one.
        decay: in (0, 1].

    Returns:
        A factor for the path of every weight, whether it learns or not: `decay` to the power of the block's depth.

    Reference:
        Layer-wise decay: Howard & Ruder 2018, arXiv:1801.06146, section 3.2, by block.
    """
    rates = {weight.path: 1.0 for weight in model.weights}
    if backbone is not None:
        for depth, block in enumerate(reversed(blocks(model.get_layer(backbone), backbone)), start=1):
            rates |= {weight.path: decay**depth for layer in block for weight in layer.weights}
    return rates


def blocks(network: keras.Model, backbone: str) -> list[list[keras.Layer]]:
    """The layers of a backbone, bottom to top, block by block; groups of layers without weights are no blocks."""
    found: list[list[keras.Layer]] = [[]]
    current = None
    for layer in network.layers:
        begins = re.match(BACKBONES[backbone].block, layer.name)
        if begins and begins[1] != current:
            current = begins[1]
            found.append([])
        found[-1].append(layer)
    return [block for block in found if any(layer.weights for layer in block)]


def _below(network: keras.Model, backbone: str, top: Top) -> list[keras.Layer]:
    """The layers under the part that learns."""
    if top.layers is not None:
        _check(top.layers, len(network.layers), "layers", backbone)
        return list(network.layers[: len(network.layers) - top.layers])
    assert top.blocks is not None
    there = blocks(network, backbone)
    _check(top.blocks, len(there), "blocks", backbone)
    learning = {id(layer) for block in there[len(there) - top.blocks :] for layer in block}
    return [layer for layer in network.layers if id(layer) not in learning]


def _check(wanted: int, there: int, what: str, backbone: str) -> None:
    if wanted > there:
        raise ConfigError(
            f"`train: {{{what}: {wanted}}}` asks for more than there is: {backbone} has {there} {what}; "
            f"take fewer, or `train: all`"
        )
