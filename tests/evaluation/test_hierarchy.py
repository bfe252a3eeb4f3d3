"""Classes of sub-classes, and precision, recall and F of sets with their ancestors, label by label."""

from dataclasses import replace

import numpy as np
import pytest

from cervinet.evaluation.evaluate import evaluate
from cervinet.evaluation.hierarchy import hierarchy_of
from cervinet.evaluation.intervals import Resampling
from cervinet.evaluation.metrics import measure
from cervinet.evaluation.predictions import Predictions
from cervinet.evaluation.statistics import Hierarchy

CLASSES = ("brain", "colon", "lung")
SUBCLASSES = ("glioma", "pituitary", "colon", "large", "squamous")
PARENTS = np.array([0, 0, 1, 2, 2])
ALONE = np.array([False, False, True, False, False])
HOW = Resampling(draws=100, confidence=0.95, seed=0)


def predictions(images=90, seed=0):
    random = np.random.default_rng(seed)
    finer = random.dirichlet(np.full(5, 0.5), images)
    truth = np.concatenate([np.arange(5), random.integers(0, 5, images - 5)])
    names = tuple(f"{number}.jpg" for number in range(images))
    return Predictions(
        images=names,
        groups=names,
        labels=PARENTS[truth],
        probabilities=np.stack([finer[:, k == PARENTS].sum(axis=1) for k in range(3)], axis=1),
        classes=CLASSES,
        split="test",
        sublabels=tuple(SUBCLASSES[label] for label in truth),
        subclasses=SUBCLASSES,
        subclass_probabilities=finer,
    )


def label_set(index):
    return {SUBCLASSES[index], CLASSES[PARENTS[index]]}


def reference(truth, predicted):
    shared = sum(len(label_set(t) & label_set(p)) for t, p in zip(truth, predicted, strict=True))
    precision = shared / sum(len(label_set(p)) for p in predicted)
    recall = shared / sum(len(label_set(t)) for t in truth)
    return precision, recall, 2 * precision * recall / (precision + recall)


NAMES = ("hierarchical_precision", "hierarchical_recall", "hierarchical_f")


def test_equals_the_sets_with_their_ancestors():
    given = predictions()
    truth = np.array([SUBCLASSES.index(name) for name in given.sublabels])
    expected = reference(truth, given.subclass_probabilities.argmax(axis=1))
    assert len(set(expected)) == 3
    hierarchy = Hierarchy(PARENTS, ALONE)
    found = [measure(name, truth, given.subclass_probabilities, hierarchy=hierarchy) for name in NAMES]
    assert found == pytest.approx(expected, abs=1e-12)
    metrics = evaluate(given, HOW).to_json()["subclasses"]["metrics"]
    assert [metrics[name]["value"] for name in NAMES] == pytest.approx(expected, abs=1e-12)
    assert all(metrics[name]["lower"] < metrics[name]["value"] < metrics[name]["upper"] for name in NAMES)


def test_a_mistake_within_the_class_is_half_a_mistake():
    truth = np.array([0, 0, 0])
    for predicted, expected in ((0, 1.0), (1, 0.5), (3, 0.0)):
        found = measure("hierarchical_f", truth, np.eye(5)[[predicted] * 3], hierarchy=Hierarchy(PARENTS, ALONE))
        assert found == pytest.approx(expected, abs=1e-15)


def test_a_draw_counts_images():
    given = predictions()
    truth = np.array([SUBCLASSES.index(name) for name in given.sublabels])
    weights = np.random.default_rng(1).integers(0, 3, len(truth))
    twice = np.repeat(np.arange(len(truth)), weights)
    hierarchy = Hierarchy(PARENTS, ALONE)
    for name in NAMES:
        found = measure(name, truth, given.subclass_probabilities, weights, hierarchy)
        again = measure(name, truth[twice], given.subclass_probabilities[twice], hierarchy=hierarchy)
        assert found == pytest.approx(again, abs=1e-12)


def test_classes_are_those_of_the_images():
    found = hierarchy_of(predictions())
    assert (found.parents.tolist(), found.alone.tolist()) == (PARENTS.tolist(), ALONE.tolist())


def without(name, given):
    """No image has the sub-class any more."""
    keep = [number for number, label in enumerate(given.sublabels) if label != name]
    return replace(
        given,
        images=tuple(given.images[k] for k in keep),
        groups=tuple(given.groups[k] for k in keep),
        labels=given.labels[keep],
        probabilities=given.probabilities[keep],
        sublabels=tuple(given.sublabels[k] for k in keep),
        subclass_probabilities=given.subclass_probabilities[keep],
    )


@pytest.mark.parametrize("name", ["pituitary", "colon", "large"])
def test_of_a_subclass_without_images_the_name_or_the_probabilities_tell(name):
    assert hierarchy_of(without(name, predictions())).parents.tolist() == PARENTS.tolist()


def test_what_settles_nothing_is_said():
    """All classes are sure of everything: any of them could hold the sub-class that no image has."""
    given = without("large", predictions())
    given = replace(given, probabilities=np.ones_like(given.probabilities))
    assert hierarchy_of(given).parents.tolist() == [0, 0, 1, -1, 2]
    found = evaluate(given, HOW).subclasses.metrics
    for name in NAMES:
        assert found[name].value is None
        assert found[name].reason == "it is not known of which class the sub-class is: 'large'"
    assert found["accuracy"].value is not None


def test_a_subclass_of_two_classes_is_of_neither():
    given = predictions()
    given = replace(given, labels=np.where(np.arange(90) == 0, 2, given.labels))
    assert given.sublabels[0] == "glioma"
    assert hierarchy_of(given).parents[0] == -1


def test_an_unknown_class_that_is_never_seen_does_no_harm():
    truth, scores = np.array([0, 1, 2]), np.eye(5)[[0, 0, 2]]
    hierarchy = Hierarchy(np.array([0, 0, 1, -1, -1]), ALONE)
    assert measure("hierarchical_precision", truth, scores, hierarchy=hierarchy) == pytest.approx(4 / 5, abs=1e-15)
    assert np.isnan(measure("hierarchical_f", np.array([0, 1, 3]), scores, hierarchy=hierarchy))
