"""Own test images beside another site's: what is found, and what is said of it."""

import json
from dataclasses import replace

import numpy as np
import pytest
from prediction_tables import random_table, table
from scipy.special import expit
from scipy.stats import binomtest

from cervinet.errors import DataError
from cervinet.evaluation.evaluate import evaluate
from cervinet.evaluation.intervals import Resampling
from cervinet.evaluation.question import questions
from cervinet.evaluation.shift import METRICS, shift
from cervinet.evaluation.weak_calibration import weak_calibration

HOW = Resampling(draws=300, confidence=0.95, seed=2)


def site(images, *, prevalence=0.4, intercept=0.0, slope=1.0, seed=0):
    """Two classes; the probabilities are right where intercept is 0 and slope 1."""
    random = np.random.default_rng(seed)
    logits = random.normal(np.log(prevalence / (1 - prevalence)), 1.2, images)
    truth = random.random(images) < expit(intercept + slope * logits)
    score = expit(logits)
    return table(truth, np.stack([1 - score, score], axis=1), classes=("NILM", "HSIL"))


def test_the_same_site_says_nothing():
    found = shift(site(400, seed=1), site(400, seed=2), None, HOW)
    assert found.sentences == ()
    assert list(found.calibration) == ["HSIL"]
    json.dumps(found.to_json(), allow_nan=False)


def test_metrics_are_those_of_an_evaluation():
    own, other = random_table(120, seed=1, per_group=2), random_table(90, seed=2)
    found = shift(own, other, None, HOW)
    for given, metrics in ((own, found.own), (other, found.other)):
        expected = evaluate(given, HOW).metrics
        assert metrics == {name: expected[name] for name in METRICS if name in expected}
        assert {"log_loss", "accuracy", "auroc_macro"} <= set(metrics)
    assert list(found.calibration) == ["Type_1", "Type_2", "Type_3"]
    assert list(shift(own, other, ["Type_2", "Type_3"], HOW).calibration) == ["Type_2 or Type_3"]


def test_another_prevalence():
    found = shift(site(400, prevalence=0.6, seed=1), site(400, prevalence=0.05, seed=2), None, HOW)
    own, other = found.prevalence["HSIL"]
    assert (own.value, other.value) == (pytest.approx(0.6, abs=0.08), pytest.approx(0.05, abs=0.05))
    assert own.method == "percentile bootstrap, 300 draws of 400 groups"
    shown = f"{100 * other.value:.1f}" if other.value < 0.1 else f"{100 * other.value:.0f}"
    assert found.sentences[1] == (
        f"'HSIL' is {shown} % of the images here and {100 * own.value:.0f} % of the run's own test images: predictive "
        "values and probabilities that were right there need not be right here"
    )


def test_a_class_that_the_other_site_lacks_has_the_interval_of_wilson():
    own = site(400, seed=1)
    other = site(60, seed=2)
    lacking = replace(other, labels=np.zeros(60, np.int64), groups=tuple(str(row // 2) for row in range(60)))
    found = shift(own, lacking, None, HOW)
    none, all_ = found.prevalence["HSIL"][1], found.prevalence["NILM"][1]
    assert (none.value, none.method, none.reason) == (0, "Wilson, 30 groups", None)
    assert (none.lower, none.upper) == pytest.approx(binomtest(0, 30).proportion_ci(method="wilson"), abs=1e-12)
    assert (all_.lower, all_.upper) == pytest.approx(binomtest(30, 30).proportion_ci(method="wilson"), abs=1e-12)
    assert found.sentences[1].startswith("'HSIL' is 0 % of the images here and ")
    assert {found.calibration["HSIL"][name][1].reason for name in ("intercept", "slope")} == {"no image is of 'HSIL'"}
    json.dumps(found.to_json(), allow_nan=False)


def test_probabilities_that_are_too_low_as_a_whole():
    found = shift(site(600, seed=1), site(600, intercept=1.2, seed=2), None, HOW)
    level, large = found.calibration["HSIL"]["intercept"][1], found.calibration["HSIL"]["in_the_large"][1]
    assert level.lower < 1.2 < level.upper
    given = site(600, intercept=1.2, seed=2)
    assert large.value == pytest.approx(given.labels.mean() - given.probabilities[:, 1].mean(), abs=1e-12)
    assert (
        f"probabilities of 'HSIL' are too low here: the true share is {100 * large.value:.1f} points above their mean"
    ) in found.sentences
    high = shift(site(600, seed=1), site(600, intercept=-1.2, seed=2), None, HOW)
    value = high.calibration["HSIL"]["in_the_large"][1].value
    assert (
        f"probabilities of 'HSIL' are too high here: the true share is {-100 * value:.1f} points below their mean"
    ) in high.sentences


@pytest.mark.parametrize(("slope", "words"), [(0.3, "too extreme"), (3.0, "not decided enough")])
def test_probabilities_that_are_too_extreme_or_too_timid(slope, words):
    found = shift(site(600, seed=1), site(600, slope=slope, seed=2), None, HOW)
    value = found.calibration["HSIL"]["slope"][1]
    assert value.lower < slope < value.upper
    assert (
        f"probabilities of 'HSIL' are {words} here: the calibration slope is {value.value:.3f} "
        f"({value.lower:.3f} – {value.upper:.3f}), 1 is ideal"
    ) in found.sentences


def test_what_was_so_on_the_own_images_already_is_said_so():
    found = shift(site(600, slope=0.3, seed=1), site(600, slope=0.3, seed=2), None, HOW)
    value = found.calibration["HSIL"]["slope"][1]
    assert (
        "probabilities of 'HSIL' are too extreme here, as on the run's own test images: the calibration slope is "
        f"{value.value:.3f} ({value.lower:.3f} – {value.upper:.3f}), 1 is ideal"
    ) in found.sentences


def test_a_metric_that_fell():
    own, other = random_table(400, seed=1), random_table(400, seed=2)
    other = replace(other, labels=np.random.default_rng(0).permutation(other.labels))
    found = shift(own, other, None, HOW)
    mine, theirs = found.own["accuracy"], found.other["accuracy"]
    assert (
        f"accuracy is lower here: {theirs.value:.3f} ({theirs.lower:.3f} – {theirs.upper:.3f}) against "
        f"{mine.value:.3f} ({mine.lower:.3f} – {mine.upper:.3f})"
    ) in found.sentences
    assert any(sentence.startswith("log loss is higher here: ") for sentence in found.sentences)


def test_intercept_and_slope_are_those_of_the_calibration():
    given = random_table(100, seed=1, per_group=5)
    found = shift(given, given, None, HOW).calibration["Type_1"]
    (question, *_) = questions(given.classes, None)
    expected = weak_calibration(question, given, HOW)
    assert (found["intercept"], found["slope"]) == ((expected.intercept,) * 2, (expected.slope,) * 2)
    assert expected.slope.method == "percentile bootstrap, 300 draws of 20 groups"


def test_without_draws_nothing_parts():
    found = shift(site(50, seed=1), site(50, prevalence=0.9, seed=2), None, replace(HOW, draws=0))
    assert found.sentences == ()
    assert found.prevalence["HSIL"][0].reason == "no interval was asked for"


def test_other_classes_are_refused():
    with pytest.raises(DataError) as caught:
        shift(site(20), random_table(20), None, HOW)
    assert str(caught.value) == (
        "the other site's predictions must be for the classes NILM, HSIL in this order; got Type_1, Type_2, Type_3"
    )
