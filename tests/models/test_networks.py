"""Networks: exact sizes, shapes, and that stock Keras opens what is saved."""

import keras
import numpy as np
import pytest
from reloading import assert_it_reloads

from cervinet import registry
from cervinet.models.backbones import BACKBONES
from cervinet.models.build import build_model, in_float32


def trainable(model: keras.Model) -> int:
    return sum(int(np.prod(w.shape)) for w in model.trainable_weights)


@pytest.mark.parametrize(
    ("name", "shape", "classes", "parameters", "to_train"),
    [
        ("cervix_cnn", (256, 256, 3), 3, 2_284_419, 2_282_179),
        ("skin_cnn", (28, 28, 3), 7, 504_103, 502_983),
        ("breast_cnn", (180, 180, 3), 3, 3_989_027, 3_989_027),
    ],
)
def test_networks_from_scratch_have_the_parameters_of_their_sources(
    name: str, shape: tuple[int, int, int], classes: int, parameters: int, to_train: int
) -> None:
    model = build_model(name, shape, classes)
    assert (model.count_params(), trainable(model)) == (parameters, to_train)


@pytest.mark.parametrize("name", [name for name in registry.available("architecture") if name not in BACKBONES])
def test_every_network_from_scratch_gives_probabilities_and_reloads_in_stock_keras(name, tmp_path) -> None:
    """Those on backbones are tried in test_backbones."""
    side = max(registry.find("architecture", name).traits["smallest"], 32)
    assert_it_reloads(build_model(name, (side, side + 5, 3), 4), tmp_path)


@pytest.mark.parametrize("name", ["cervix_cnn", "skin_cnn", "breast_cnn"])
def test_the_smallest_size_of_an_architecture_builds_and_one_less_does_not(name: str) -> None:
    smallest = registry.find("architecture", name).traits["smallest"]
    build_model(name, (smallest, smallest, 3), 2)
    with pytest.raises(ValueError, match=r"[Ss]ize|dimension|at least|[Nn]egative|should"):
        build_model(name, (smallest - 1, smallest - 1, 3), 2)


def test_head_options_shape_the_head() -> None:
    options = {"pooling": "flatten", "dense": [32, 16], "dropout": 0.5}
    model = build_model("vgg16", (64, 64, 3), 3, options=options)
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds[-7:] == ["Flatten", "Dense", "Dropout", "Dense", "Dropout", "Dense", "Activation"]
    assert [layer.units for layer in model.layers if isinstance(layer, keras.layers.Dense)] == [32, 16, 3]
    assert [layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)] == [0.5, 0.5]


def test_a_network_trained_in_float32_is_saved_itself() -> None:
    model = build_model("skin_cnn", (28, 28, 3), 3)
    assert in_float32(model, "skin_cnn", {}) is model


def test_a_network_trained_in_half_precision_is_saved_in_float32_with_the_same_weights() -> None:
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = build_model("skin_cnn", (28, 28, 3), 3)
        twin = in_float32(model, "skin_cnn", {})
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
    finally:
        keras.config.set_dtype_policy("float32")
    assert {layer.compute_dtype for layer in twin.layers} == {"float32"}
    for ours, theirs in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert model.get_layer("logits").compute_dtype == "float32"
