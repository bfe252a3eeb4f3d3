"""Points: chosen on validation images, judged on others, against scikit-learn and Bayes' rule."""

import json
from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest
from simulated import simulated
from sklearn.metrics import confusion_matrix

from cervinet.errors import DataError
from cervinet.evaluation.choices import choose
from cervinet.evaluation.draws import draw_counts
from cervinet.evaluation.intervals import Resampling
from cervinet.evaluation.operating import OperatingPoint, at_point, choose_points
from cervinet.evaluation.plain_json import plain
from cervinet.evaluation.question import questions

HOW = Resampling(draws=200, confidence=0.9, seed=3)
RULES = [("sensitivity", {"at_least": 0.9}), ("youden", {}), ("cost", {"missed": 20.0})]


def point(threshold=0.4, positive=("CIN1", "CIN2+")):
    return OperatingPoint("by hand", positive, threshold, 0.9, 0.8, 70, 50)


def counts(given, threshold=0.4):
    truth, called = given.labels > 0, given.probabilities[:, 1:].sum(axis=1) >= threshold
    return confusion_matrix(truth, called).ravel()


def test_points_say_what_they_give_on_validation_images():
    validation = simulated(1)
    (asked,) = questions(validation.classes, ["CIN1", "CIN2+"])
    found = choose_points(asked, RULES, validation)
    assert [one.rule for one in found] == [
        "sensitivity at least 0.9",
        "the highest Youden index",
        "lowest cost: a missed case 20, a false alarm 1, at the prevalence of the validation images",
    ]
    for one in found:
        cleared, alarms, missed, hits = counts(validation, one.threshold)
        assert one.positive == ("CIN1", "CIN2+")
        assert one.sensitivity == pytest.approx(hits / (hits + missed), abs=1e-12)
        assert one.specificity == pytest.approx(cleared / (cleared + alarms), abs=1e-12)
        assert (one.positives, one.negatives) == (hits + missed, cleared + alarms)


@pytest.mark.parametrize("prevalence", [None, 0.05])
def test_a_point_gives_what_scikit_learn_counts(prevalence):
    given = simulated(2)
    cleared, alarms, missed, hits = counts(given)
    found = at_point(point(), given, prevalence, HOW)
    sensitivity, specificity = hits / (hits + missed), cleared / (cleared + alarms)
    share = (hits + missed) / 120 if prevalence is None else prevalence
    true, false = share * sensitivity, (1 - share) * (1 - specificity)
    overlooked, clear = share * (1 - sensitivity), (1 - share) * specificity
    assert found.sensitivity.value == pytest.approx(sensitivity, abs=1e-12)
    assert found.specificity.value == pytest.approx(specificity, abs=1e-12)
    assert found.ppv.value == pytest.approx(true / (true + false), abs=1e-12)
    assert found.npv.value == pytest.approx(clear / (clear + overlooked), abs=1e-12)
    assert list(found.per_1000) == ["found", "missed", "false_alarms", "rightly_cleared"]
    values = [one.value for one in found.per_1000.values()]
    assert values == pytest.approx([1000 * part for part in (true, overlooked, false, clear)], abs=1e-9)
    assert (found.prevalence, found.prevalence_stated) == (pytest.approx(share), prevalence is not None)
    if prevalence is None:
        assert found.ppv.value == pytest.approx(hits / (hits + alarms), abs=1e-12)
    assert (found.sensitivity.n, found.specificity.n, found.ppv.n) == (hits + missed, cleared + alarms, 120)


@pytest.mark.parametrize("prevalence", [None, 0.05])
def test_intervals_are_those_of_resampled_patients(prevalence):
    given = simulated(2)
    members, groups = given.members()
    drawn = []
    for weights in draw_counts(groups, range(HOW.draws), HOW.seed):
        rows = np.repeat(np.arange(120), weights[members])
        part = replace(
            given,
            images=tuple(map(str, rows)),
            groups=tuple(map(str, rows)),
            labels=given.labels[rows],
            probabilities=given.probabilities[rows],
            logits=None,
        )
        one = at_point(point(), part, prevalence, replace(HOW, draws=0))
        drawn.append((one.sensitivity.value, one.ppv.value, one.per_1000["false_alarms"].value))
    lower, upper = np.quantile(drawn, [0.05, 0.95], axis=0)
    found = at_point(point(), given, prevalence, HOW)
    for index, one in enumerate((found.sensitivity, found.ppv, found.per_1000["false_alarms"])):
        assert (one.lower, one.upper) == pytest.approx((lower[index], upper[index]), abs=1e-9)
        assert one.method == "percentile bootstrap, 200 draws of 60 groups"


@pytest.mark.parametrize(("label", "word", "undefined"), [(0, "no", "sensitivity"), (2, "every", "specificity")])
def test_images_of_one_answer_say_what_is_missing(label, word, undefined):
    found = at_point(point(), simulated(labels=[label] * 40), None, HOW)
    reason = f"{word} image is of 'CIN1 or CIN2+'"
    defined = {"sensitivity", "specificity"} - {undefined}
    assert getattr(found, undefined).reason == reason
    assert getattr(found, defined.pop()).value is not None
    assert (found.ppv.reason, found.npv.reason) == (reason, reason)
    unknown = ("found", "missed") if label == 0 else ("false_alarms", "rightly_cleared")
    for key, one in found.per_1000.items():
        assert (one.value is None, one.reason == reason) == (key in unknown, key in unknown)
    json.dumps(plain(found), allow_nan=False)


def test_none_or_all_called_positive_leaves_one_value_unknown():
    given = simulated(2)
    none, every = at_point(point(1.5), given, None, HOW), at_point(point(0.0), given, None, HOW)
    assert (none.sensitivity.value, none.specificity.value) == (0, 1)
    assert (none.ppv.value, none.ppv.reason) == (None, "no image was called positive")
    assert none.npv.value == pytest.approx((given.labels == 0).mean())
    assert (every.npv.value, every.npv.reason) == (None, "every image was called positive")


@pytest.mark.parametrize(
    ("threshold", "none", "others"), [(0.0, "missed", "found"), (1.5, "false_alarms", "rightly_cleared")]
)
@pytest.mark.parametrize("prevalence", [None, 0.1])
def test_that_nobody_was_missed_is_no_promise(threshold, none, others, prevalence):
    given = simulated(2)
    found = at_point(point(threshold), given, prevalence, HOW)
    truth = given.labels > 0
    share = truth.mean() if prevalence is None else prevalence
    asked, of = (truth, share) if none == "missed" else (~truth, 1 - share)
    patients = len({group for group, one in zip(given.groups, asked, strict=True) if one})
    lower = patients / (patients + NormalDist().inv_cdf(0.95) ** 2)  # the score equation, solved for a share of 1
    one = found.per_1000[none]
    assert (one.value, one.reason) == (0, None)
    assert one.method == (
        f"Wilson, each of {patients} groups counted as one image: every bootstrap draw gives the same value, which "
        "says nothing of its uncertainty"
    )
    assert (one.lower, one.upper) == pytest.approx((0, 1000 * of * (1 - lower)))
    if prevalence is not None:
        rest = found.per_1000[others]
        assert (rest.value, rest.lower, rest.upper) == pytest.approx((1000 * of, 1000 * of * lower, 1000 * of))


def test_no_positives_to_choose_on_is_an_error():
    validation = simulated(labels=[0] * 20)
    (asked,) = questions(validation.classes, ["CIN1", "CIN2+"])
    with pytest.raises(DataError) as caught:
        choose_points(asked, RULES, validation)
    assert str(caught.value) == (
        "no operating point for 'CIN1 or CIN2+' by the rule 'sensitivity': a threshold needs positive and negative "
        "validation images; there are 0 positive and 20 negative ones; bring the others or set "
        "evaluation.operating_points to []"
    )


def test_a_point_of_other_classes_is_an_error():
    with pytest.raises(DataError) as caught:
        at_point(point(positive=("Type_3",)), simulated(), None, HOW)
    assert str(caught.value) == "the positive class 'Type_3' must be one of normal, CIN1, CIN2+"


def test_no_images_are_an_error():
    with pytest.raises(DataError) as caught:
        at_point(point(), simulated(labels=np.zeros(0, int)), None, HOW)
    assert str(caught.value) == "there is no image in split 'test' to apply an operating point to"


def test_repeats_are_images_of_the_same_patients():
    first, second = simulated(4), simulated(5, labels=simulated(4).labels)
    both = replace(
        first,
        images=first.images * 2,
        groups=first.groups * 2,
        labels=np.tile(first.labels, 2),
        probabilities=np.concatenate([first.probabilities, second.probabilities]),
        logits=None,
        repeats=np.repeat([0, 1], 120),
    )
    found, alone = at_point(point(), both, None, HOW), [at_point(point(), one, None, HOW) for one in (first, second)]
    assert found.sensitivity.value == pytest.approx(np.mean([one.sensitivity.value for one in alone]), abs=1e-12)
    assert (found.sensitivity.n, found.ppv.n) == (alone[0].sensitivity.n, 120)
    assert found.sensitivity.method == "percentile bootstrap, 200 draws of 60 groups"
    (asked,) = questions(both.classes, ["CIN1", "CIN2+"])
    chosen = choose_points(asked, RULES, both)[0]
    assert (chosen.positives, chosen.negatives) == (np.count_nonzero(first.labels), np.count_nonzero(first.labels == 0))


def test_judging_changes_no_choice(monkeypatch):
    """The same points whatever the test images are; they are the only thing that `at_point` is given of validation."""
    monkeypatch.setattr("cervinet.evaluation.choices.fit_sets", lambda *_: [])
    validation = simulated(1)
    settings = dict(unit="image", positive=["CIN2+"], rules=RULES, coverage=0.9, most_errors=None)
    chosen = choose(validation, **settings)
    before = chosen.to_json()
    judged = [[at_point(one, simulated(seed), None, HOW) for one in chosen.points] for seed in (7, 8)]
    assert [one.point for one in judged[0]] == [one.point for one in judged[1]] == list(chosen.points)
    assert judged[0][0].sensitivity != judged[1][0].sensitivity
    assert choose(validation, **settings).to_json() == before
    assert choose(simulated(9), **settings).to_json() != before
