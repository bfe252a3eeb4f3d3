"""A whole evaluation: what metrics.json says, and what it says of what it cannot know."""

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, log_loss, roc_auc_score

from cervinet.errors import DataError
from cervinet.evaluation.evaluate import evaluate
from cervinet.evaluation.predictions import Predictions, Unreadable

METRICS = ["accuracy", "balanced_accuracy", "log_loss", "auroc_macro", "precision_macro", "sensitivity_macro"]
METRICS += ["specificity_macro", "f1_macro"]


def predictions(labels, *, classes=3, per_group=2, unreadable=()):
    labels = np.asarray(labels)
    random = np.random.default_rng(0)
    probabilities = random.dirichlet(np.ones(classes), len(labels)) * 0.6
    probabilities[np.arange(len(labels)), labels] += 0.4
    return Predictions(
        images=tuple(f"{i}.jpg" for i in range(len(labels))),
        groups=tuple(f"{i // per_group}" for i in range(len(labels))),
        labels=labels,
        probabilities=probabilities,
        classes=tuple(f"Type_{i + 1}" for i in range(classes)),
        split="test",
        unreadable=tuple(unreadable),
    )


def test_metrics_json_is_the_contract():
    given = predictions(np.arange(120) % 3, unreadable=[Unreadable("x.jpg", "broken")])
    found = json.loads(json.dumps(evaluate(given, draws=200).to_json(), allow_nan=False))
    assert (found["split"], found["images"], found["groups"], found["unreadable"]) == ("test", 120, 60, 1)
    assert list(found["metrics"]) == METRICS
    assert list(found["per_class"]) == ["Type_1", "Type_2", "Type_3"]
    for of_class in found["per_class"].values():
        assert list(of_class) == ["auroc", "precision", "sensitivity", "specificity", "f1", "images"]
        assert of_class["images"] == 40
    for value in found["metrics"].values():
        assert list(value) == ["value", "lower", "upper", "n", "method"]
        assert value["lower"] < value["value"] < value["upper"]
        assert value["method"] == "percentile bootstrap, 200 draws of 60 groups"


def test_values_and_counts_are_those_of_scikit_learn():
    given = predictions(np.arange(120) % 3)
    found = evaluate(given, draws=50)
    expected = confusion_matrix(given.labels, given.predicted)
    np.testing.assert_array_equal(found.confusion, expected)
    area = roc_auc_score(given.labels, given.probabilities, multi_class="ovr", average="macro")
    assert found.metrics["auroc_macro"].value == pytest.approx(area, abs=1e-12)
    for index, of_class in enumerate(found.per_class.values()):
        row, column, hits = expected[index].sum(), expected[:, index].sum(), expected[index, index]
        assert of_class["sensitivity"].n == row
        assert of_class["specificity"].n == 120 - row
        assert of_class["precision"].n == column
        assert of_class["f1"].n == row + column - hits
        assert of_class["auroc"].n == 120


def test_the_same_seed_gives_the_same_intervals():
    given = predictions(np.arange(60) % 3)
    first, second, other = (evaluate(given, draws=100, seed=seed) for seed in (1, 1, 2))
    assert first.metrics == second.metrics
    assert first.metrics != other.metrics


def test_an_absent_class_is_said_so():
    found = evaluate(predictions(np.arange(60) % 2), draws=100)
    assert found.metrics["auroc_macro"].to_json() == {
        "value": None,
        "lower": None,
        "upper": None,
        "n": 60,
        "method": "none",
        "reason": "there must be images of 'Type_3' and of other classes",
    }
    assert found.metrics["sensitivity_macro"].reason == "no image is of 'Type_3'"
    assert found.per_class["Type_3"]["sensitivity"].n == 0
    assert found.per_class["Type_3"]["f1"].value is None
    assert found.per_class["Type_1"]["auroc"].value is not None
    assert found.metrics["balanced_accuracy"].lower is not None


def test_one_class_alone_has_no_area_and_no_balanced_accuracy():
    found = evaluate(predictions(np.zeros(40, dtype=int)), draws=100)
    assert found.metrics["balanced_accuracy"].reason == "there are images of one class only"
    assert [found.per_class[name]["auroc"].value for name in found.classes] == [None] * 3
    assert found.per_class["Type_1"]["specificity"].reason == "every image is of 'Type_1'"
    assert found.metrics["accuracy"].value is not None
    json.dumps(found.to_json(), allow_nan=False)


def test_one_group_has_values_without_intervals():
    found = evaluate(predictions(np.arange(30) % 3, per_group=30))
    assert found.metrics["accuracy"].value is not None
    assert found.metrics["accuracy"].lower is None
    assert found.metrics["accuracy"].reason == ("there is one group only: what varies between groups cannot be seen")


def test_without_draws_there_are_no_intervals():
    found = evaluate(predictions(np.arange(30) % 3), draws=0)
    assert found.metrics["log_loss"].reason == "no interval was asked for"


def test_nothing_to_evaluate_is_an_error():
    empty = predictions(np.zeros(0, dtype=int), unreadable=[Unreadable("x.jpg", "broken")])
    with pytest.raises(DataError) as caught:
        evaluate(empty)
    assert str(caught.value) == "there is no image to evaluate in split 'test'; 1 could not be read"


def test_subclasses_are_judged_like_classes():
    """Of the images whose sub-class is known, by the same code: the part equals an evaluation of them alone."""
    random = np.random.default_rng(3)
    given = predictions(np.arange(120) % 3)
    finer = random.dirichlet(np.ones(4), 120)
    names = ("w", "x", "y", "z")
    truth = random.integers(0, 4, 120)
    sublabels = tuple("" if row % 10 == 0 else names[label] for row, label in enumerate(truth))
    given = replace(given, sublabels=sublabels, subclasses=names, subclass_probabilities=finer)
    found = json.loads(json.dumps(evaluate(given, draws=200).to_json(), allow_nan=False))["subclasses"]
    known = np.arange(120) % 10 > 0
    assert list(found) == ["images", "metrics"]
    assert found["images"] == known.sum() == 108
    assert list(found["metrics"]) == ["accuracy", "log_loss", "auroc_macro"]
    values = {name: one["value"] for name, one in found["metrics"].items()}
    assert values["accuracy"] == pytest.approx((finer[known].argmax(axis=1) == truth[known]).mean())
    assert values["log_loss"] == pytest.approx(log_loss(truth[known], finer[known]))
    assert values["auroc_macro"] == pytest.approx(roc_auc_score(truth[known], finer[known], multi_class="ovr"))
    assert all(one["lower"] < one["value"] < one["upper"] for one in found["metrics"].values())


def test_without_subclasses_there_is_no_such_part():
    assert "subclasses" not in evaluate(predictions(np.arange(30) % 3), draws=0).to_json()
