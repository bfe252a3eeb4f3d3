"""What every network must do: give probabilities of pixels, and the same ones again when stock Keras has opened it."""

from pathlib import Path

import keras
import numpy as np


def assert_it_reloads(model: keras.Model, folder: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2, *model.input_shape[1:]), dtype=np.uint8)
    probabilities = model(pixels, training=False).numpy()
    assert probabilities.shape == (2, *model.output_shape[1:])
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    model.save(folder / "model.keras")
    again = keras.models.load_model(folder / "model.keras", safe_mode=True)
    np.testing.assert_array_equal(again(pixels, training=False).numpy(), probabilities)
