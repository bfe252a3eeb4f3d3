"""Every metric against scikit-learn and against values worked out by hand."""

import itertools

import numpy as np
import pytest
from sklearn import metrics as reference

from cervinet.evaluation.calibration_error import KINDS
from cervinet.evaluation.metrics import OVERALL, PER_CLASS, measure

# Calibration errors, whose bins do not move with the weights, have a file of their own.
NAMES = [name for name in OVERALL | PER_CLASS if name not in KINDS]
SHAPES = [(40, 2), (222, 3), (300, 7), (2000, 26)]


def data(images, classes, *, decimals=None, seed=0):
    """Labels of every class and probabilities that know something of them; few decimals make many ties."""
    random = np.random.default_rng((seed, images, classes))
    labels = np.concatenate([np.arange(classes), random.integers(0, classes, images - classes)])
    scores = random.normal(size=(images, classes))
    scores[np.arange(images), labels] += 1.5
    probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    if decimals is not None:
        probabilities = np.round(probabilities, decimals) + 1e-3
        probabilities /= probabilities.sum(axis=1, keepdims=True)
    weights = random.choice([0.0, 0.5, 1.0, 2.0, 3.25], images)
    weights[:classes] = 1.0
    return labels, probabilities, weights


def sklearn_value(name, labels, probabilities, weights):
    classes = np.arange(probabilities.shape[1])
    predicted = probabilities.argmax(axis=1)
    one_vs_rest = [
        (labels == label, predicted == label, scores) for label, scores in zip(classes, probabilities.T, strict=True)
    ]
    weigh = {"sample_weight": weights}
    if name == "accuracy":
        return reference.accuracy_score(labels, predicted, **weigh)
    if name == "balanced_accuracy":
        return reference.balanced_accuracy_score(labels, predicted, **weigh)
    if name == "log_loss":
        return reference.log_loss(labels, probabilities, labels=classes, **weigh)
    if name == "brier":
        return np.average(((probabilities - np.eye(len(classes))[labels]) ** 2).sum(axis=1), weights=weights)
    if name == "mcc":
        return reference.matthews_corrcoef(labels, predicted, **weigh)
    if name.startswith("kappa"):
        kind = name.removeprefix("kappa").removeprefix("_") or None
        return reference.cohen_kappa_score(labels, predicted, labels=classes, weights=kind, **weigh)
    if name == "auroc_hand_till":
        return np.mean(list(pairs(labels, probabilities, weights)))
    if name.endswith(("_micro", "_weighted")):
        scorer = reference.roc_auc_score if name.startswith("auroc") else reference.average_precision_score
        return scorer(np.eye(len(classes))[labels], probabilities, average=name.rpartition("_")[2], **weigh)
    if name == "average_precision":
        return [reference.average_precision_score(true, scores, **weigh) for true, _, scores in one_vs_rest]
    if name == "npv":
        return [reference.precision_score(~true, ~said, zero_division=np.nan, **weigh) for true, said, _ in one_vs_rest]
    if name == "auroc":
        return [reference.roc_auc_score(true, scores, **weigh) for true, _, scores in one_vs_rest]
    if name == "specificity":
        return [reference.recall_score(~true, ~said, **weigh) for true, said, _ in one_vs_rest]
    scorer = {"ppv": "precision_score", "sensitivity": "recall_score", "f1": "f1_score"}[name]
    return getattr(reference, scorer)(labels, predicted, labels=classes, average=None, zero_division=np.nan, **weigh)


def pairs(labels, probabilities, weights):
    """A(i|j) of every ordered pair, image by image: how well the probability of i tells the images of i from j's."""
    weights = np.ones(len(labels)) if weights is None else weights
    for i, j in itertools.permutations(range(probabilities.shape[1]), 2):
        ours, others = labels == i, labels == j
        mine, theirs = probabilities[ours, i][:, None], probabilities[others, i][None]
        won = (mine > theirs) + (mine == theirs) / 2
        yield weights[ours] @ won @ weights[others] / (weights[ours].sum() * weights[others].sum())


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("decimals", [None, 1], ids=["distinct", "ties"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_equals_scikit_learn(name, shape, decimals, weighted):
    labels, probabilities, weights = data(*shape, decimals=decimals)
    chosen = weights if weighted else None
    expected = sklearn_value(name, labels, probabilities, chosen)
    np.testing.assert_allclose(measure(name, labels, probabilities, chosen), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_many_draws_at_once_equal_one_at_a_time(name):
    labels, probabilities, _ = data(60, 3, decimals=1)
    draws = np.random.default_rng(1).multinomial(60, np.full(60, 1 / 60), size=5)
    together = measure(name, labels, probabilities, draws)
    for row, weights in zip(together, draws, strict=True):
        np.testing.assert_allclose(row, measure(name, labels, probabilities, weights), rtol=0, atol=1e-15)


@pytest.mark.parametrize("dtype", [np.int32, np.float64])
@pytest.mark.parametrize("name", NAMES)
def test_a_weight_of_two_equals_the_image_twice(name, dtype):
    labels, probabilities, _ = data(80, 3, decimals=1)
    weights = np.random.default_rng(2).integers(0, 3, 80).astype(dtype)
    twice = np.repeat(np.arange(80), weights.astype(int))
    np.testing.assert_allclose(
        measure(name, labels, probabilities, weights),
        measure(name, labels[twice], probabilities[twice]),
        rtol=0,
        atol=1e-12,
    )


class TestByHand:
    """Ten images of two classes: four of the six of the first are found, three of the four of the second."""

    labels = np.array([0] * 6 + [1] * 4)
    first = np.array([0.9, 0.8, 0.7, 0.6, 0.4, 0.3, 0.7, 0.2, 0.1, 0.1])
    probabilities = np.stack([first, 1 - first], axis=1)

    def value(self, name):
        return measure(name, self.labels, self.probabilities).tolist()

    def test_thresholded(self):
        assert self.value("accuracy") == pytest.approx(7 / 10, abs=1e-15)
        assert self.value("sensitivity") == pytest.approx([4 / 6, 3 / 4], abs=1e-15)
        assert self.value("specificity") == pytest.approx([3 / 4, 4 / 6], abs=1e-15)
        assert self.value("ppv") == pytest.approx([4 / 5, 3 / 5], abs=1e-15)
        assert self.value("balanced_accuracy") == pytest.approx((4 / 6 + 3 / 4) / 2, abs=1e-15)
        assert self.value("npv") == pytest.approx([3 / 5, 4 / 5], abs=1e-15)
        assert self.value("mcc") == pytest.approx((4 * 3 - 1 * 2) / np.sqrt(5 * 5 * 6 * 4), abs=1e-15)
        assert self.value("f1") == pytest.approx([8 / 11, 6 / 9], abs=1e-15)

    def test_areas(self):
        # Of 24 pairs, 0.7 of the second class beats 0.6, 0.4 and 0.3 of the first and ties with 0.7.
        assert self.value("auroc") == pytest.approx([20.5 / 24] * 2, abs=1e-15)

    def test_average_precision(self):
        # Of the first: 0.9, 0.8, then 0.7 tied with one of the others, 0.6, 0.4, 0.3.
        assert self.value("average_precision")[0] == pytest.approx(
            (1 + 1 + 3 / 4 + 4 / 5 + 5 / 6 + 6 / 7) / 6, abs=1e-15
        )

    def test_brier(self):
        # Twice what is usual for one probability: both classes count.
        expected = 2 * np.mean((self.first - (self.labels == 0)) ** 2)
        assert self.value("brier") == pytest.approx(expected, abs=1e-15)

    def test_log_loss(self):
        true = [0.9, 0.8, 0.7, 0.6, 0.4, 0.3, 0.3, 0.8, 0.9, 0.9]
        assert self.value("log_loss") == pytest.approx(-sum(map(np.log, true)) / 10, abs=1e-15)


def test_hand_and_till_by_hand():
    """Six images of three classes; of each ordered pair of classes four pairs of images are compared."""
    labels = np.array([0, 0, 1, 1, 2, 2])
    probabilities = np.array(
        [[0.6, 0.3, 0.1], [0.3, 0.4, 0.3], [0.3, 0.5, 0.2], [0.4, 0.4, 0.2], [0.1, 0.2, 0.7], [0.5, 0.4, 0.1]]
    )
    areas = {(0, 1): 2.5, (1, 0): 3.5, (0, 2): 3, (2, 0): 2.5, (1, 2): 3.5, (2, 1): 2}
    assert measure("auroc_hand_till", labels, probabilities) == pytest.approx(sum(areas.values()) / 24, abs=1e-15)
    assert list(pairs(labels, probabilities, None)) == pytest.approx([v / 4 for _, v in sorted(areas.items())])
    ovo = reference.roc_auc_score(labels, probabilities, multi_class="ovo", average="macro")
    assert measure("auroc_hand_till", labels, probabilities) == pytest.approx(ovo, abs=1e-15)


def test_log_loss_is_clipped_as_on_kaggle():
    certain = np.array([[1.0, 0.0], [1.0, 0.0]])
    value = measure("log_loss", np.array([0, 1]), certain)
    assert value == pytest.approx((-np.log(1 - 1e-15) - np.log(1e-15)) / 2, abs=1e-15)


def test_log_loss_normalises_rows_first():
    labels, probabilities, _ = data(50, 3)
    scaled = probabilities * np.linspace(0.999, 1.001, 50)[:, None]
    assert measure("log_loss", labels, scaled) == pytest.approx(measure("log_loss", labels, probabilities), abs=1e-14)


def test_what_cannot_be_computed_is_nan_and_not_zero():
    """Three classes, images of the first only, all predicted as the second."""
    labels, probabilities = np.zeros(4, dtype=int), np.tile([0.2, 0.7, 0.1], (4, 1))

    def value(name):
        return measure(name, labels, probabilities)

    assert value("accuracy") == 0
    assert np.isnan(value("balanced_accuracy"))
    np.testing.assert_array_equal(value("auroc"), [np.nan] * 3)
    np.testing.assert_array_equal(value("sensitivity"), [0, np.nan, np.nan])
    np.testing.assert_array_equal(value("specificity"), [np.nan, 0, 1])
    np.testing.assert_array_equal(value("ppv"), [np.nan, 0, np.nan])
    np.testing.assert_array_equal(value("npv"), [0, np.nan, 1])
    np.testing.assert_array_equal(value("average_precision"), [np.nan] * 3)
    for name in ("mcc", "auroc_hand_till", "auroc_weighted", "average_precision_weighted"):
        assert np.isnan(value(name)), name
    assert value("kappa") == value("kappa_linear") == 0
    np.testing.assert_array_equal(value("f1"), [0, np.nan, np.nan])


def test_balanced_accuracy_leaves_out_a_class_that_does_not_occur():
    labels, probabilities, _ = data(100, 3)
    keep = labels != 2
    predicted = probabilities[keep].argmax(axis=1)
    expected = np.mean([(predicted[labels[keep] == label] == label).mean() for label in (0, 1)])
    found = measure("balanced_accuracy", labels[keep], probabilities[keep])
    assert found == pytest.approx(expected, abs=1e-15)


def test_weighted_means_leave_out_a_class_that_does_not_occur():
    labels, probabilities, _ = data(100, 3)
    keep = labels != 2
    given, scores = labels[keep], probabilities[keep]
    shares = [(given == label).mean() for label in (0, 1)]
    for name, scorer in (("auroc", reference.roc_auc_score), ("average_precision", reference.average_precision_score)):
        expected = sum(share * scorer(given == k, scores[:, k]) for k, share in enumerate(shares))
        assert measure(f"{name}_weighted", given, scores) == pytest.approx(expected, abs=1e-12)
    assert np.isnan(measure("auroc_hand_till", given, scores))
