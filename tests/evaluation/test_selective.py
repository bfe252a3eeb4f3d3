"""Risk against coverage: against loops that do what the definition says, and where nothing can be answered."""

import json
from dataclasses import replace

import numpy as np
import pytest
from prediction_tables import random_table, table
from scipy.stats import binom
from sklearn.metrics import roc_auc_score

from cervinet.evaluation.draws import draw_counts
from cervinet.evaluation.intervals import Resampling
from cervinet.evaluation.selective import NEVER, Abstain, fit_abstain, selective

HOW = Resampling(draws=200, confidence=0.9, seed=3)
NONE = Resampling(draws=0, confidence=0.95, seed=0)


def rounded(given, digits=2):
    """The same with confidences that tie."""
    first = np.round(given.probabilities[:, 0], digits)
    rest = given.probabilities[:, 1:]
    rest = rest / rest.sum(axis=1, keepdims=True) * (1 - first)[:, None]
    return replace(given, probabilities=np.hstack([first[:, None], np.round(rest, digits)]))


def naive_area(confidence, wrong):
    """The mean, image by image, of the risk among those that are at least as sure."""
    return float(np.mean([wrong[confidence >= at].mean() for at in confidence]))


def naive_risk(confidence, wrong, coverage):
    """Lower the threshold until the share is answered."""
    for at in sorted(set(confidence), reverse=True):
        answered = confidence >= at
        if answered.mean() >= coverage - 1e-12:
            return wrong[answered].mean()
    raise AssertionError


def parts(given):
    return given.probabilities.max(axis=1), (given.predicted != given.labels).astype(float)


def test_without_ties_the_area_is_the_mean_of_the_risks_of_the_surest_1_to_n():
    given = random_table(150, seed=1)
    confidence, wrong = parts(given)
    risks = np.cumsum(wrong[np.argsort(-confidence)]) / np.arange(1, 151)
    found = selective(given, None, NONE)
    assert found.area.value == pytest.approx(risks.mean(), abs=1e-12)
    np.testing.assert_allclose(found.coverage, np.arange(1, 151) / 150)
    np.testing.assert_allclose(found.risk, risks, atol=1e-12)
    assert found.risk[-1] == pytest.approx(wrong.mean())


@pytest.mark.parametrize("digits", [1, 2])
def test_all_of_one_confidence_are_answered_together(digits):
    given = rounded(random_table(120, seed=2), digits)
    confidence, wrong = parts(given)
    assert len(set(confidence)) < 60
    found = selective(given, None, NONE)
    assert found.area.value == pytest.approx(naive_area(confidence, wrong), abs=1e-12)
    np.testing.assert_allclose(
        found.risk, [naive_risk(confidence, wrong, share) for share in found.coverage], atol=1e-12
    )
    shuffled = np.random.default_rng(0).permutation(120)
    moved = table(given.labels[shuffled], given.probabilities[shuffled])
    np.testing.assert_array_equal(selective(moved, None, NONE).risk, found.risk)


def test_many_images_have_a_curve_of_200_points():
    found = selective(random_table(5000, seed=1), None, NONE)
    assert len(found.coverage) == 200
    assert (found.coverage[0], found.coverage[-1]) == (1 / 5000, 1)
    assert np.isnan(found.lower).all()
    assert np.isnan(found.upper).all()


def test_interval_and_band_are_those_of_resampled_groups():
    """Each draw is built as a table of its own, image by image."""
    given = rounded(random_table(60, seed=5, per_group=4))
    confidence, wrong = parts(given)
    members, groups = given.members()
    areas, risks = [], []
    found = selective(given, None, HOW)
    for counts in draw_counts(groups, range(HOW.draws), HOW.seed):
        rows = np.repeat(np.arange(60), counts[members])
        areas.append(naive_area(confidence[rows], wrong[rows]))
        risks.append([naive_risk(confidence[rows], wrong[rows], share) for share in found.coverage])
    assert found.area.lower == pytest.approx(np.quantile(areas, 0.05), abs=1e-12)
    assert found.area.upper == pytest.approx(np.quantile(areas, 0.95), abs=1e-12)
    lower, upper = np.quantile(risks, [0.05, 0.95], axis=0)
    moving = np.ptp(risks, axis=0) > 0
    assert moving.sum() > 50
    np.testing.assert_allclose(found.lower[moving], lower[moving], atol=1e-12)
    np.testing.assert_allclose(found.upper[moving], upper[moving], atol=1e-12)


def test_where_no_draw_moves_the_risk_there_is_no_band():
    """All right: a width of 0 would be read as certainty."""
    given = table(np.zeros(30), np.stack([np.linspace(0.6, 0.9, 30), np.linspace(0.4, 0.1, 30)], axis=1))
    found = selective(given, None, HOW)
    assert (found.risk == 0).all()
    assert np.isnan(found.lower).all()
    assert found.area.reason == "every bootstrap draw gives the same value, which says nothing of its uncertainty"


class TestAbstaining:
    # Sure and right, sure and wrong, then less and less.
    confidence = np.array([0.95, 0.9, 0.9, 0.8, 0.7, 0.6])
    right = np.array([1, 1, 0, 1, 1, 0])
    given = table(1 - right, np.stack([confidence, 1 - confidence], axis=1))

    @pytest.mark.parametrize(
        ("most", "threshold", "answered", "wrong"),
        [
            (0.0, 0.95, 1, 0),
            (0.19, 0.95, 1, 0),
            (0.2, 0.7, 5, 1),  # higher thresholds answer a larger share wrongly
            (1 / 3, 0.6, 6, 2),
            (1.0, 0.6, 6, 2),
        ],
    )
    def test_the_lowest_threshold_that_fits(self, most, threshold, answered, wrong):
        found = fit_abstain(self.given, most)
        assert (found.threshold, found.answered, found.wrong, found.n) == (threshold, answered, wrong, 6)
        assert found.most_errors == most

    def test_the_surest_answer_is_wrong(self):
        found = fit_abstain(replace(self.given, labels=1 - self.given.labels), 0.1)
        assert found == Abstain(NEVER, 0.1, 6)
        judged = selective(self.given, found, HOW)
        assert judged.answered.value == 0
        assert judged.risk_answered.value is None
        assert judged.risk_answered.reason == "no image is answered"
        json.dumps(judged.to_json(), allow_nan=False)

    def test_no_validation_image(self):
        assert fit_abstain(table(np.zeros(0), np.zeros((0, 2))), 0.1) == Abstain(NEVER, 0.1, 0)

    def test_the_upper_limit_is_the_share_at_which_so_few_errors_would_be_rare(self):
        given = random_table(200, seed=3)
        found = fit_abstain(given, 0.1)
        assert 0 < found.wrong < found.answered
        assert found.wrong / found.answered <= 0.1 < found.upper
        assert binom.cdf(found.wrong, found.answered, found.upper) == pytest.approx(0.05)

    def test_images_of_a_group_are_one_witness_for_it(self):
        given = random_table(200, seed=3)
        doubled = table(
            np.repeat(given.labels, 2), np.repeat(given.probabilities, 2, axis=0), groups=np.repeat(np.arange(200), 2)
        )
        alone, both = fit_abstain(given, 0.1), fit_abstain(doubled, 0.1)
        assert (both.threshold, both.answered, both.wrong) == (alone.threshold, 2 * alone.answered, 2 * alone.wrong)
        assert both.upper == pytest.approx(alone.upper)

    def test_what_it_gives_on_other_images(self):
        found = selective(self.given, Abstain(0.8, 0.2, 10), NONE)
        assert found.answered.value == pytest.approx(4 / 6)
        assert found.risk_answered.value == pytest.approx(1 / 4)
        assert (found.answered.n, found.risk_answered.n) == (6, 4)

    def test_intervals_are_by_group(self):
        given = random_table(120, seed=8, per_group=4)
        confidence, wrong = parts(given)
        members, groups = given.members()
        answered = confidence >= 0.5
        drawn = []
        for counts in draw_counts(groups, range(HOW.draws), HOW.seed):
            rows = np.repeat(np.arange(120), counts[members])
            drawn.append((answered[rows].mean(), wrong[rows][answered[rows]].mean()))
        found = selective(given, Abstain(0.5, 0.2, 10), HOW)
        expected = np.quantile(drawn, [0.05, 0.95], axis=0)
        np.testing.assert_allclose(
            [
                [found.answered.lower, found.risk_answered.lower],
                [found.answered.upper, found.risk_answered.upper],
            ],
            expected,
            atol=1e-12,
        )


class TestSpread:
    def test_how_well_it_tells_wrong_answers(self):
        given = random_table(150, seed=4, per_group=3)
        wrong = given.predicted != given.labels
        spread = np.round(np.random.default_rng(1).gamma(1 + wrong), 1)
        found = selective(replace(given, spread=spread), None, HOW).spread_auroc
        assert found.value == pytest.approx(roc_auc_score(wrong, spread), abs=1e-12)
        assert found.lower < found.value < found.upper
        assert found.n == 150

    def test_without_there_is_none(self):
        assert selective(random_table(30), None, NONE).spread_auroc is None

    def test_all_right(self):
        given = table(np.zeros(30), np.tile([0.8, 0.2], (30, 1)), spread=np.linspace(0, 1, 30))
        assert selective(given, None, HOW).spread_auroc.reason == "all answers are right, or all are wrong"


def test_of_repeats_the_mean_is_taken():
    """Three repeats with other answers to the same images."""
    tables = [
        replace(random_table(50, seed=1), probabilities=random_table(50, seed=s).probabilities) for s in (1, 2, 3)
    ]
    pooled = replace(
        tables[0],
        **{name: getattr(tables[0], name) * 3 for name in ("images", "groups")},
        labels=np.tile(tables[0].labels, 3),
        probabilities=np.concatenate([one.probabilities for one in tables]),
        repeats=np.repeat([1, 2, 3], 50),
    )
    alone, found = [selective(one, None, NONE) for one in tables], selective(pooled, None, NONE)
    assert found.area.value == pytest.approx(np.mean([one.area.value for one in alone]))
    assert found.area.n == 50
    np.testing.assert_allclose(found.risk, np.mean([one.risk for one in alone], axis=0))
