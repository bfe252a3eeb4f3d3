"""Comparisons against scikit-learn on resampled tables, built by hand from the same draws."""

import json
from dataclasses import replace

import numpy as np
import pytest
from prediction_tables import in_turn
from sklearn.metrics import accuracy_score, balanced_accuracy_score, brier_score_loss, log_loss, roc_auc_score

from cervinet.errors import UsageError
from cervinet.evaluation.comparison import compare
from cervinet.evaluation.contrasts import Change, Measure, signed
from cervinet.evaluation.draws import draw_counts
from cervinet.evaluation.intervals import Estimate, Resampling
from cervinet.evaluation.matching import Entrant
from cervinet.evaluation.predictions import Predictions

HOW = Resampling(draws=60, confidence=0.9, seed=4)


def predictions(*, seed, strength=1.0, images=60, **more):
    return in_turn(images, seed=seed, strength=strength, **more)


def compared(*of, how=HOW):
    return compare([Entrant(f"run{place}", one) for place, one in enumerate(of)], how)


def by_scikit_learn(labels, probabilities, classes=3):
    rows = range(classes)
    areas = {f"auroc:{'ABC'[k]}": roc_auc_score(labels == k, probabilities[:, k]) for k in rows}
    return {
        "accuracy": accuracy_score(labels, probabilities.argmax(axis=1)),
        "balanced_accuracy": balanced_accuracy_score(labels, probabilities.argmax(axis=1)),
        "log_loss": log_loss(labels, probabilities, labels=list(rows)),
        "brier": brier_score_loss(labels, probabilities, scale_by_half=False, labels=list(rows)),
        "auroc_macro": np.mean(list(areas.values())),
    } | areas


def test_differences_are_those_of_resampled_tables():
    first, second = predictions(seed=1), predictions(seed=2, strength=2)
    (contrast,) = compared(first, second).contrasts
    drawn = []
    for counts in draw_counts(30, range(HOW.draws), HOW.seed):
        rows = np.repeat(np.arange(60), np.repeat(counts, 2))
        of = [by_scikit_learn(one.labels[rows], one.probabilities[rows]) for one in (first, second)]
        drawn.append({key: of[1][key] - of[0][key] for key in of[0]})
    whole = [by_scikit_learn(one.labels, one.probabilities) for one in (first, second)]
    assert [change.measure.key for change in contrast.changes] == list(whole[0])
    for change in contrast.changes:
        key = change.measure.key
        bounds = np.quantile([draw[key] for draw in drawn], [0.05, 0.95])
        assert change.reference.value == pytest.approx(whole[0][key], abs=1e-9)
        assert change.value.value == pytest.approx(whole[1][key], abs=1e-9)
        assert change.difference.value == pytest.approx(whole[1][key] - whole[0][key], abs=1e-9)
        assert (change.difference.lower, change.difference.upper) == pytest.approx(bounds, abs=1e-9)
        assert change.difference.method == "percentile bootstrap, 60 draws of 30 groups"


def test_the_same_draws_make_the_interval_of_a_difference_short():
    first = predictions(seed=1)
    changed = first.probabilities.copy()
    changed[0] = np.eye(3)[1 - first.labels[0]] * 0.9 + 0.1 / 3
    (contrast,) = compared(first, replace(first, probabilities=changed)).contrasts
    accuracy = contrast.changes[0]
    assert accuracy.difference.upper - accuracy.difference.lower < 0.1
    assert accuracy.value.upper - accuracy.value.lower > 0.15


def test_identical_predictions_differ_by_exactly_nothing():
    first = predictions(seed=1)
    turned = replace(
        first,
        images=first.images[::-1],
        groups=first.groups[::-1],
        labels=2 - first.labels[::-1],
        probabilities=first.probabilities[::-1, ::-1],
        classes=first.classes[::-1],
    )
    (contrast,) = compared(first, turned).contrasts
    assert contrast.same
    assert contrast.summary == "no difference: both give every image the same probabilities"
    assert (contrast.gained, contrast.lost) == (0, 0)
    for change in contrast.changes:
        assert change.difference.value == 0
        assert change.verdict == "none seen"
        assert change.test is None or change.test.p == 1
    assert contrast.changes[0].sentence == (
        f"no difference seen ({contrast.changes[0].value.value:.3f} against {contrast.changes[0].value.value:.3f}): "
        "the difference has no interval, every bootstrap draw gives the same value, which says nothing of its "
        "uncertainty"
    )


def test_a_much_better_run_is_better_and_the_other_way_round_worse():
    weak, strong = predictions(seed=1, strength=0), predictions(seed=2, strength=6)
    (up,) = compared(weak, strong).contrasts
    (down,) = compared(strong, weak).contrasts
    assert {change.verdict for change in up.changes} == {"better"}
    assert {change.verdict for change in down.changes} == {"worse"}
    assert (up.summary, down.summary) == ("better in every measure", "worse in every measure")
    assert (up.gained, up.lost) == (down.lost, down.gained)
    assert all(change.test.p < 0.001 for change in up.changes if change.test)


def change(metric, value, lower, upper):
    estimates = [Estimate(0.7, 0.6, 0.8, 50, "m"), Estimate(0.7 + value, 0.6, 0.8, 50, "m")]
    return Change(Measure(metric), *estimates, Estimate(value, lower, upper, 50, "m"), 0.95)


@pytest.mark.parametrize(
    ("of", "verdict", "sentence"),
    [
        (
            change("accuracy", 0.03, 0.01, 0.05),
            "better",
            "better (0.730 against 0.700): the 95 % interval of the difference, +0.010 to +0.050, does not include 0",
        ),
        (
            change("log_loss", 0.03, 0.01, 0.05),
            "worse",
            "worse (0.730 against 0.700, lower is better): the 95 % interval of the difference, +0.010 to +0.050, "
            "does not include 0",
        ),
        (
            change("brier", -0.03, -0.05, -0.01),
            "better",
            "better (0.670 against 0.700, lower is better): the 95 % interval of the difference, −0.050 to −0.010, "
            "does not include 0",
        ),
        (
            change("auroc_macro", 0.03, -0.0001, 0.05),
            "none seen",
            "no difference seen (0.730 against 0.700): the 95 % interval of the difference, 0.000 to +0.050, "
            "includes 0",
        ),
    ],
)
def test_verdicts(of, verdict, sentence):
    assert (of.verdict, of.sentence) == (verdict, sentence)


def test_signs():
    values = (0.1, -0.1, 0.0004, -0.0004, None)
    assert [signed(value) for value in values] == [
        "+0.100",
        "−0.100",
        "0.000",
        "0.000",
        "–",
    ]


def test_several_runs_have_adjusted_tests_and_two_have_none():
    runs = [predictions(seed=seed, strength=1 + seed / 4) for seed in range(4)]
    several, two = compared(*runs), compared(*runs[:2])
    assert all(test.adjusted is None for test in (change.test for change in two.contrasts[0].changes) if test)
    tests = [one.changes[0].test for one in several.contrasts]
    ordered = sorted(tests, key=lambda test: test.p)
    assert ordered[0].adjusted == pytest.approx(min(1, 3 * ordered[0].p))
    assert all(test.adjusted >= test.p for test in tests)
    assert several.remarks == (
        "3 runs are compared with one reference: their p-values are adjusted by Holm's method, each interval stands "
        "for itself",
    )
    assert several.contrasts[0].changes[0].difference == two.contrasts[0].changes[0].difference


def test_tests_know_groups():
    single = compared(*(predictions(seed=seed, per_group=1) for seed in (1, 2)))
    grouped = compared(*(predictions(seed=seed) for seed in (1, 2)))
    methods = [{c.test.method for c in of.contrasts[0].changes if c.test} for of in (single, grouped)]
    assert methods[0] == {"exact McNemar test", "DeLong test"}
    assert methods[1] == {
        "exact test that swaps the two within each group (McNemar's for groups)",
        "DeLong test for clustered data (Obuchowski 1997)",
    }


def test_the_mean_over_repeats_is_compared():
    first, other, again = (predictions(seed=seed) for seed in (1, 2, 3))
    twice = Predictions(
        images=other.images * 2,
        groups=other.groups * 2,
        labels=np.tile(other.labels, 2),
        probabilities=np.concatenate([other.probabilities, again.probabilities]),
        classes=other.classes,
        split="out-of-fold",
        repeats=np.repeat([1, 2], 60),
    )
    found = compared(first, twice)
    separate = compared(first, other, again)
    for change, one, two in zip(*([*of.changes] for of in (*found.contrasts, *separate.contrasts)), strict=True):
        assert change.difference.value == pytest.approx((one.difference.value + two.difference.value) / 2)
    assert found.images == 60
    test = found.contrasts[0].changes[0].test
    assert (test.p, test.reason) == (None, "each image was predicted several times, for which there is no such test")
    assert (found.contrasts[0].gained, found.contrasts[0].lost) == (None, None)


def test_a_class_without_images_is_said_and_never_a_number():
    first, second = (predictions(seed=seed) for seed in (1, 2))
    lacking = np.arange(60) % 2
    found = compared(replace(first, labels=lacking), replace(second, labels=lacking))
    written = json.loads(json.dumps(found.to_json(), allow_nan=False))
    of = {(row["metric"], row["class"]): row for row in written["runs"][0]["measures"]}
    assert of["auroc_macro", None]["verdict"] == "unknown"
    assert of["auroc_macro", None]["sentence"] == ("not known: there must be images of every class; none is of 'C'")
    assert of["auroc", "C"]["difference"]["value"] is None
    assert of["auroc", "C"]["test"]["reason"] == "there must be images of the class and of other classes"
    assert of["balanced_accuracy", None]["value"]["value"] is not None


def test_two_classes_have_one_area():
    found = compared(*(predictions(seed=seed, classes=2) for seed in (1, 2)))
    keys = [change.measure.key for change in found.contrasts[0].changes]
    assert keys == ["accuracy", "balanced_accuracy", "log_loss", "brier", "auroc:B"]


def test_few_groups_and_validation_pictures_are_remarked():
    few = [replace(predictions(seed=seed, images=12), split="val") for seed in (1, 2)]
    assert compared(*few).remarks == (
        "there are 6 groups; with fewer than about 20 the intervals are too short",
        "these are validation images, by which epochs and thresholds were chosen: what was tuned more looks better",
    )


def test_one_run_alone_is_refused():
    with pytest.raises(UsageError) as caught:
        compared(predictions(seed=1))
    assert str(caught.value) == "two or more runs are needed for a comparison; got 1"
