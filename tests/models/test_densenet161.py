"""DenseNet161: its size by the paper, and its graph against the DenseNet of keras.applications."""

import keras
import numpy as np

from cervinet.models.densenet161 import densenet, densenet161


def test_densenet161_has_the_parameters_and_the_channels_of_its_source() -> None:
    network = densenet161((64, 96, 3))
    assert sum(int(np.prod(w.shape)) for w in network.trainable_weights) == 26_472_000
    assert network.output_shape == (None, 2, 3, 2208)
    assert network.name == "densenet161"


def test_with_the_numbers_of_densenet121_the_graph_is_that_of_keras() -> None:
    theirs = keras.applications.DenseNet121(include_top=False, weights=None, input_shape=(75, 43, 3))
    ours = densenet((75, 43, 3), stem=64, growth=32, units=(6, 12, 24, 16), name="densenet121")
    named = [layer.name for layer in theirs.layers if layer.weights]
    assert [layer.name for layer in ours.layers if layer.weights] == named
    rng = np.random.default_rng(0)
    weights = [rng.uniform(0.5, 1.5, w.shape) if w.ndim == 1 else rng.normal(0, 0.05, w.shape) for w in theirs.weights]
    theirs.set_weights(weights)
    ours.set_weights(weights)
    pictures = rng.normal(size=(2, 75, 43, 3)).astype("float32")
    expected = theirs(pictures, training=False).numpy()
    assert expected.std() > 0.01
    np.testing.assert_allclose(ours(pictures, training=False).numpy(), expected, rtol=1e-5, atol=1e-6)
