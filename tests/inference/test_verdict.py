"""From probabilities to what is said: class, abstention, gate, set, calls, by the rules of a card."""

import numpy as np
import pytest

from cervinet.evaluation.choices import Choices
from cervinet.evaluation.conformal import SetRule
from cervinet.evaluation.operating import OperatingPoint
from cervinet.evaluation.selective import Abstain
from cervinet.inference.verdict import Call, Judge, Verdict, choice_remarks
from cervinet.model_card import ModelCard

CLASSES = ("a", "b", "c")


def point(threshold, positive=("a",), rule="sensitivity at least 0.9"):
    return OperatingPoint(rule, positive, threshold, 0.9, 0.5, 10, 20)


def rule(score, threshold):
    return SetRule(score, False, 0.9, (threshold,), 30, 10)


def judge(*points, sets=(), abstain=None, refuse=None, unit="image"):
    choices = Choices(unit, tuple(points), tuple(sets), abstain)
    gate = {} if refuse is None else {"refuse": list(refuse)}
    return Judge(ModelCard(CLASSES, (8, 8), (), "x", choices=choices.to_json(), gate=gate)).one


def of(*probabilities):
    return np.array(probabilities, np.float64)


def test_a_run_without_choices_gives_the_most_probable_class_and_nothing_else():
    found = Judge(ModelCard(CLASSES, (8, 8), (), "x")).one(of(0.2, 0.5, 0.3), ())
    assert found == Verdict("b", "", (), None, ())


def test_calls_are_made_at_the_threshold_and_above():
    judged = judge(point(0.3), point(0.30001, rule="Youden"), point(0.8, ("b", "c")))
    assert judged(of(0.3, 0.4, 0.3), ()).calls == (
        Call("sensitivity at least 0.9", ("a",), 0.3, 0.3, True),
        Call("Youden", ("a",), 0.30001, 0.3, False),
        Call("sensitivity at least 0.9", ("b", "c"), 0.8, 0.7, False),
    )


def test_below_the_abstention_threshold_there_is_no_class_but_a_set_and_calls():
    judged = judge(point(0.3), sets=[rule("lac", 0.65)], abstain=Abstain(0.6, 0.05, 100))
    unsure, sure = judged(of(0.4, 0.59, 0.01), ()), judged(of(0.39, 0.6, 0.01), ())
    assert (unsure.label, unsure.why, unsure.set, unsure.calls[0].called) == (None, "unsure", ("a", "b"), True)
    assert (sure.label, sure.why) == ("b", "")


def test_many_pictures_at_once_are_judged_as_each_by_itself():
    choices = Choices("image", (point(0.3), point(0.7, ("a", "c"))), (rule("aps", 0.8),), Abstain(0.5, 0.05, 100))
    judged = Judge(ModelCard(CLASSES, (8, 8), (), "x", choices=choices.to_json(), gate={"refuse": ["dark"]}))
    probabilities = np.random.default_rng(0).dirichlet(np.ones(3), 50)
    flags = [("dark",) if row % 7 == 0 else ("small",) if row % 5 == 0 else () for row in range(50)]
    found = judged(probabilities, flags)
    assert found == [judged.one(*each) for each in zip(probabilities, flags, strict=True)]
    assert {one.why for one in found} == {"", "unsure", "not assessed"}


def test_a_picture_with_a_refused_flag_is_not_assessed_by_anything():
    judged = judge(point(0.3), sets=[rule("lac", 0.65)], abstain=Abstain(0.6, 0.05, 100), refuse=["dark"])
    assert judged(of(0.4, 0.59, 0.01), ("dark", "small")) == Verdict(None, "not assessed", ("dark", "small"), None, ())
    assert judged(of(0.1, 0.89, 0.01), ("small",)).label == "b"


def test_the_set_is_that_of_the_first_rule_and_never_empty():
    judged = judge(sets=[rule("lac", 0.5), rule("lac", 1.0)])
    assert judged(of(0.5, 0.45, 0.05), ()).set == ("a",)
    assert judged(of(0.4, 0.35, 0.25), ()).set == ("a",)  # none is inside


def test_infinite_thresholds_come_back_from_the_card():
    assert judge(sets=[rule("lac", float("inf"))])(of(0.9, 0.1, 0), ()).set == CLASSES


@pytest.mark.parametrize("unit", ["image", "group"])
def test_thresholds_of_patients_are_no_promise_for_a_picture(unit):
    card = ModelCard(CLASSES, (8, 8), (), "x", choices=Choices(unit, (), (), None).to_json())
    said = (
        "The run's thresholds were chosen for groups (patients), whose probabilities are means over their pictures; "
        "here each picture is judged by itself, and what they promise does not hold for it."
    )
    assert choice_remarks(card) == ([said] if unit == "group" else [])
    assert choice_remarks(ModelCard(CLASSES, (8, 8), (), "x")) == []
