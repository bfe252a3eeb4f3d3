"""An architecture by name → a plain functional Keras model."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

from cervinet import registry
from cervinet.errors import CervinetError, ConfigError
from cervinet.models.backbones import BACKBONES, build_backbone
from cervinet.models.heads import Head


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
    """The same network with the same weights, computing in float32 whatever precision it was trained in."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        twin = build_model(name, model.input_shape[1:], model.output_shape[-1], "none", options, head)
    finally:
        keras.config.set_dtype_policy(policy)
    twin.set_weights(model.get_weights())
    return twin


def load_weights(model: keras.Model, name: str, weights: str) -> None:
    """Fill a model, or its backbone, from ImageNet or a file."""
    target = model.get_layer(name) if name in BACKBONES else model
    if weights == "imagenet":
        target.set_weights(fetch_imagenet(name, model.input_shape[1:3]).get_weights())
        return
    check_weights(weights)
    path = Path(weights)
    try:
        if path.suffix == ".keras":
            _copy_weights(keras.models.load_model(path, compile=False, safe_mode=True), model, target, path)
        else:
            target.load_weights(path)
    except (ValueError, OSError, KeyError, TypeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ConfigError(f"`model.weights`: {path} does not fit `{name}`: {reason}") from None


def check_weights(weights: str) -> None:
    """Raises a ConfigError unless this is none, imagenet or a file."""
    if weights not in ("none", "imagenet") and not Path(weights).is_file():
        raise ConfigError(f"`model.weights` must be none, imagenet or a file; there is no file {weights}")


def fetch_imagenet(name: str, size: tuple[int, int] = (224, 224)) -> keras.Model:
    """The backbone with ImageNet weights, from Keras's cache or its download server."""
    try:
        return build_backbone(name, size, "imagenet")
    except Exception as error:  # Keras raises bare Exception when a download fails
        reason = str(error).strip().splitlines()[0]
        raise CervinetError(
            f"the ImageNet weights of {name} could not be downloaded ({reason}); on a machine with a connection run "
            f"`cervinet weights fetch {name} --to DIR` and set model.weights=DIR/{name}.weights.h5"
        ) from None


def _copy_weights(source: keras.Model, model: keras.Model, backbone: keras.Model, path: Path) -> None:
    """From a whole model of this kind, or from one that has the backbone in it or is it."""
    shapes = [w.shape for w in source.weights]
    if shapes == [w.shape for w in model.weights]:
        model.set_weights(source.get_weights())
        return
    candidates = [source, *(layer for layer in source.layers if isinstance(layer, keras.Model))]
    for candidate in candidates:
        if [w.shape for w in candidate.weights] == [w.shape for w in backbone.weights]:
            backbone.set_weights(candidate.get_weights())
            return
    raise ValueError(f"its {len(shapes)} weight arrays have other shapes")
