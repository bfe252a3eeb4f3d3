"""An architecture by name → a plain functional Keras model."""

from collections.abc import Mapping
from typing import Any

import keras
from keras import layers

from cervinet import registry
from cervinet.models.backbones import BACKBONES, build_backbone
from cervinet.models.weights import load_weights


def build_model(
    name: str,
    input_shape: tuple[int, int, int],
    classes: int,
    weights: str = "none",
    options: Mapping[str, Any] | None = None,
) -> keras.Model:
    """An untrained model, or one with loaded weights; a backbone comes frozen.

    Args:
        name: registered architecture.
        input_shape: (height, width, 3).
        classes: number of outputs.
        weights: none, imagenet, or the path of a .keras, .weights.h5 or .h5 file.
        options: keyword arguments of the architecture.

    Returns:
        Takes RGB 0–255 (n, height, width, 3), returns probabilities float32 (n, classes). The layer `logits` stands
        before the softmax.

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
    # float32 under any policy: a half-precision softmax loses small probabilities.
    logits = layers.Dense(classes, name="logits", dtype="float32")(features)
    outputs = layers.Activation("softmax", name="probabilities", dtype="float32")(logits)
    model = keras.Model(inputs, outputs, name=name)
    if weights != "none":
        load_weights(model, name, weights)
    return model


def in_float32(model: keras.Model, name: str, options: Mapping[str, Any]) -> keras.Model:
    """The same network with the same weights, computing in float32 whatever precision it was trained in."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        twin = build_model(name, model.input_shape[1:], model.output_shape[-1], "none", options)
    finally:
        keras.config.set_dtype_policy(policy)
    twin.set_weights(model.get_weights())
    return twin
