"""Metrics of parts of the images, against scikit-learn on the rows and on resampled rows of each part."""

import json
from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest
from prediction_tables import in_turn
from sklearn.metrics import accuracy_score, log_loss, recall_score, roc_auc_score

from cervinet.errors import DataError
from cervinet.evaluation.draws import draw_counts
from cervinet.evaluation.intervals import FEW_GROUPS, Resampling
from cervinet.evaluation.plain_json import plain
from cervinet.evaluation.predictions import Predictions
from cervinet.evaluation.subgroups import subgroups

HOW = Resampling(draws=80, confidence=0.9, seed=3)


def predictions(images=120, classes=3, **more):
    return in_turn(images, classes, **more)


def part(found, value):
    (it,) = [one for one in found.parts if one.value == value]
    return it


def by_scikit_learn(labels, probabilities):
    chosen = probabilities.argmax(axis=1)
    found = {
        "accuracy": accuracy_score(labels, chosen),
        "log_loss": log_loss(labels, probabilities, labels=[0, 1, 2]),
        "sensitivity_macro": recall_score(labels, chosen, average="macro"),
        "specificity_macro": np.mean([recall_score(labels != k, chosen != k) for k in range(3)]),
        "auroc_macro": roc_auc_score(labels, probabilities, multi_class="ovr"),
    }
    return found | {f"auroc:{'ABC'[k]}": roc_auc_score(labels == k, probabilities[:, k]) for k in range(3)}


def test_a_part_is_judged_by_its_own_rows_and_groups():
    given = predictions()
    values = ["x" if i % 4 < 2 else "y" for i in range(120)]
    found = part(subgroups(given, "site", values, None, HOW), "y")
    rows = np.flatnonzero(np.array(values) == "y").reshape(-1, 2)
    whole = by_scikit_learn(given.labels[rows.ravel()], given.probabilities[rows.ravel()])
    drawn = []
    for counts in draw_counts(30, range(HOW.draws), HOW.seed):
        chosen = np.repeat(rows, counts, axis=0).ravel()
        drawn.append(by_scikit_learn(given.labels[chosen], given.probabilities[chosen]))
    assert (found.images, found.groups, found.small) == (60, 30, False)
    assert list(found.metrics) == list(whole)
    for key, estimate in found.metrics.items():
        bounds = np.quantile([draw[key] for draw in drawn], [0.05, 0.95])
        assert estimate.value == pytest.approx(whole[key], abs=1e-9)
        assert (estimate.lower, estimate.upper) == pytest.approx(bounds, abs=1e-9)
        assert estimate.n == 60


def test_the_question_is_asked_of_its_positive_classes():
    given = predictions()
    found = subgroups(given, "all", ["x"] * 120, None, HOW, ["B", "C"]).parts[0].metrics
    ill, called = given.labels > 0, given.predicted > 0
    assert found["sensitivity"].value == pytest.approx(recall_score(ill, called), abs=1e-12)
    assert found["specificity"].value == pytest.approx(recall_score(~ill, ~called), abs=1e-12)
    assert (found["sensitivity"].n, found["specificity"].n) == (80, 40)
    assert "sensitivity_macro" not in found


def test_two_classes_are_one_question_with_one_area():
    found = subgroups(predictions(classes=2), "all", ["x"] * 120, None, HOW).parts[0].metrics
    assert list(found) == ["accuracy", "log_loss", "sensitivity", "specificity", "auroc:B"]


def test_unknown_values_are_counted_and_in_no_part():
    values = ["" if i % 10 == 0 else "x" for i in range(120)]
    found = subgroups(predictions(), "site", values, None, HOW)
    assert (found.unknown, found.parts[0].images, found.whole.images) == (12, 108, 108)
    assert found.caution == "no part and its rest are large enough to be compared"


def worse_at(site, given, values):
    """The same predictions, turned to the next class at one site."""
    here = np.array(values) == site
    turned = np.where(here[:, None], np.roll(given.probabilities, 1, axis=1), given.probabilities)
    return replace(given, probabilities=turned)


def test_a_gap_is_said_in_words():
    given, values = predictions(240, strength=2), ["abc"[i % 6 // 2] for i in range(240)]
    found = subgroups(worse_at("b", given, values), "site", values, None, HOW)
    bad, rest = part(found, "b").metrics["accuracy"], [gap for gap in found.gaps if "site is b:" in gap]
    assert rest[0].startswith(
        f"accuracy is worse where site is b: {bad.value:.3f} ({bad.lower:.3f} to {bad.upper:.3f}) against 0."
    )
    assert rest[0].endswith(" of the other images")
    assert rest[1].startswith("log loss is worse where site is b: ")
    assert found.caution == (
        "24 comparisons were made; some gaps are expected by chance alone, and a gap does not say what causes it"
    )


def test_of_two_parts_a_gap_is_said_once():
    given, values = predictions(240, strength=2), ["ab"[i % 4 // 2] for i in range(240)]
    found = subgroups(worse_at("b", given, values), "site", values, None, HOW)
    assert found.gaps
    assert all("better where site is a:" in gap for gap in found.gaps)
    assert found.caution.startswith("8 comparisons were made")


def test_small_parts_are_called_so_and_never_flagged():
    groups = FEW_GROUPS - 1
    given = predictions(240, strength=2)
    values = ["few" if i < 2 * groups else "many" for i in range(240)]
    found = subgroups(worse_at("few", given, values), "site", values, None, HOW)
    assert [(one.value, one.groups, one.small) for one in found.parts] == [("few", 19, True), ("many", 101, False)]
    assert part(found, "few").metrics["accuracy"].upper < part(found, "many").metrics["accuracy"].lower
    assert found.gaps == ()


def test_equal_parts_have_no_gap():
    given = predictions(240)
    twice = [values[np.repeat(np.arange(0, 240, 2), 2)] for values in (given.labels, given.probabilities)]
    given = replace(given, labels=twice[0], probabilities=twice[1], groups=given.images)
    assert subgroups(given, "half", ["ab"[i % 2] for i in range(240)], None, HOW).gaps == ()


def test_a_part_without_errors_has_wilsons_interval():
    given = in_turn(120, strength=50)
    found = part(subgroups(given, "site", ["xxyy"[i % 4] for i in range(120)], None, HOW, ["C"]), "x").metrics
    truth, rows = given.labels == 2, np.arange(120) % 4 < 2
    for key, share_of in (("accuracy", rows), ("sensitivity", rows & truth), ("specificity", rows & ~truth)):
        groups = len({group for group, inside in zip(given.groups, share_of, strict=True) if inside})
        z = NormalDist().inv_cdf((1 + HOW.confidence) / 2)
        assert (found[key].value, found[key].upper) == (1, 1)
        assert found[key].lower == pytest.approx(groups / (groups + z * z))


def test_a_class_that_a_part_lacks_is_said():
    given = predictions()
    found = subgroups(given, "class", ["xyy"[i % 3] for i in range(120)], None, HOW)
    alone = part(found, "x").metrics
    assert alone["auroc:A"].to_json() == {
        "value": None,
        "lower": None,
        "upper": None,
        "n": 40,
        "method": "none",
        "reason": "there must be images of 'A' and of other classes",
    }
    assert alone["sensitivity_macro"].reason == "there must be images of every class, and of two or more"
    json.dumps(plain(found), allow_nan=False)


def test_repeats_are_averaged_and_images_counted_once():
    one, two = predictions(seed=1), predictions(seed=2)
    both = Predictions(
        images=one.images * 2,
        groups=one.groups * 2,
        labels=np.tile(one.labels, 2),
        probabilities=np.concatenate([one.probabilities, two.probabilities]),
        classes=one.classes,
        split="out-of-fold",
        repeats=np.repeat([1, 2], 120),
    )
    values = ["", "x", "x", "x"] * 30
    found = subgroups(both, "site", values * 2, None, HOW)
    separate = [subgroups(of, "site", values, None, HOW).parts[0].metrics["accuracy"].value for of in (one, two)]
    assert found.parts[0].metrics["accuracy"].value == pytest.approx(np.mean(separate), abs=1e-12)
    assert (found.parts[0].images, found.unknown) == (90, 30)


def test_a_column_without_values_is_refused():
    with pytest.raises(DataError) as caught:
        subgroups(predictions(), "age", [""] * 120, None, HOW)
    assert str(caught.value) == (
        "none of the 120 images to judge has a value of 'age'; fill the column, or make no subgroups by it"
    )
