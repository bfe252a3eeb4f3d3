"""Which part of a network learns."""

from typing import Literal

import keras

from cervinet.config_training import Top


def set_trainable(
    model: keras.Model,
    backbone: str,
    part: Literal["head", "all"] | Top,
    batch_norm: Literal["frozen", "trained"] = "frozen",
) -> None:
    """Let the head learn, or everything.

    Args:
        model: of `build_model`, with a backbone.
        backbone: its name.
        part: what learns.
        batch_norm: whether batch normalisation in the backbone stays as it is where the backbone learns.
    """
    nested = model.get_layer(backbone)
    nested.trainable = part != "head"
    if part != "head" and batch_norm == "frozen":
        for layer in nested.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.trainable = False
