"""Ends of a network: what scores mean, against the textbook formulas in float64, and that stock Keras opens them."""

import keras
import numpy as np
import pytest

from cervinet.models.build import build_model, in_float32
from cervinet.models.heads import Head

HEADS = {
    "softmax": Head("softmax", 4),
    "sigmoid": Head("sigmoid", 2),
    "conditional": Head("conditional", 4),
    "conditional of two": Head("conditional", 2),
    "cumulative": Head("cumulative", 4),
    "cumulative of two": Head("cumulative", 2),
    "hierarchical": Head("hierarchical", 3, (2, 1, 3)),
}
EACH = pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
PIXELS = np.random.default_rng(0).integers(0, 256, (5, 16, 16, 3), dtype=np.uint8)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def softmax(x: np.ndarray) -> np.ndarray:
    return np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)


def textbook(head: Head, scores: np.ndarray) -> np.ndarray:
    """Probabilities by differences and products of float64, right for scores that are not large."""
    scores = scores.astype(np.float64)
    if head.kind == "softmax":
        return softmax(scores)
    if head.kind == "sigmoid":
        return np.hstack([1 - sigmoid(scores), sigmoid(scores)])
    if head.kind == "hierarchical":
        members = np.repeat(np.eye(head.classes), head.sizes, axis=0)
        return softmax(scores) @ members
    ones = np.ones((len(scores), 1))
    if head.kind == "conditional":
        above = np.hstack([ones, np.cumprod(sigmoid(scores), axis=1), 0 * ones])
        return above[:, :-1] - above[:, 1:]
    thresholds = np.cumsum(np.hstack([scores[:, 1:2], np.log1p(np.exp(scores[:, 2:]))]), axis=1)
    at_most = np.hstack([0 * ones, sigmoid(thresholds - scores[:, :1]), ones])
    return at_most[:, 1:] - at_most[:, :-1]


def small(head: Head, policy: str = "float32") -> keras.Model:
    keras.config.set_dtype_policy(policy)
    try:
        return build_model("breast_cnn", (16, 16, 3), head.classes, head=head)
    finally:
        keras.config.set_dtype_policy("float32")


@EACH
class TestEveryHead:
    def test_gives_the_probabilities_of_the_textbook(self, head: Head) -> None:
        scores = np.random.default_rng(1).normal(0, 3, (50, head.units)).astype("float32")
        found = np.exp(head.log_probabilities(scores).numpy())
        np.testing.assert_allclose(found, textbook(head, scores), rtol=2e-5, atol=1e-7)

    def test_sums_to_one_and_stays_finite_however_large_the_scores(self, head: Head) -> None:
        scores = np.random.default_rng(2).choice([-1e4, -30.0, 0.0, 30.0, 1e4], (200, head.units)).astype("float32")
        logs = head.log_probabilities(scores).numpy()
        assert np.isfinite(logs).all()
        # Neighbours among float32 are 1e-3 apart at 1e4.
        np.testing.assert_allclose(np.exp(logs).sum(axis=1), 1, atol=1e-3)

    def test_ends_a_network_in_layers_with_the_promised_names(self, head: Head) -> None:
        model = small(head)
        outputs = [model.get_layer(name).output for name in (head.scores_layer, "logits", "probabilities")]
        assert [(one.shape, one.dtype) for one in outputs] == [
            ((None, head.units), "float32"),
            ((None, head.classes), "float32"),
            ((None, head.classes), "float32"),
        ]
        model.get_layer(head.scores_layer).set_weights(
            [3 * np.random.default_rng(3).normal(size=w.shape) for w in model.get_layer(head.scores_layer).weights]
        )
        scores, logits, probabilities = (one.numpy() for one in keras.Model(model.input, outputs)(PIXELS))
        np.testing.assert_allclose(probabilities, textbook(head, scores), rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(softmax(logits.astype(np.float64)), probabilities, rtol=1e-4, atol=1e-6)

    def test_comes_back_in_stock_keras_with_the_same_outputs(self, head: Head, tmp_path) -> None:
        model = small(head)
        model.save(tmp_path / "model.keras")
        again = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
        assert {type(layer).__module__.split(".")[0] for layer in again.layers} == {"keras"}
        np.testing.assert_array_equal(again(PIXELS).numpy(), model(PIXELS).numpy())
        assert [layer.name for layer in again.layers] == [layer.name for layer in model.layers]

    def test_is_float32_in_a_half_precision_network_and_has_a_float32_twin(self, head: Head) -> None:
        model = small(head, "mixed_bfloat16")
        names = {head.scores_layer, "logits", "probabilities", "location", "thresholds", "subclass_probabilities"}
        ends = [layer for layer in model.layers if layer.name in names]
        assert {layer.compute_dtype for layer in ends} == {"float32"}
        twin = in_float32(model, "breast_cnn", {}, head)
        assert {layer.compute_dtype for layer in twin.layers} == {"float32"}
        for ours, theirs in zip(model.get_weights(), twin.get_weights(), strict=True):
            np.testing.assert_array_equal(ours, theirs)
        np.testing.assert_allclose(twin(PIXELS).numpy(), model(PIXELS).numpy(), atol=0.05)


def test_without_a_head_a_network_ends_in_a_softmax_over_the_classes() -> None:
    model = build_model("breast_cnn", (16, 16, 3), 5)
    assert [layer.name for layer in model.layers][-2:] == ["logits", "probabilities"]
    assert isinstance(model.get_layer("logits"), keras.layers.Dense)


def test_a_class_has_the_sum_of_its_subclasses() -> None:
    head = Head("hierarchical", 3, (2, 1, 3))
    model = small(head)
    outputs = [model.get_layer("subclass_probabilities").output, model.output]
    finer, probabilities = (one.numpy() for one in keras.Model(model.input, outputs)(PIXELS))
    assert finer.shape == (5, 6)
    sums = [finer[:, :2].sum(axis=1), finer[:, 2], finer[:, 3:].sum(axis=1)]
    np.testing.assert_allclose(probabilities, np.stack(sums, axis=1), atol=1e-7)
    targets = np.eye(6, dtype="float32")
    np.testing.assert_array_equal(head.of_classes(targets).numpy().argmax(axis=1), [0, 0, 1, 2, 2, 2])


def test_thresholds_between_ordered_classes_are_the_same_for_every_picture_and_rise() -> None:
    model = small(Head("cumulative", 4))
    model.get_layer("thresholds").set_weights([np.array([[-1.0, 0.5, -4.0]], "float32")])
    scores = keras.Model(model.input, model.get_layer("scores").output)(PIXELS).numpy()
    assert len(np.unique(scores[:, 0])) == len(PIXELS)
    np.testing.assert_array_equal(scores[:, 1:], np.tile(np.array([-1.0, 0.5, -4.0], "float32"), (5, 1)))
    found = model(PIXELS).numpy().astype(np.float64)
    at_most = np.cumsum(found, axis=1)[:, :-1]
    distances = np.diff(np.log(at_most / (1 - at_most)), axis=1)
    np.testing.assert_allclose(distances, np.tile(np.log1p(np.exp([0.5, -4.0])), (5, 1)), rtol=1e-3)
