"""Rules of thresholds, each against all thresholds by brute force, and as a config names them."""

import numpy as np
import pytest

from cervinet.choice import Choice
from cervinet.config import load_config
from cervinet.errors import ConfigError, DataError
from cervinet.evaluation import operating_rules as rules


@pytest.fixture(params=range(6))
def images(request):
    """Truth and scores; of odd seeds with many ties, of the last with a 0 and a 1."""
    random = np.random.default_rng(request.param)
    truth = random.random(60) < 0.4
    scores = np.clip(random.normal(0.35 + 0.25 * truth, 0.2), 0, 1)
    if request.param % 2:
        scores = np.round(scores, 1)
    if request.param == 5:
        scores[:2] = 0, 1
    return truth, scores


def brute(truth, scores):
    """Sensitivity and specificity at every threshold: above all scores first, at the lowest last."""
    cuts = [2.0, *np.unique(scores)[::-1]]
    called = [scores >= cut for cut in cuts]
    return [(one[truth].mean(), (~one[~truth]).mean()) for one in called]


def at(truth, scores, threshold):
    called = scores >= threshold
    return called[truth].mean(), (~called[~truth]).mean()


@pytest.mark.parametrize("share", [0.05, 0.5, 0.9, 0.999])
def test_sensitivity_is_reached_at_the_highest_specificity(images, share):
    threshold, words = rules.sensitivity(*images, at_least=share)
    best = max(specificity for sensitivity, specificity in brute(*images) if sensitivity >= share)
    found = at(*images, threshold)
    assert found[0] >= share
    assert found[1] == best
    assert words == f"sensitivity at least {share}"


@pytest.mark.parametrize("share", [0.05, 0.5, 0.9, 0.999])
def test_specificity_is_reached_at_the_highest_sensitivity(images, share):
    threshold, words = rules.specificity(*images, at_least=share)
    best = max(sensitivity for sensitivity, specificity in brute(*images) if specificity >= share)
    found = at(*images, threshold)
    assert found[1] >= share
    assert found[0] == best
    assert words == f"specificity at least {share}"


def test_youden_is_the_greatest_sum(images):
    threshold, words = rules.youden(*images)
    assert sum(at(*images, threshold)) == pytest.approx(max(map(sum, brute(*images))), abs=1e-12)
    assert words == "the highest Youden index"


@pytest.mark.parametrize("prevalence", [None, 0.02])
@pytest.mark.parametrize("missed", [0.1, 1, 20, 1000])
def test_cost_is_the_lowest(images, missed, prevalence):
    truth = images[0]
    share = truth.mean() if prevalence is None else prevalence

    def lost(pair):
        return missed * share * (1 - pair[0]) + 2 * (1 - share) * (1 - pair[1])

    threshold, words = rules.cost(*images, missed=missed, false_alarm=2, prevalence=prevalence)
    assert lost(at(*images, threshold)) == pytest.approx(min(map(lost, brute(*images))), abs=1e-10)
    at_share = "the prevalence of the validation images" if prevalence is None else "a prevalence of 0.02"
    assert words == f"lowest cost: a missed case {missed}, a false alarm 2, at {at_share}"


@pytest.mark.parametrize("of", [None, 0.1])
def test_prevalence_is_met_as_nearly_as_can_be(images, of):
    truth = images[0]
    share = truth.mean() if of is None else of

    def off(pair):
        return abs(share * pair[0] + (1 - share) * (1 - pair[1]) - share)

    threshold, words = rules.prevalence(*images, of=of)
    assert off(at(*images, threshold)) == pytest.approx(min(map(off, brute(*images))), abs=1e-12)
    assert words == "as many called positive as there are" + ("" if of is None else " at a prevalence of 0.1")


def test_a_threshold_is_half_way_between_neighbours():
    truth = np.array([True, True, False, False])
    assert rules.youden(truth, np.array([0.9, 0.8, 0.4, 0.1]))[0] == pytest.approx(0.6)


def test_outermost_thresholds_are_half_way_to_0_and_1_and_above_a_score_of_1():
    backwards = np.array([True, False])
    assert rules.sensitivity(backwards, np.array([0.2, 0.8]), at_least=0.5)[0] == pytest.approx(0.1)
    assert rules.specificity(backwards, np.array([0.2, 0.8]), at_least=0.5)[0] == pytest.approx(0.9)
    assert rules.specificity(backwards, np.array([0.2, 1.0]), at_least=0.5)[0] == pytest.approx(1.5)
    assert rules.sensitivity(backwards, np.array([0.0, 0.8]), at_least=0.5)[0] == 0


def test_rounding_of_scores_moves_no_image_across(images):
    truth, scores = images
    noise = np.random.default_rng(9).uniform(-1, 1, len(scores)) * 3e-8
    for rule in (rules.sensitivity, rules.specificity, rules.youden, rules.cost, rules.prevalence):
        threshold, _ = rule(truth, scores)
        np.testing.assert_array_equal(scores >= threshold, scores + noise >= threshold)
        assert rule(truth, scores + noise)[0] == pytest.approx(threshold, abs=1e-7)


def test_equal_scores_are_called_alike():
    truth = np.array([True, False, True, False])
    scores = np.array([0.5, 0.5 + 1e-9, 0.5, 0.1])
    called = scores >= rules.sensitivity(truth, scores, at_least=0.3)[0]
    np.testing.assert_array_equal(called, [True, True, True, False])


def test_of_equal_sums_the_most_sensitive():
    truth = np.array([True, False, True, False])
    threshold, _ = rules.youden(truth, np.array([0.9, 0.7, 0.5, 0.3]))
    assert threshold == pytest.approx(0.4)


@pytest.mark.parametrize("rule", ["sensitivity", "specificity", "youden", "cost", "prevalence"])
@pytest.mark.parametrize(("truth", "counts"), [([True] * 3, "3 positive and 0"), ([False] * 3, "0 positive and 3")])
def test_one_answer_alone_is_an_error(rule, truth, counts):
    with pytest.raises(DataError) as caught:
        getattr(rules, rule)(np.array(truth), np.array([0.1, 0.2, 0.3]))
    assert str(caught.value) == (
        f"a threshold needs positive and negative validation images; there are {counts} negative ones; bring the "
        "others or set evaluation.operating_points to []"
    )


class TestConfig:
    @pytest.fixture
    def load(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "x.yaml").write_text("data: {root: pictures}\nmodel: {architecture: vgg16}\n", encoding="utf-8")
        return lambda points: load_config(tmp_path / "x.yaml", [f"evaluation.operating_points={points}"])

    def test_rules_with_and_without_options(self, load):
        found = load("[{sensitivity: {at_least: 0.9}}, youden, {cost: {missed: 20}}]").evaluation.operating_points
        assert found == [
            Choice("sensitivity", {"at_least": 0.9}),
            Choice("youden", {}),
            Choice("cost", {"missed": 20.0, "false_alarm": 1.0, "prevalence": None}),
        ]

    def test_defaults_carry_their_options(self, load):
        found = load("[sensitivity, specificity, prevalence]").evaluation.operating_points
        assert [one.options for one in found] == [{"at_least": 0.95}, {"at_least": 0.95}, {"of": None}]

    @pytest.mark.parametrize(
        ("points", "problem"),
        [
            ("[sensitivty]", ".0` names an unknown operating_point 'sensitivty' (did you mean 'sensitivity'?)"),
            ("[youden, {sensitivity: {at_least: 1.5}}]", ".1.sensitivity.at_least` must be less than 1; got 1.5"),
            ("[{cost: {mised: 2}}]", ".0.cost.mised` is not a setting (did you mean 'missed'?)"),
            ("[{cost: {missed: 0}}]", ".0.cost.missed` must be greater than 0; got 0"),
        ],
    )
    def test_wrong_ones_are_named(self, load, points, problem):
        with pytest.raises(ConfigError) as caught:
            load(points)
        assert caught.value.problems == [f"`evaluation.operating_points{problem} (command line)"]
