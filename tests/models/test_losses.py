"""Every loss: what it promises whatever it is, and its own formula, computed by other means in float64."""

import numpy as np
import pytest
import tensorflow as tf

from cervinet import registry
from cervinet.errors import ConfigError
from cervinet.models.heads import Head
from cervinet.models.losses import Context

LOSSES = registry.available("loss")
CLASSES, SIZES, PICTURES = 3, (2, 1, 3), (100, 10, 1000)


def head_for(name: str) -> Head:
    kind = LOSSES[name].traits["head"]
    return Head(kind, 2 if kind == "sigmoid" else CLASSES, SIZES if kind == "hierarchical" else ())


def loss_of(name: str, **options):
    head = head_for(name)
    per_picture = LOSSES[name].function(Context(head, PICTURES[: head.classes]), **options)
    return lambda targets, scores: per_picture(
        tf.constant(targets, tf.float32), tf.convert_to_tensor(scores, tf.float32)
    )


def drawn(name: str, pictures: int = 40) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, one-hot targets and scores."""
    random, head = np.random.default_rng(0), head_for(name)
    labels = random.integers(0, head.targets, pictures)
    return labels, np.eye(head.targets)[labels], random.normal(0, 2, (pictures, head.units))


def softmax(scores: np.ndarray) -> np.ndarray:
    return np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def test_losses_are_found() -> None:
    assert len(LOSSES) >= 7


@pytest.mark.parametrize("name", LOSSES)
class TestEveryLoss:
    def test_gives_one_number_a_picture_that_does_not_depend_on_the_others(self, name: str) -> None:
        _, targets, scores = drawn(name)
        found = loss_of(name)(targets, scores)
        assert (found.shape, found.dtype.name) == ((40,), "float32")
        np.testing.assert_allclose(loss_of(name)(targets[7:9], scores[7:9]), found[7:9], rtol=1e-6)
        assert (found.numpy() > 0).all()

    def test_of_a_soft_target_is_the_mean_of_those_of_its_classes(self, name: str) -> None:
        _, targets, scores = drawn(name)
        share = np.random.default_rng(1).random((40, 1))
        mixed = share * targets + (1 - share) * targets[::-1]
        one, other = (loss_of(name)(each, scores).numpy() for each in (targets, targets[::-1]))
        np.testing.assert_allclose(
            loss_of(name)(mixed, scores), share[:, 0] * one + (1 - share[:, 0]) * other, rtol=1e-4
        )

    def test_and_its_gradient_are_finite_for_extreme_scores(self, name: str) -> None:
        head = head_for(name)
        grid = np.array(np.meshgrid(*[[-1e4, 0.0, 1e4]] * head.units)).reshape(head.units, -1).T
        for target in np.eye(head.targets):
            scores = tf.constant(grid, tf.float32)
            with tf.GradientTape() as tape:
                tape.watch(scores)
                losses = loss_of(name)(np.tile(target, (len(grid), 1)), scores)
            assert np.isfinite(losses).all()
            assert np.isfinite(tape.gradient(losses, scores)).all()

    def test_going_down_makes_the_class_of_the_target_the_most_probable(self, name: str) -> None:
        head = head_for(name)
        targets, scores = np.eye(head.targets), tf.Variable(tf.zeros((head.targets, head.units)))
        for _ in range(150):
            with tf.GradientTape() as tape:
                losses = tf.reduce_sum(loss_of(name)(targets, scores))
            scores.assign_sub(0.5 * tape.gradient(losses, scores))
        probabilities = np.exp(head.log_probabilities(scores).numpy())
        labels = head.of_classes(tf.constant(targets, tf.float32)).numpy().argmax(axis=1)
        np.testing.assert_array_equal(probabilities.argmax(axis=1), labels)
        assert probabilities.max(axis=1).min() > 0.7


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropy(smoothing: float) -> None:
    labels, _, scores = drawn("cross_entropy")
    p = softmax(scores)
    expected = [
        -sum((1 - smoothing) * (k == label) * np.log(q) + smoothing / 3 * np.log(q) for k, q in enumerate(row))
        for label, row in zip(labels, p, strict=True)
    ]
    found = loss_of("cross_entropy", label_smoothing=smoothing)(np.eye(3)[labels], scores)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_binary_cross_entropy(smoothing: float) -> None:
    labels, targets, scores = drawn("binary_cross_entropy")
    p, y = sigmoid(scores[:, 0]), labels * (1 - smoothing) + smoothing / 2
    found = loss_of("binary_cross_entropy", label_smoothing=smoothing)(targets, scores)
    np.testing.assert_allclose(found, -(y * np.log(p) + (1 - y) * np.log(1 - p)), rtol=1e-5)


@pytest.mark.parametrize(("gamma", "alpha"), [(2.0, None), (0.5, None), (1.5, [0.2, 1.0, 3.0]), (0.0, None)])
def test_focal(gamma: float, alpha: list[float] | None) -> None:
    labels, targets, scores = drawn("focal")
    p = softmax(scores)[np.arange(40), labels]
    expected = np.array(alpha or [1, 1, 1])[labels] * (1 - p) ** gamma * -np.log(p)
    np.testing.assert_allclose(loss_of("focal", gamma=gamma, alpha=alpha)(targets, scores), expected, rtol=1e-4)


@pytest.mark.parametrize("gamma", [0.0, 2.0])
def test_class_balanced(gamma: float) -> None:
    labels, targets, scores = drawn("class_balanced")
    # The effective number is a sum of powers: Cui et al., proposition 1.
    effective = np.array([sum(0.99**i for i in range(n)) for n in PICTURES])
    weights = 3 / effective / (1 / effective).sum()
    p = softmax(scores)[np.arange(40), labels]
    found = loss_of("class_balanced", beta=0.99, gamma=gamma)(targets, scores)
    np.testing.assert_allclose(found, weights[labels] * (1 - p) ** gamma * -np.log(p), rtol=1e-4)
    assert weights[1] > weights[0] > weights[2]


def test_corn() -> None:
    """Shi et al. 2021, equation 7: a binary cross-entropy a task, over the pictures that reach it."""
    labels, targets, scores = drawn("corn")
    whole, asked = 0.0, 0
    for task in range(CLASSES - 1):
        reached = labels > task - 1
        above = (labels > task)[reached]
        p = sigmoid(scores[reached, task])
        whole -= np.sum(np.log(p) * above + np.log(1 - p) * (1 - above))
        asked += reached.sum()
    found = loss_of("corn")(targets, scores).numpy()
    np.testing.assert_allclose(found.sum() / asked, whole / asked, rtol=1e-5)


def test_cumulative_link() -> None:
    labels, targets, scores = drawn("cumulative_link")
    location, first, second = scores[:, 0], scores[:, 1], scores[:, 1] + np.log1p(np.exp(scores[:, 2]))
    lower, upper = sigmoid(first - location), sigmoid(second - location)
    p = np.stack([lower, upper - lower, 1 - upper], axis=1)[np.arange(40), labels]
    np.testing.assert_allclose(loss_of("cumulative_link")(targets, scores), -np.log(p), rtol=1e-4)


@pytest.mark.parametrize(("coarse", "fine", "smoothing"), [(1.0, 1.0, 0.0), (0.3, 2.0, 0.1), (0.0, 1.0, 0.0)])
def test_hierarchical(coarse: float, fine: float, smoothing: float) -> None:
    labels, targets, scores = drawn("hierarchical")
    owners = np.array([0, 0, 1, 2, 2, 2])
    p = softmax(scores)
    of_class = np.stack([p[:, owners == k].sum(axis=1) for k in range(3)], axis=1)
    expected = np.zeros(40)
    for place in range(6):
        share = (1 - smoothing) * (labels == place) + smoothing / 6
        expected -= share * (fine * np.log(p[:, place]) + coarse * np.log(of_class[:, owners[place]]))
    loss = loss_of("hierarchical", class_weight=coarse, subclass_weight=fine, label_smoothing=smoothing)
    np.testing.assert_allclose(loss(targets, scores), expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        (
            "binary_cross_entropy",
            {},
            "`training.loss`: binary_cross_entropy needs two classes; there are 3: use cross_entropy, or name two by "
            "data.class_map",
        ),
        (
            "focal",
            {"alpha": [1.0, 2.0]},
            "`training.loss.focal.alpha` must have a number for each of the 3 classes; got 2",
        ),
        (
            "hierarchical",
            {"class_weight": 0.0, "subclass_weight": 0.0},
            "`training.loss.hierarchical` must have a class_weight or a subclass_weight above 0; both are 0",
        ),
    ],
)
def test_a_loss_that_does_not_fit_is_one_sentence(name: str, options: dict, message: str) -> None:
    head = Head(LOSSES[name].traits["head"], 3)
    with pytest.raises(ConfigError) as error:
        LOSSES[name].function(Context(head, PICTURES), **options)
    assert str(error.value) == message
