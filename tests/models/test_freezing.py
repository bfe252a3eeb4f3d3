"""Which part of a network learns, and how fast: seen from its weights."""

import keras
import numpy as np
import pytest

from cervinet.config_training import Top
from cervinet.errors import ConfigError
from cervinet.models.backbones import build_backbone
from cervinet.models.build import build_model
from cervinet.models.freezing import blocks, layer_rates, set_trainable


@pytest.fixture(scope="module")
def resnet() -> keras.Model:
    return build_model("resnet50", (32, 32, 3), 3, options={"dense": [8]})


def learning(model: keras.Model) -> set[str]:
    """Names of layers with weights that learn, of the backbone's too."""
    return {weight.path.split("/")[-2] for weight in model.trainable_weights}


def test_the_last_block_of_an_inception_network_is_its_last_module() -> None:
    last = blocks(build_backbone("inception_v3", (75, 75), None), "inception_v3")[-1]
    # Module 10 of 11: nine convolutions of a fixed width, each with its normalization (Szegedy et al., table 1).
    assert sorted(layer.filters for layer in last if isinstance(layer, keras.layers.Conv2D)) == sorted(
        [320, 384, 384, 384, 448, 384, 384, 384, 192]
    )


def test_only_the_head_learns_while_the_backbone_is_frozen(resnet: keras.Model) -> None:
    set_trainable(resnet, "resnet50", "all", "trained")
    set_trainable(resnet, "resnet50", "head", "trained")
    assert len(resnet.trainable_weights) == 4
    assert not resnet.get_layer("resnet50").trainable_weights


def test_the_last_blocks_learn_and_their_normalization_only_when_asked(resnet: keras.Model) -> None:
    set_trainable(resnet, "resnet50", Top(blocks=1), "frozen")
    network = resnet.get_layer("resnet50")
    convolutions = {f"conv5_block{block}_{part}_conv" for block in (1, 2, 3) for part in (1, 2, 3)}
    assert learning(network) == convolutions | {"conv5_block1_0_conv"}
    set_trainable(resnet, "resnet50", Top(blocks=1), "trained")
    assert learning(network) == {
        name.replace("_conv", end) for name in [*convolutions, "conv5_block1_0_conv"] for end in ("_conv", "_bn")
    }


def test_each_phase_is_as_asked_whatever_the_one_before_it_was(resnet: keras.Model) -> None:
    network = resnet.get_layer("resnet50")
    seen = []
    for part, batch_norm in (
        ("all", "trained"),
        (Top(layers=6), "trained"),
        (Top(blocks=5), "trained"),
        ("all", "frozen"),
        ("head", "frozen"),
        ("all", "trained"),
    ):
        set_trainable(resnet, "resnet50", part, batch_norm)
        seen.append(len(network.trainable_weights))
    # 53 convolutions with biases, 53 normalizations with two weights that learn; the last 6 layers hold
    # one of the former and two of the latter.
    assert seen == [212, 6, 212, 106, 0, 212]


@pytest.mark.parametrize(("batch_norm", "moves"), [("trained", True), ("frozen", False)])
def test_frozen_normalization_keeps_its_statistics_in_training(resnet, batch_norm: str, moves: bool) -> None:
    set_trainable(resnet, "resnet50", "all", batch_norm)
    pixels = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3)).astype("float32")
    mean = resnet.get_layer("resnet50").get_layer("conv1_bn").moving_mean
    before = mean.numpy()
    resnet(pixels, training=True)
    assert np.array_equal(mean.numpy(), before) != moves


@pytest.mark.parametrize(
    ("top", "asked", "there"),
    [(Top(blocks=6), "{blocks: 6}", "5 blocks"), (Top(layers=176), "{layers: 176}", "175 layers")],
)
def test_more_than_there_is_is_one_sentence(resnet: keras.Model, top: Top, asked: str, there: str) -> None:
    with pytest.raises(ConfigError) as error:
        set_trainable(resnet, "resnet50", top, "frozen")
    assert str(error.value) == (
        f"`train: {asked}` asks for more than there is: resnet50 has {there}; take fewer, or `train: all`"
    )


def test_a_network_without_a_backbone_learns_as_a_whole() -> None:
    model = build_model("skin_cnn", (28, 28, 3), 3)
    expected = len(model.trainable_weights)
    model.layers[3].trainable = False
    set_trainable(model, None, "all", "frozen")
    assert len(model.trainable_weights) == expected
    assert set(layer_rates(model, None, 0.5).values()) == {1.0}


def test_rates_fall_from_the_head_down_by_blocks(resnet: keras.Model) -> None:
    rates = layer_rates(resnet, "resnet50", 0.5)
    assert set(rates) == {weight.path for weight in resnet.weights}
    assert len(rates) == len(resnet.weights)
    named = {path.split("/")[-2]: rate for path, rate in rates.items()}
    wanted = {
        "logits": 1.0,
        "conv5_block3_3_conv": 0.5,
        "conv5_block1_0_bn": 0.5,
        "conv4_block6_3_bn": 0.25,
        "conv3_block1_1_conv": 0.125,
        "conv2_block1_1_conv": 0.0625,
        "conv1_conv": 0.03125,
    }
    assert {name: named[name] for name in wanted} == wanted
    assert set(layer_rates(resnet, "resnet50", 1.0).values()) == {1.0}
