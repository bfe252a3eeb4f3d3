"""A whole evaluation: what metrics.json says, and what it says of what it cannot know."""

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, log_loss, roc_auc_score

from cervinet.errors import DataError
from cervinet.evaluation import draws, rank_statistics
from cervinet.evaluation.evaluate import evaluate
from cervinet.evaluation.intervals import Check, Resampling
from cervinet.evaluation.predictions import Predictions, Unreadable
from cervinet.evaluation.proportions import wilson

METRICS = ["accuracy", "balanced_accuracy", "log_loss", "brier", "mcc", "kappa", "kappa_linear", "kappa_quadratic"]
METRICS += ["auroc_micro", "auroc_weighted", "auroc_hand_till", "average_precision_micro", "average_precision_weighted"]
METRICS += ["ece", "ece_equal_mass", "ece_classwise", "ece_classwise_equal_mass"]
PER_CLASS = ["auroc", "average_precision", "sensitivity", "specificity", "ppv", "npv", "f1"]
METRICS += [f"{name}_macro" for name in PER_CLASS]


def drawn(draws=2000, seed=0):
    return Resampling(draws=draws, confidence=0.95, seed=seed)


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
    found = json.loads(json.dumps(evaluate(given, drawn(200)).to_json(), allow_nan=False))
    assert (found["split"], found["images"], found["groups"], found["unreadable"]) == ("test", 120, 60, 1)
    assert list(found["metrics"]) == METRICS
    assert list(found["per_class"]) == ["Type_1", "Type_2", "Type_3"]
    for of_class in found["per_class"].values():
        assert list(of_class) == [*PER_CLASS, "images"]
        assert of_class["images"] == 40
    for name, value in found["metrics"].items():
        assert list(value) == ["value", "lower", "upper", "n", "method"]
        assert value["lower"] < value["value"] < value["upper"]
        how = "distance" if name.startswith("ece") else "percentile"
        assert value["method"] == f"{how} bootstrap, 200 draws of 60 groups"


def test_values_and_counts_are_those_of_scikit_learn():
    given = predictions(np.arange(120) % 3)
    found = evaluate(given, drawn(50))
    expected = confusion_matrix(given.labels, given.predicted)
    np.testing.assert_array_equal(found.confusion, expected)
    area = roc_auc_score(given.labels, given.probabilities, multi_class="ovr", average="macro")
    assert found.metrics["auroc_macro"].value == pytest.approx(area, abs=1e-12)
    for index, of_class in enumerate(found.per_class.values()):
        row, column, hits = expected[index].sum(), expected[:, index].sum(), expected[index, index]
        assert of_class["sensitivity"].n == row
        assert of_class["specificity"].n == 120 - row
        assert of_class["ppv"].n == column
        assert of_class["f1"].n == row + column - hits
        assert of_class["npv"].n == 120 - column
        assert of_class["auroc"].n == of_class["average_precision"].n == 120


def test_the_same_seed_gives_the_same_intervals():
    given = predictions(np.arange(60) % 3)
    first, second, other = (evaluate(given, drawn(100, seed)) for seed in (1, 1, 2))
    assert first.metrics == second.metrics
    assert first.metrics != other.metrics


def test_an_absent_class_is_said_so():
    found = evaluate(predictions(np.arange(60) % 2), drawn(100))
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
    assert found.metrics["auroc_weighted"].lower is not None
    assert found.metrics["auroc_hand_till"].reason == "no image is of 'Type_3'"


def test_one_class_alone_has_no_area_and_no_balanced_accuracy():
    found = evaluate(predictions(np.zeros(40, dtype=int)), drawn(100))
    assert found.metrics["balanced_accuracy"].reason == "there are images of one class only"
    assert [found.per_class[name]["auroc"].value for name in found.classes] == [None] * 3
    assert found.per_class["Type_1"]["specificity"].reason == "every image is of 'Type_1'"
    assert found.metrics["mcc"].reason == "all images are of one class, or all were predicted as one"
    assert found.metrics["auroc_weighted"].reason == "there are images of one class only"
    assert found.metrics["accuracy"].value is not None
    json.dumps(found.to_json(), allow_nan=False)


def test_one_group_has_values_without_intervals():
    found = evaluate(predictions(np.arange(30) % 3, per_group=30), drawn())
    assert found.metrics["accuracy"].value is not None
    assert found.metrics["accuracy"].lower is None
    assert found.metrics["accuracy"].reason == ("there is one group only: what varies between groups cannot be seen")


def test_without_draws_there_are_no_intervals():
    found = evaluate(predictions(np.arange(30) % 3), drawn(0))
    assert found.metrics["log_loss"].reason == "no interval was asked for"


def test_nothing_to_evaluate_is_an_error():
    empty = predictions(np.zeros(0, dtype=int), unreadable=[Unreadable("x.jpg", "broken")])
    with pytest.raises(DataError) as caught:
        evaluate(empty, drawn())
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
    found = json.loads(json.dumps(evaluate(given, drawn(200)).to_json(), allow_nan=False))["subclasses"]
    known = np.arange(120) % 10 > 0
    assert list(found) == ["images", "metrics"]
    assert found["images"] == known.sum() == 108
    names = [f"hierarchical_{name}" for name in ("precision", "recall", "f")]
    assert list(found["metrics"]) == ["accuracy", "log_loss", "auroc_macro", *names]
    values = {name: one["value"] for name, one in found["metrics"].items()}
    assert values["accuracy"] == pytest.approx((finer[known].argmax(axis=1) == truth[known]).mean())
    assert values["log_loss"] == pytest.approx(log_loss(truth[known], finer[known]))
    assert values["auroc_macro"] == pytest.approx(roc_auc_score(truth[known], finer[known], multi_class="ovr"))
    assert all(
        found["metrics"][name]["lower"] < value < found["metrics"][name]["upper"]
        for name, value in values.items()
        if value is not None
    )
    # Images of several classes have each of these sub-classes.
    assert found["metrics"]["hierarchical_f"]["reason"] == (
        "it is not known of which class the sub-class is: 'w', 'x', 'y', 'z'"
    )


def test_without_subclasses_there_is_no_such_part():
    assert "subclasses" not in evaluate(predictions(np.arange(30) % 3), drawn(0)).to_json()


def certain(labels, per_group):
    given = predictions(labels, per_group=per_group)
    return replace(given, probabilities=0.9 * np.eye(3)[given.labels] + 0.1 / 3)


def test_proportions_of_all_right_have_wilsons_interval_over_groups():
    """Twelve groups of two images; those of a class are fewer."""
    found = evaluate(certain(np.repeat(np.arange(12) % 3, 2), 2), drawn(200))
    z = 1.959963984540054
    accuracy, sensitivity = found.metrics["accuracy"], found.per_class["Type_1"]["sensitivity"]
    assert (accuracy.value, accuracy.upper, accuracy.n) == (1.0, 1.0, 24)
    assert accuracy.lower == pytest.approx(1 / (1 + z * z / 12), abs=1e-12)
    same = "every bootstrap draw gives the same value, which says nothing of its uncertainty"
    said = f"Wilson, each of 12 groups counted as one image: {same}"
    assert (accuracy.method, accuracy.reason, accuracy.check) == (said, None, None)
    # Of four groups, a class is in none of more than a tenth of draws only below three.
    assert sensitivity.lower == pytest.approx(1 / (1 + z * z / 4), abs=1e-12)
    assert found.metrics["auroc_macro"].lower is None
    assert found.metrics["auroc_macro"].reason == found.metrics["mcc"].reason == same


def test_checks_stand_beside_areas_and_where_groups_are_images_beside_proportions():
    labels = np.random.default_rng(4).integers(0, 3, 90)
    given = predictions(labels, per_group=1)
    given = replace(given, probabilities=given.probabilities[np.random.default_rng(5).permutation(90)])
    found = evaluate(given, drawn(100))
    hits = (given.predicted == labels).sum()
    low, high = wilson(hits / 90, 90, 0.95)
    assert found.metrics["accuracy"].check == Check("Wilson", pytest.approx(low), pytest.approx(high))
    for index, of_class in enumerate(found.per_class.values()):
        of, rest, said = labels == index, labels != index, given.predicted == index
        shares = {"sensitivity": said[of], "specificity": ~said[rest], "ppv": of[said], "npv": rest[~said]}
        for name, right in shares.items():
            low, high = wilson(right.mean(), len(right), 0.95)
            assert of_class[name].check == Check("Wilson", pytest.approx(low), pytest.approx(high))
            assert abs(of_class[name].lower - low) < 0.1
        area = of_class["auroc"]
        assert (area.check.method, area.check.lower) == ("DeLong", pytest.approx(area.lower, abs=0.04))
        assert of_class["f1"].check is of_class["average_precision"].check is None
    grouped = evaluate(replace(given, groups=tuple(str(k // 2) for k in range(90))), drawn(100))
    assert grouped.metrics["accuracy"].check is grouped.per_class["Type_1"]["ppv"].check is None
    assert grouped.per_class["Type_1"]["auroc"].check.method == "DeLong by 45 groups (Obuchowski)"


def test_bca_is_asked_for_by_its_name():
    given = predictions(np.arange(120) % 3)
    found = evaluate(given, replace(drawn(300), method="bca"))
    methods = {name: one.method.split(" bootstrap")[0] for name, one in found.metrics.items()}
    assert methods == {name: "distance" if name.startswith("ece") else "BCa" for name in METRICS}
    assert found.metrics["log_loss"].lower != evaluate(given, drawn(300)).metrics["log_loss"].lower


def test_the_size_of_a_chunk_changes_nothing(monkeypatch):
    given = predictions(np.arange(60) % 3)
    whole = evaluate(given, drawn(40))
    monkeypatch.setattr(draws, "_CELLS", 60 * 7)
    monkeypatch.setattr(rank_statistics, "_CELLS", 60 * 3 * 2)
    parts = evaluate(given, drawn(40))
    for name, one in whole.metrics.items():
        other = parts.metrics[name]
        assert (other.lower, other.upper) == pytest.approx((one.lower, one.upper), abs=1e-13), name
