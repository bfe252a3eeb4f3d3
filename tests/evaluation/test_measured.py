"""The Brier score and the mean over repeats, against scikit-learn."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, brier_score_loss

from cervinet.evaluation.measured import mean_sensitivity, measured, samples_of
from cervinet.evaluation.metrics import OVERALL
from cervinet.evaluation.predictions import Predictions


def predictions(images=30, classes=3, seed=0):
    random = np.random.default_rng(seed)
    return Predictions(
        images=tuple(f"{i}.jpg" for i in range(images)),
        groups=tuple(f"{i // 2}" for i in range(images)),
        labels=np.arange(images) % classes,
        probabilities=random.dirichlet(np.ones(classes), images),
        classes=tuple("abcd"[:classes]),
        split="test",
    )


@pytest.mark.parametrize("classes", [2, 3])
def test_brier_score_under_weights(classes):
    given = predictions(classes=classes)
    counts = np.random.default_rng(1).integers(0, 3, (4, 15))
    found = measured(samples_of(given), {"brier": OVERALL["brier"].value})(counts)["brier"]
    for row, weights in zip(found, counts, strict=True):
        of_images = np.repeat(weights, 2)
        expected = brier_score_loss(
            given.labels, given.probabilities, sample_weight=of_images, scale_by_half=False, labels=range(classes)
        )
        assert row == pytest.approx(expected, rel=1e-12)


def test_balanced_accuracy_is_undefined_where_a_class_is_not_drawn():
    given = replace(predictions(classes=3), groups=tuple("ABC"[i % 3] for i in range(30)))
    of = measured(samples_of(given), {"it": mean_sensitivity(given.labels)})
    found = of(np.array([[1, 1, 1], [2, 1, 0]]))["it"]
    assert found[0] == pytest.approx(balanced_accuracy_score(given.labels, given.predicted), rel=1e-12)
    assert np.isnan(found[1])


def test_balanced_accuracy_of_one_class_is_undefined():
    given = replace(predictions(), labels=np.zeros(30, np.int64))
    found = measured(samples_of(given), {"it": mean_sensitivity(given.labels)})
    assert np.isnan(found(np.ones((1, 15)))["it"]).all()


def test_samples_of_some_rows_have_their_own_groups():
    given = replace(predictions(), repeats=np.arange(30) % 2)
    first, second = samples_of(given, np.arange(10, 20))
    assert (first.groups, len(first.labels), len(second.labels)) == (5, 5, 5)
    assert first.members.tolist() == second.members.tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(first.probabilities, given.probabilities[10:20:2])
