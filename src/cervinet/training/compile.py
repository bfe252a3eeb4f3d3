"""A network with its loss and optimizer."""

from collections.abc import Mapping
from typing import Any

import keras

from cervinet import registry


def compile_model(
    model: keras.Model,
    *,
    optimizer: str,
    optimizer_options: Mapping[str, Any],
    learning_rate: float,
    loss: str,
    loss_options: Mapping[str, Any],
    xla: bool,
) -> None:
    """Compile in place, with the metric `accuracy`.

    `xla` is always said: Keras by default compiles with XLA everywhere, which makes these networks slower on a CPU.
    """
    model.compile(
        optimizer=registry.find("optimizer", optimizer).function(learning_rate, **optimizer_options),
        loss=registry.find("loss", loss).function(**loss_options),
        metrics=[keras.metrics.CategoricalAccuracy(name="accuracy")],
        jit_compile=xla,
    )
    # Variables that are first made inside the training step make TensorFlow trace the step twice.
    model.optimizer.build(model.trainable_variables)
