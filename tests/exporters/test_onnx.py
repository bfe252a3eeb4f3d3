"""A network as ONNX gives what Keras gives, for any number of pictures, or there is a sentence."""

import keras
import numpy as np
import onnx
import onnxruntime
import pytest
import tensorflow as tf
from keras import layers, ops

from cervinet.errors import CervinetError
from cervinet.exporters import onnx as exporter
from cervinet.exporters.onnx import OPSET, network_onnx
from cervinet.inference.keras_engine import KerasEngine
from cervinet.inference.served_graph import OUTPUTS, served_graph
from cervinet.models.build import build_model, in_float32
from cervinet.models.heads import Head
from cervinet.registry import available

HEADS = [
    Head("softmax", 3),
    Head("sigmoid", 2),
    Head("conditional", 4),
    Head("cumulative", 4),
    Head("hierarchical", 3, (1, 2, 3)),
]


def images(number, model, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (number, *model.input_shape[1:])).astype(np.float32)


def assert_equal_to_keras(data, model, numbers=(1, 3, 7)):
    session = onnxruntime.InferenceSession(data)
    served = served_graph(model)
    (taken,), given = session.get_inputs(), [one.name for one in session.get_outputs()]
    assert (taken.name, taken.type, taken.shape) == ("image", "tensor(float)", ["n", *model.input_shape[1:]])
    assert given == [name for name in OUTPUTS if name in served(images(1, model), training=False)]
    for number in numbers:
        pictures = images(number, model, number)
        expected = served(pictures, training=False)
        for name, found in zip(given, session.run(given, {"image": pictures}), strict=True):
            largest = np.abs(expected[name]).max()
            np.testing.assert_allclose(found, expected[name], rtol=0, atol=1e-5 * max(largest, 1), err_msg=name)
            assert found.dtype == np.float32


def spread(model, factor):
    """Scores so many times as far apart: those of every layer with weights behind the one hidden dense layer."""
    weighted = [layer for layer in model.layers if layer.weights]
    hidden = next(number for number, layer in enumerate(weighted) if isinstance(layer, layers.Dense))
    assert weighted[hidden + 1 :]
    for layer in weighted[hidden + 1 :]:
        layer.set_weights([factor * one for one in layer.get_weights()])


@pytest.mark.parametrize("head", HEADS, ids=[head.kind for head in HEADS])
def test_every_head_gives_what_keras_gives(head):
    model = build_model("breast_cnn", (16, 12, 3), head.classes, head=head)
    # Not the small numbers of a fresh network, at which every head gives about the same for each class.
    spread(model, 20)
    assert_equal_to_keras(network_onnx(model), model)


@pytest.mark.parametrize("head", HEADS, ids=[head.kind for head in HEADS])
def test_probabilities_stay_finite_where_the_scores_are_far_apart(head):
    model = build_model("breast_cnn", (16, 12, 3), head.classes, head=head)
    spread(model, 1e6)
    session = onnxruntime.InferenceSession(network_onnx(model))
    probabilities, logits = session.run(["probabilities", "logits"], {"image": images(9, model)})
    assert np.abs(logits).max() > 1e4
    assert np.isfinite(logits).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize(
    "name",
    [
        "skin_cnn",
        "cervix_gap",
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("cervix_cnn", "mobilenet_v3_large", "convnext_tiny")),
    ],
)
def test_architectures_of_every_kind_of_layer(name):
    """`scripts/measure_onnx.py` compares all of them, which takes minutes."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(1)
    side = available("architecture")[name].traits["smallest"]
    model = build_model(name, (side, side, 3), 3)
    assert_equal_to_keras(network_onnx(model), model, (3,))


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_what_was_trained_in_half_precision_is_written_in_single(policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        model = in_float32(build_model("breast_cnn", (16, 16, 3), 3), "breast_cnn", {})
        data = network_onnx(model)
        images = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), np.uint8)
        answers = KerasEngine(model, (16, 16))(images)
    finally:
        keras.config.set_dtype_policy(before)
    assert answers.embedding.dtype == np.float32
    np.testing.assert_array_equal(answers.embedding, KerasEngine(model, (16, 16))(images).embedding)
    kinds = {one.data_type for one in onnx.load_from_string(data).graph.initializer}
    assert onnx.TensorProto.FLOAT in kinds
    assert not kinds & {onnx.TensorProto.FLOAT16, onnx.TensorProto.BFLOAT16}
    assert_equal_to_keras(data, model)


def test_the_file_is_one_that_onnx_itself_finds_sound():
    proto = onnx.load_from_string(network_onnx(build_model("breast_cnn", (16, 16, 3), 3)))
    onnx.checker.check_model(proto, full_check=True)
    assert [(one.domain, one.version) for one in proto.opset_import if not one.domain] == [("", OPSET)]


@pytest.mark.slow
def test_nothing_reaches_the_terminal(child):
    done = child(
        """
from cervinet.native_log import import_tensorflow
import_tensorflow()
from cervinet.exporters.onnx import network_onnx
from cervinet.models.build import build_model
print(len(network_onnx(build_model("breast_cnn", (16, 16, 3), 3))) > 10_000)
"""
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n", "")


def with_operation(operation):
    inputs = keras.Input((8, 8, 3), name="image")
    x = layers.Flatten()(operation(layers.Conv2D(2, 3)(inputs)))
    logits = layers.Dense(3, name="logits")(x)
    return keras.Model(inputs, layers.Softmax(name="probabilities")(logits), name="odd")


def test_an_operation_that_onnx_does_not_have_is_named():
    with pytest.raises(CervinetError) as caught:
        network_onnx(with_operation(lambda x: ops.erfinv(x / 1000)))
    assert str(caught.value) == "tf2onnx cannot convert the network: it has none of Erfinv"


def test_any_error_of_tf2onnx_is_a_sentence(monkeypatch):
    monkeypatch.setattr(exporter, "_in_onnx", lambda *_: 1 / 0)
    with pytest.raises(CervinetError) as caught:
        network_onnx(build_model("breast_cnn", (16, 16, 3), 3))
    assert str(caught.value) == "tf2onnx cannot convert the network: division by zero"


def test_more_weights_than_a_file_holds_are_refused_before_the_work(monkeypatch):
    monkeypatch.setattr(exporter, "LARGEST", 1000)
    model = build_model("breast_cnn", (80, 80, 3), 3)
    with pytest.raises(CervinetError) as caught:
        network_onnx(model)
    assert str(caught.value) == "an ONNX file holds 2 GB at most; the network has weights of 0.0 GB"


def test_an_optimizer_that_fails_is_left_out(monkeypatch):
    from tf2onnx.optimizer import _optimizers

    class Failing:
        def optimize(self, graph, iteration):
            raise ValueError("a constant without a shape")

    monkeypatch.setitem(_optimizers, "optimize_transpose", Failing)
    model = build_model("breast_cnn", (16, 16, 3), 3)
    assert_equal_to_keras(network_onnx(model), model)


def test_tensorflow_runs_as_it_did_before():
    assert not tf.config.functions_run_eagerly()
    with pytest.raises(CervinetError):
        network_onnx(with_operation(lambda x: ops.erfinv(x / 1000)))
    assert not tf.config.functions_run_eagerly()
