"""Backbones: pixels as their weights expect them, features under a name, any size."""

from functools import cache
from pathlib import Path

import keras
import numpy as np
import pytest
from reloading import assert_it_reloads

from cervinet.errors import UsageError
from cervinet.models.backbones import BACKBONES, build_backbone, check_backbone, scaled
from cervinet.models.build import build_model
from cervinet.models.freezing import blocks
from cervinet.models.weights import fetch_imagenet

LARGE = {"resnet101", "densenet161", "densenet201", "inception_resnet_v2"} | {f"efficientnetv2_b{n}" for n in (1, 2, 3)}
SIBLINGS = {"vgg19": "vgg16", "resnet101": "resnet50", "densenet201": "densenet121"}
SIBLINGS |= {f"efficientnetv2_b{n}": "efficientnetv2_b0" for n in (1, 2, 3)}
"""Networks that differ from a smaller one in numbers only: what Keras saves and opens of the one, it does of both."""
# How many blocks, and the first and last layer with weights of the last one; None where Keras makes names up.
LAST = {
    "vgg16": (5, "block5_conv1", "block5_conv3"),
    "vgg19": (5, "block5_conv1", "block5_conv4"),
    "resnet50": (5, "conv5_block1_1_conv", "conv5_block3_3_bn"),
    "resnet101": (5, "conv5_block1_1_conv", "conv5_block3_3_bn"),
    "resnet50v2": (5, "conv5_block1_preact_bn", "post_bn"),
    "densenet121": (5, "conv5_block1_0_bn", "bn"),
    "densenet161": (5, "conv5_block1_0_bn", "bn"),
    "densenet201": (5, "conv5_block1_0_bn", "bn"),
    "inception_v3": (11, None, None),
    "inception_resnet_v2": (43, None, "conv_7b_bn"),
    "xception": (14, "block14_sepconv1", "block14_sepconv2_bn"),
    "mobilenet_v3_large": (16, "expanded_conv_14_expand", "conv_1_bn"),
    "efficientnetv2_b0": (7, "block6a_expand_conv", "top_bn"),
    "efficientnetv2_b1": (7, "block6a_expand_conv", "top_bn"),
    "efficientnetv2_b2": (7, "block6a_expand_conv", "top_bn"),
    "efficientnetv2_b3": (7, "block6a_expand_conv", "top_bn"),
    "convnext_tiny": (5, "convnext_tiny_stage_3_block_0_depthwise_conv", None),
}
PIXELS = np.random.default_rng(1).integers(0, 256, (2, 40, 33, 3), dtype=np.uint8)


def kinds(backbone: keras.Model) -> set[tuple[str, tuple[str, ...]]]:
    """The layers that there are, and what they are set by."""
    return {(type(layer).__name__, tuple(layer.get_config())) for layer in backbone.layers}


@cache
def kinds_of(name: str) -> set[tuple[str, tuple[str, ...]]]:
    return kinds(build_backbone(name, (64, 64), None))


def as_scaled(name: str) -> np.ndarray:
    inputs = keras.Input((40, 33, 3))
    return keras.Model(inputs, scaled(inputs, BACKBONES[name].scaling))(PIXELS).numpy()


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("vgg16", "vgg16"),
        ("vgg19", "vgg19"),
        ("resnet50", "resnet50"),
        ("resnet101", "resnet"),
        ("resnet50v2", "resnet_v2"),
        ("densenet121", "densenet"),
        ("densenet161", "densenet"),
        ("densenet201", "densenet"),
        ("inception_v3", "inception_v3"),
        ("inception_resnet_v2", "inception_resnet_v2"),
        ("xception", "xception"),
    ],
)
def test_pixels_are_scaled_as_keras_prepares_them_for_the_weights(name: str, module: str) -> None:
    expected = getattr(keras.applications, module).preprocess_input(PIXELS.astype("float32"))
    np.testing.assert_allclose(as_scaled(name), expected, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("mobilenet_v3_large", "conv"),
        ("efficientnetv2_b0", "stem_conv"),
        pytest.param("efficientnetv2_b1", "stem_conv", marks=pytest.mark.slow),
        pytest.param("efficientnetv2_b2", "stem_conv", marks=pytest.mark.slow),
        pytest.param("efficientnetv2_b3", "stem_conv", marks=pytest.mark.slow),
        ("convnext_tiny", "convnext_tiny_stem"),
    ],
)
def test_pixels_are_scaled_as_networks_do_that_keras_lets_scale_themselves(name: str, first: str) -> None:
    function = getattr(keras.applications, str(BACKBONES[name].keras_name))
    stock = function(include_top=False, weights=None, input_shape=(40, 33, 3))
    expected = keras.Model(stock.input, stock.get_layer(first).input)(PIXELS.astype("float32")).numpy()
    np.testing.assert_allclose(as_scaled(name), expected, rtol=1e-5, atol=1e-4)
    ours = build_backbone(name, (40, 33), None)
    np.testing.assert_array_equal(keras.Model(ours.input, ours.get_layer(first).input)(expected), expected)


def test_every_backbone_is_scaled_by_one_of_these_tests() -> None:
    tests = [
        test_pixels_are_scaled_as_keras_prepares_them_for_the_weights,
        test_pixels_are_scaled_as_networks_do_that_keras_lets_scale_themselves,
    ]
    cases = [getattr(case, "values", case) for test in tests for case in test.pytestmark[0].args[1]]
    assert {case[0] for case in cases} == set(BACKBONES)


@pytest.fixture(
    scope="module", params=[pytest.param(n, marks=pytest.mark.slow) if n in LARGE else n for n in BACKBONES]
)
def built(request: pytest.FixtureRequest) -> tuple[str, keras.Model]:
    """A backbone's name, and a network on it for the smallest pictures that it takes; one after the other."""
    side = BACKBONES[request.param].smallest
    return request.param, build_model(request.param, (side, side + 9, 3), 3)


def test_the_blocks_of_each_backbone_are_those_its_paper_counts(built: tuple[str, keras.Model]) -> None:
    name, model = built
    network = model.get_layer(name)
    found = blocks(network, name)
    count, first, last = LAST[name]
    assert len(found) == count
    weighted = [layer.name for layer in found[-1] if layer.weights]
    assert first is None or weighted[0] == first
    assert last is None or weighted[-1] == last
    assert [layer.name for block in found for layer in block if layer.weights] == [
        layer.name for layer in network.layers if layer.weights
    ]


def test_a_backbone_has_the_weights_of_keras_makes_features_at_any_size_and_reloads(
    built: tuple[str, keras.Model], tmp_path: Path
) -> None:
    name, model = built
    side, backbone = BACKBONES[name].smallest, model.get_layer(name)
    assert model.get_layer("features").output.shape == (None, backbone.output_shape[-1])
    head = backbone.output_shape[-1] * 3 + 3
    assert sum(int(np.prod(w.shape)) for w in model.trainable_weights) == head
    if function := BACKBONES[name].keras_name:
        stock = getattr(keras.applications, function)(include_top=False, weights=None, input_shape=(side, side + 9, 3))
        assert [w.shape for w in backbone.weights] == [w.shape for w in stock.weights]
    if name in SIBLINGS:
        assert kinds(backbone) == kinds_of(SIBLINGS[name])
    else:
        assert_it_reloads(model, tmp_path)
    with pytest.raises(ValueError, match=f"{name} takes pictures of at least {side} × {side}; got "):
        build_backbone(name, (side + 9, side - 1), None)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "shape"), [("densenet161", (None, 18, 25, 2208)), ("inception_resnet_v2", (None, 17, 23, 1536))]
)
def test_large_networks_take_whole_photographs(name: str, shape: tuple[int | None, ...]) -> None:
    assert build_backbone(name, (600, 800), None).output_shape == shape


@pytest.mark.parametrize(("pooling", "expected"), [("avg", np.mean), ("max", np.max), ("flatten", None)])
def test_features_are_the_pooled_output_of_the_backbone(pooling: str, expected) -> None:
    model = build_model("vgg16", (64, 96, 3), 2, options={"pooling": pooling, "dense": [8]})
    pixels = np.random.default_rng(0).integers(0, 256, (2, 64, 96, 3)).astype("float32")
    features = keras.Model(model.input, model.get_layer("features").output)(pixels).numpy()
    given = keras.applications.vgg16.preprocess_input(pixels.copy())
    maps = model.get_layer("vgg16")(given, training=False).numpy()
    pooled = expected(maps, axis=(1, 2)) if expected else maps.reshape(2, -1)
    assert pooled.std() > 0
    np.testing.assert_allclose(features, pooled, rtol=1e-4, atol=1e-5)


def test_weights_to_download_are_refused_by_name() -> None:
    with pytest.raises(UsageError) as unknown:
        check_backbone("resnet5")
    assert str(unknown.value) == "there is no backbone 'resnet5' (did you mean 'resnet50'?)"
    with pytest.raises(UsageError) as own:
        fetch_imagenet("densenet161")
    assert str(own.value) == (
        "there are no ImageNet weights of densenet161 to download; set model.weights to a file that holds them, "
        ".keras, .weights.h5 or .h5"
    )
