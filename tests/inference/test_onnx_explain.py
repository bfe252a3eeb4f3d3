"""Heat without TensorFlow is the heat that Keras gives."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import layers

from cervinet.errors import CervinetError, UsageError
from cervinet.exporters.onnx import network_onnx
from cervinet.exporters.onnx_heat import gradient_behind
from cervinet.inference.explain import Explainer
from cervinet.inference.explainer import explainer_of, explains_without_tensorflow
from cervinet.inference.onnx_explain import OnnxExplainer
from cervinet.model_card import Member, ModelCard
from cervinet.models.build import build_model
from cervinet.models.heads import Head
from cervinet.run import Run

METHODS = ["grad_cam", "grad_cam_plus_plus"]
CLASSES = ("a", "b", "c")


def card_of(model, **more):
    return ModelCard(CLASSES, tuple(model.input_shape[1:3]), (("stretch", {}),), "tiny", **more)


def images(number, model, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (number, *model.input_shape[1:]), np.uint8)


def model_of(inputs, x):
    logits = layers.Dense(3, name="logits")(x)
    return keras.Model(inputs, layers.Softmax(name="probabilities")(logits), name="tiny")


def scratch():
    """A pooling, a convolution and dense layers behind the last map of at least 4 cells."""
    inputs = keras.Input((20, 24, 3))
    x = layers.Conv2D(6, 3, padding="same", activation="relu")(layers.Rescaling(1 / 255)(inputs))
    x = layers.BatchNormalization()(layers.MaxPooling2D(4)(x))
    x = layers.Conv2D(5, 3, activation="relu")(x)
    return model_of(inputs, layers.Dense(8, activation="relu")(layers.Flatten()(x)))


def vgg_like():
    inputs = keras.Input((16, 16, 3))
    x = layers.Rescaling(1 / 255)(inputs)
    for filters in (4, 6):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D(2, strides=2)(layers.Conv2D(filters, 3, padding="same", activation="relu")(x))
    return model_of(inputs, layers.GlobalMaxPooling2D(name="features")(x))


def resnet_like():
    """Blocks with shortcuts, some of them behind the last map of at least 4 cells."""
    inputs = keras.Input((16, 16, 3))
    x = layers.Conv2D(4, 3, strides=2, padding="same")(layers.Rescaling(1 / 255)(inputs))
    for filters in (6, 8, 8):
        own = layers.BatchNormalization()(layers.Conv2D(filters, 3, strides=2, padding="same", use_bias=False)(x))
        own = layers.Conv2D(filters, 3, padding="same")(layers.ReLU()(own))
        x = layers.ReLU()(layers.Add()([own, layers.Conv2D(filters, 1, strides=2)(x)]))
    return model_of(inputs, layers.GlobalAveragePooling2D(name="features")(x))


MODELS = {"scratch": scratch, "vgg": vgg_like, "resnet": resnet_like}


def made(name, seed=0):
    keras.utils.set_random_seed(seed)
    model = MODELS[name]()
    for layer in model.layers:  # not as fresh ones are, which change nothing
        if isinstance(layer, layers.BatchNormalization):
            layer.set_weights([np.random.default_rng(seed).uniform(0.5, 2, one.shape) for one in layer.get_weights()])
    return model


def write(run, model, card):
    run.path.mkdir(parents=True, exist_ok=True)
    model.save(run.model)
    run.onnx.write_bytes(network_onnx(model))
    run.heat.write_bytes(gradient_behind(model).to_onnx())
    run.write_card(card)
    return run


def assert_same_heat(found, expected):
    assert (found.dtype, found.shape) == (np.float32, expected.shape)
    largest = expected.max(axis=(1, 2), keepdims=True)
    assert (largest > 0).any()
    assert (np.abs(found - expected) <= 1e-4 * largest).all()


@pytest.fixture(scope="module", params=MODELS)
def saved(request, tmp_path_factory):
    model = made(request.param)
    return model, write(Run(tmp_path_factory.mktemp(request.param)), model, card_of(model))


@pytest.mark.parametrize("method", METHODS)
def test_is_that_of_keras(saved, method):
    model, run = saved
    explainer = explainer_of(run, method)
    assert isinstance(explainer, OnnxExplainer)
    by_keras, pictures = Explainer([model], card_of(model), method), images(19, model)
    np.testing.assert_array_equal(explainer.predicted(pictures), by_keras.predicted(pictures))
    for asked in (None, np.arange(19) % 3):
        assert_same_heat(explainer.heat(pictures, asked), by_keras.heat(pictures, asked))


@pytest.mark.parametrize("kind", ["sigmoid", "conditional", "cumulative", "hierarchical"])
def test_every_head_can_be_asked_about_each_class(tmp_path, kind):
    classes = 2 if kind == "sigmoid" else 3
    head = Head(kind, classes, (1, 2, 1) if kind == "hierarchical" else ())
    model = build_model("breast_cnn", (16, 16, 3), classes, head=head)
    card = replace(card_of(model), classes=CLASSES[:classes])
    run = write(Run(tmp_path), model, card)
    pictures, asked = images(4, model), np.array([0, 1, 1, 0])
    found = explainer_of(run, "grad_cam").heat(pictures, asked)
    assert_same_heat(found, Explainer([model], card, "grad_cam").heat(pictures, asked))


@pytest.fixture(scope="module")
def ensemble(tmp_path_factory):
    run = Run(tmp_path_factory.mktemp("ensemble"))
    members = []
    for number, name in enumerate(("vgg", "resnet"), start=1):
        model = made(name, number)
        write(run.member(f"members/{number}"), model, card_of(model))
        members.append(Member(f"members/{number}", [0.25, 0.75][number - 1], "x"))
    run.write_card(card_of(model, members=tuple(members)))
    return run, model


@pytest.mark.parametrize("method", METHODS)
def test_of_an_ensemble_it_is_that_of_keras(ensemble, method):
    run, model = ensemble
    explainer, by_keras = explainer_of(run, method), explainer_of(run, method, "keras")
    assert isinstance(explainer, OnnxExplainer)
    assert isinstance(by_keras, Explainer)
    pictures = images(5, model)
    np.testing.assert_array_equal(explainer.predicted(pictures), by_keras.predicted(pictures))
    assert_same_heat(explainer.heat(pictures), by_keras.heat(pictures))


def test_an_ensemble_of_which_one_has_no_file_is_explained_by_keras(tmp_path):
    run, members = Run(tmp_path), []
    for number in (1, 2):
        model = made("vgg", number)
        member = write(run.member(f"members/{number}"), model, card_of(model))
        members.append(Member(f"members/{number}", 0.5, "x"))
    member.heat.unlink()
    member.write_card(card_of(model, onnx={"heat": {"why": "it has none of Erfinv"}}))
    run.write_card(card_of(model, members=tuple(members)))
    assert not explains_without_tensorflow(run)
    assert isinstance(explainer_of(run, "grad_cam"), Explainer)
    with pytest.raises(UsageError) as caught:
        explainer_of(run, "grad_cam", "onnx")
    assert str(caught.value) == (f"{member.path} has no heat.onnx: it has none of Erfinv; use the engine keras")


def test_a_changed_file_is_refused(tmp_path):
    model = made("vgg")
    run = write(Run(tmp_path), model, card_of(model))
    run.heat.write_bytes(b"other")
    with pytest.raises(CervinetError) as caught:
        explainer_of(run, "grad_cam")
    assert str(caught.value) == (
        f"{run.heat} is not the file that this run saved (its SHA-256 is not the one in model.json); bring the "
        "original back, or train again"
    )


def test_where_nothing_speaks_for_a_class_there_is_no_heat(tmp_path):
    model = made("vgg")
    logits = model.get_layer("logits")
    logits.set_weights([-np.abs(logits.get_weights()[0]), logits.get_weights()[1]])
    run = write(Run(tmp_path), model, card_of(model))
    for method in METHODS:
        assert not explainer_of(run, method).heat(images(2, model)).any()
