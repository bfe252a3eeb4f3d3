"""The fall under damage, against literally resampled images."""

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, log_loss, roc_auc_score

from cervinet.errors import DataError
from cervinet.evaluation.draws import draw_counts
from cervinet.evaluation.evaluate import evaluate
from cervinet.evaluation.intervals import Estimate, Resampling
from cervinet.evaluation.plain_json import plain
from cervinet.evaluation.predictions import Predictions
from cervinet.evaluation.robustness import (
    METRICS,
    Answer,
    Degraded,
    Robustness,
    falls,
    robustness,
    what_hurts_most,
)

HOW = Resampling(draws=300, confidence=0.9, seed=7)
CLASSES = ("a", "b", "c")


def scores(labels, certainty, seed):
    random = np.random.default_rng(seed)
    found = random.dirichlet(np.ones(3), len(labels)) * (1 - certainty)
    found[np.arange(len(labels)), labels] += certainty
    return found


@pytest.fixture(scope="module")
def predictions():
    """120 images of 40 groups of one to five."""
    random = np.random.default_rng(5)
    labels = np.arange(120) % 3
    members = np.concatenate([np.arange(40), random.integers(0, 40, 80)])
    return Predictions(
        images=tuple(f"{i}.jpg" for i in range(120)),
        groups=tuple(f"p{member}" for member in members),
        labels=labels,
        probabilities=scores(labels, 0.4, 1),
        classes=CLASSES,
        split="test",
    )


@pytest.fixture(scope="module")
def answers(predictions):
    return [
        Answer("blur", 1, "slightly blurred", scores(predictions.labels, 0.35, 2)),
        Answer("blur", 2, "much blurred", scores(predictions.labels, 0.1, 3)),
        Answer("noise", 1, "some noise", predictions.probabilities.copy()),
    ]


def by_scikit_learn(labels, probabilities):
    return {
        "accuracy": accuracy_score(labels, probabilities.argmax(axis=1)),
        "balanced_accuracy": balanced_accuracy_score(labels, probabilities.argmax(axis=1)),
        "log_loss": log_loss(labels, probabilities, labels=[0, 1, 2]),
        "auroc_macro": roc_auc_score(labels, probabilities, multi_class="ovr", labels=[0, 1, 2]),
    }


def test_values_are_those_of_scikit_learn(predictions, answers):
    found = robustness(predictions, answers, HOW)
    before = by_scikit_learn(predictions.labels, predictions.probabilities)
    assert {name: one.value for name, one in found.undamaged.items()} == pytest.approx(before, abs=1e-12)
    assert [(step.kind, step.severity, step.amount) for step in found.steps] == [
        *(("blur", 1, "slightly blurred"), ("blur", 2, "much blurred"), ("noise", 1, "some noise")),
    ]
    for step, answer in zip(found.steps, answers, strict=True):
        after = by_scikit_learn(predictions.labels, answer.probabilities)
        assert {name: one.value for name, one in step.metrics.items()} == pytest.approx(after, abs=1e-12)
        change = {name: after[name] - before[name] for name in METRICS}
        assert {name: one.value for name, one in step.fall.items()} == pytest.approx(change, abs=1e-12)
        assert {one.n for one in (*step.metrics.values(), *step.fall.values())} == {120}
    assert (found.images, found.groups, found.confidence) == (120, 40, 0.9)
    assert found.kinds() == ("blur", "noise")
    assert found.of("blur") == found.steps[:2]


def test_the_change_is_paired(predictions, answers):
    """Resample groups of images, measure the same images before and after, and take the quantiles."""
    members, groups = predictions.members()
    few = replace(HOW, draws=40)
    step = robustness(predictions, answers, few).steps[1]
    drawn = {name: [] for name in METRICS}
    for counts in draw_counts(groups, range(few.draws), few.seed):
        rows = np.repeat(np.arange(120), counts[members])
        before, after = (
            by_scikit_learn(predictions.labels[rows], of[rows])
            for of in (predictions.probabilities, answers[1].probabilities)
        )
        for name in METRICS:
            drawn[name].append(after[name] - before[name])
    for name in METRICS:
        interval = step.fall[name].lower, step.fall[name].upper
        assert interval == pytest.approx(tuple(np.quantile(drawn[name], [0.05, 0.95])), abs=1e-9)
        assert step.fall[name].method == "percentile bootstrap, 40 draws of 40 groups"


def test_the_undamaged_are_what_the_evaluation_says(predictions, answers):
    expected = evaluate(predictions, HOW).metrics
    found = robustness(predictions, answers[:1], HOW).undamaged
    assert found == {name: expected[name] for name in METRICS}


def test_without_any_change_the_fall_is_nought_and_has_no_interval(predictions, answers):
    step = robustness(predictions, answers, HOW).steps[2]
    for name in METRICS:
        assert step.fall[name].to_json() == {
            "value": 0.0,
            "lower": None,
            "upper": None,
            "n": 120,
            "method": "none",
            "reason": "every bootstrap draw gives the same value, which says nothing of its uncertainty",
        }


def test_json_has_no_nan_and_says_why_something_is_missing(predictions, answers):
    two = replace(predictions, labels=predictions.labels % 2)
    found = json.loads(json.dumps(plain(robustness(two, answers, HOW)), allow_nan=False))
    assert set(found) == {"images", "groups", "confidence", "undamaged", "steps"}
    assert list(found["steps"][0]) == ["kind", "severity", "amount", "metrics", "fall"]
    reason = "there must be images of 'c' and of other classes"
    assert found["undamaged"]["auroc_macro"]["reason"] == reason
    assert found["steps"][1]["fall"]["auroc_macro"] == {
        **dict.fromkeys(("value", "lower", "upper")),
        "n": 120,
        "method": "none",
        "reason": reason,
    }
    assert found["steps"][1]["fall"]["accuracy"]["value"] is not None
    one = replace(predictions, labels=predictions.labels * 0)
    found = robustness(one, answers, HOW)
    assert found.undamaged["balanced_accuracy"].reason == "there are images of one class only"
    assert found.undamaged["auroc_macro"].reason == "there must be images of 'a', 'b', 'c' and of other classes"


def test_a_draw_without_a_class_is_left_out(predictions, answers):
    """A class of one group is missing from 37 % of draws, and would change what balanced accuracy is the mean of."""
    labels = np.where(np.array(predictions.groups) == "p0", 2, np.arange(120) % 2)
    found = robustness(replace(predictions, labels=labels), answers, HOW)
    assert found.undamaged["balanced_accuracy"].value is not None
    assert found.undamaged["balanced_accuracy"].lower is None
    assert found.undamaged["balanced_accuracy"].reason.endswith("bootstrap draws: too few groups count towards it")


def test_what_cannot_be_judged_gets_a_sentence(predictions, answers):
    with pytest.raises(DataError) as caught:
        robustness(replace(predictions, repeats=np.zeros(120, np.int64)), answers, HOW)
    assert str(caught.value) == ("damaged pictures are judged by one network; these are predictions of several repeats")
    none = Predictions((), (), np.zeros(0, np.int64), np.zeros((0, 3)), CLASSES, "test")
    with pytest.raises(DataError) as caught:
        robustness(none, [], HOW)
    assert str(caught.value) == "there must be images to be damaged; no picture could be read"
    with pytest.raises(ValueError, match=r"probabilities of much blurred must be \(120, 3\); got \(119, 3\)"):
        robustness(predictions, [replace(answers[1], probabilities=answers[1].probabilities[1:])], HOW)


def made(value, lower, upper):
    return Estimate(value, lower, upper, 50, "bootstrap")


def step(kind, severity, accuracy, *fall):
    metrics, falls = {"accuracy": made(accuracy, 0, 1)}, {"accuracy": made(*fall)}
    return Degraded(kind, severity, f"{kind} {severity}", metrics, falls)


class TestSentence:
    UNDAMAGED = {"accuracy": made(0.9, 0.8, 1)}  # noqa: RUF012

    def said(self, *steps):
        return what_hurts_most(Robustness(self.UNDAMAGED, steps))

    def test_the_deepest_clear_fall_is_named(self):
        steps = (
            *(step("blur", 1, 0.88, -0.02, -0.05, 0.01), step("blur", 2, 0.6, -0.3, -0.4, -0.2)),
            # A deeper fall that chance explains comes after one that it does not.
            *(step("noise", 1, 0.5, -0.4, -0.9, 0.1), step("jpeg", 5, 0.7, -0.2, -0.3, -0.1)),
        )
        assert self.said(*steps) == (
            "What hurts most is blur (blur 2): the accuracy falls from 0.900 to 0.600, by 0.300 (95 % interval 0.200 – "
            "0.400). At no step do these lower it by more than chance explains: noise."
        )
        assert [falls(one) for one in steps] == [False, True, False, True]

    def test_where_chance_explains_all_that_is_said(self):
        assert self.said(step("noise", 1, 0.8, -0.1, -0.2, 0.0)) == (
            "No kind of damage lowers the accuracy by more than chance explains."
        )
        assert self.said(step("noise", 1, 0.9, 0.0, None, None)) == (
            "No kind of damage lowers the accuracy by more than chance explains."
        )

    def test_without_intervals_the_deepest_is_named_with_that(self):
        assert self.said(step("noise", 1, 0.8, -0.1, None, None), step("blur", 1, 0.7, -0.2, None, None)) == (
            "What hurts most is blur (blur 1): the accuracy falls from 0.900 to 0.700, by 0.200 (no interval)."
        )

    def test_nothing_judged_is_said(self):
        assert self.said() == "No damage was judged."
        assert self.said(step("noise", 1, None, None, None, None)) == "No damage was judged."
