"""Which part of a network learns."""

from typing import Literal

import keras

from cervinet.config_training import Top


def set_trainable(
    model: keras.Model,
    backbone: str | None,
    part: Literal["head", "all"] | Top,
    batch_norm: Literal["frozen", "trained"] = "frozen",
) -> None:
    """Let the head learn, or everything; works on the model itself.

    Args:
        model: of `build_model`.
        backbone: its name; None for a network without one, which learns as a whole.
        part: what learns.
        batch_norm: whether batch normalisation in the backbone stays as it is where the backbone learns.
    """
    # Assigning what is there already reaches no layer inside: a second phase would keep what the first one froze.
    model.trainable = False
    model.trainable = True
    if backbone is None:
        return
    nested = model.get_layer(backbone)
    nested.trainable = part != "head"
    if part != "head" and batch_norm == "frozen":
        for layer in nested.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.trainable = False
