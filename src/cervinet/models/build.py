"""An architecture by name → a plain functional Keras model."""

from collections.abc import Mapping
from typing import Any

import keras

from cervinet import registry
from cervinet.models.backbones import BACKBONES, build_backbone
from cervinet.models.heads import Head
from cervinet.models.weights import load_weights


def build_model(
    name: str,
    input_shape: tuple[int, int, int],
    classes: int,
    weights: str = "none",
    options: Mapping[str, Any] | None = None,
    head: Head | None = None,
) -> keras.Model:
    """An untrained model, or one with loaded weights; a backbone comes frozen.

    Args:
        name: registered architecture.
        input_shape: (height, width, 3).
        classes: how many.
        weights: none, imagenet, or the path of a .keras, .weights.h5 or .h5 file.
        options: keyword arguments of the architecture.
        head: what stands behind the features, for as many classes; None for a softmax.

    Returns:
        Takes RGB 0–255 (n, height, width, 3), returns probabilities float32 (n, classes), which are the softmax of the
        layer `logits`.

    Raises:
        ConfigError: the weights do not fit or are not there.
    """
    function = registry.find("architecture", name).function
    inputs = keras.Input(input_shape, name="image")
    arguments = dict(options or {})
    if name in BACKBONES:
        backbone = build_backbone(name, input_shape[:2], None)
        backbone.trainable = False
        arguments["backbone"] = backbone
    features = function(inputs, **arguments)
    outputs = (head or Head("softmax", classes)).build(features)
    model = keras.Model(inputs, outputs, name=name)
    if weights != "none":
        load_weights(model, name, weights)
    return model


def in_float32(model: keras.Model, name: str, options: Mapping[str, Any], head: Head | None = None) -> keras.Model:
    """The same network with the same weights, computing in float32 whatever precision it was trained in.

    One that was built in float32 is returned as it is: a large network takes seconds to build anew.
    """
    if model.dtype_policy.name == "float32":
        return model
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        twin = build_model(name, model.input_shape[1:], model.output_shape[-1], "none", options, head)
    finally:
        keras.config.set_dtype_policy(policy)
    twin.set_weights(model.get_weights())
    return twin
