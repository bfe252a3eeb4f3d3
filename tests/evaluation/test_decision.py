"""Net benefit against a count by hand and its closed form; cost curves against every threshold."""

import json
from dataclasses import replace

import numpy as np
import pytest
from simulated import simulated

from cervinet.evaluation.decision import cost_curve, decision_curve
from cervinet.evaluation.draws import draw_counts
from cervinet.evaluation.intervals import Resampling
from cervinet.evaluation.plain_json import plain
from cervinet.evaluation.predictions import Predictions
from cervinet.evaluation.question import Question, questions

HOW = Resampling(draws=100, confidence=0.9, seed=1)
ASKED = Question(("CIN1", "CIN2+"), (1, 2))


def by_hand(truth, scores, threshold, prevalence):
    """Hits and alarms counted one by one."""
    hits = sum(1 for one, score in zip(truth, scores, strict=True) if one and score >= threshold)
    alarms = sum(1 for one, score in zip(truth, scores, strict=True) if not one and score >= threshold)
    odds = threshold / (1 - threshold)
    if prevalence is None:
        return hits / len(truth) - alarms / len(truth) * odds
    sensitivity, specificity = hits / truth.sum(), 1 - alarms / (~truth).sum()
    return sensitivity * prevalence - (1 - specificity) * (1 - prevalence) * odds


def answers(given):
    return given.labels > 0, ASKED.scores(given.probabilities)


@pytest.mark.parametrize("prevalence", [None, 0.05])
def test_net_benefit_is_its_closed_form(prevalence):
    given = simulated(2)
    truth, scores = answers(given)
    found = decision_curve(ASKED, given, prevalence, HOW)
    assert (found.of, found.prevalence) == ("CIN1 or CIN2+", truth.mean() if prevalence is None else prevalence)
    np.testing.assert_array_equal(found.thresholds, np.arange(1, 100) / 100)
    expected = [by_hand(truth, scores, threshold, prevalence) for threshold in found.thresholds]
    np.testing.assert_allclose(found.net_benefit, expected, atol=1e-12)
    everyone = [by_hand(truth, np.ones(len(truth)), threshold, prevalence) for threshold in found.thresholds]
    np.testing.assert_allclose(found.treat_all, everyone, atol=1e-12)


@pytest.mark.parametrize("prevalence", [None, 0.05])
def test_the_band_is_that_of_resampled_patients(prevalence):
    given = simulated(2)
    truth, scores = answers(given)
    members, groups = given.members()
    found = decision_curve(ASKED, given, prevalence, HOW)
    for at in (4, 29, 59):
        drawn = []
        for weights in draw_counts(groups, range(HOW.draws), HOW.seed):
            rows = np.repeat(np.arange(120), weights[members])
            drawn.append(by_hand(truth[rows], scores[rows], found.thresholds[at], prevalence))
        expected = np.quantile(drawn, [0.05, 0.95])
        np.testing.assert_allclose([found.lower[at], found.upper[at]], expected, atol=1e-9)


def test_a_score_at_the_threshold_is_called_positive():
    given = Predictions(
        images=("a", "b"),
        groups=("a", "b"),
        labels=np.array([0, 1]),
        probabilities=np.array([[0.71, 0.29], [0.7, 0.3]]),
        classes=("benign", "malignant"),
        split="test",
    )
    (asked,) = questions(given.classes, None)
    found = decision_curve(asked, given, None, HOW)
    assert found.net_benefit[[28, 29, 30]] == pytest.approx([0.5 - 0.5 * 29 / 71, 0.5, 0], abs=1e-12)


def test_a_network_that_is_always_right_is_worth_the_prevalence():
    given = simulated(2)
    perfect = replace(given, probabilities=np.eye(3)[given.labels])
    found = decision_curve(ASKED, perfect, 0.1, HOW)
    np.testing.assert_allclose(found.net_benefit, 0.1, atol=1e-12)
    assert np.isnan(found.lower).all()
    text = json.loads(json.dumps(plain(found), allow_nan=False))
    assert text["lower"] == [None] * 99
    np.testing.assert_allclose(cost_curve(ASKED, perfect).cost, 0, atol=1e-12)


@pytest.mark.parametrize("label", [0, 1])
def test_images_of_one_answer_have_no_curve(label):
    given = simulated(labels=[label] * 20)
    assert decision_curve(ASKED, given, None, HOW) is None
    assert cost_curve(ASKED, given) is None


def test_cost_is_the_lowest_over_every_threshold():
    given = simulated(3)
    truth, scores = answers(given)
    found = cost_curve(ASKED, given)
    lines = []
    for threshold in [2, *np.unique(scores)]:
        called = scores >= threshold
        lines.append((1 - called[truth].mean(), called[~truth].mean()))
    expected = [min(miss * x + alarm * (1 - x) for miss, alarm in lines) for x in found.probability_cost]
    np.testing.assert_allclose(found.cost, expected, atol=1e-12)
    np.testing.assert_allclose(found.trivial, np.minimum(found.probability_cost, 1 - found.probability_cost))
    assert (found.cost <= found.trivial + 1e-12).all()
    assert (found.of, found.probability_cost[0], found.probability_cost[-1]) == ("CIN1 or CIN2+", 0, 1)
    json.dumps(plain(found), allow_nan=False)
