"""What is settled on validation predictions: kept as JSON, applied to others, each threshold by itself."""

import json
from dataclasses import replace

import numpy as np
import pytest
from simulated import simulated, softmax

from cervinet.errors import DataError
from cervinet.evaluation.calibration import Calibration, fit_calibration
from cervinet.evaluation.choices import Choices, choose, corrected, finer_corrected

RULES = [("sensitivity", {"at_least": 0.9}), ("youden", {})]
CLASSES = ("normal", "CIN1", "CIN2+")


def chosen(validation, **more):
    asked = {"unit": "image", "positive": None, "rules": RULES, "coverage": 0.9, "most_errors": 0.1}
    return choose(validation, **asked | more)


def without_class(index):
    """Validation predictions of which no image is of this class."""
    return simulated(3, labels=np.resize([one for one in range(3) if one != index], 80))


class TestJson:
    def test_gives_the_same_choices_back(self):
        given = chosen(simulated(1), unit="group")
        kept = json.loads(json.dumps(given.to_json(), allow_nan=False))
        assert Choices.from_json(kept) == given
        assert kept["unit"] == "group"
        assert [point["positive"] for point in kept["points"]] == [[name] for name in CLASSES for _ in RULES]

    def test_an_infinite_threshold_is_null_and_comes_back(self):
        given = chosen(without_class(1), most_errors=None)
        assert [rule.thresholds[1] for rule in given.sets if rule.conditional] == [np.inf, np.inf]
        kept = json.loads(json.dumps(given.to_json(), allow_nan=False))
        assert [rule["thresholds"][1] for rule in kept["sets"] if rule["conditional"]] == [None, None]
        assert kept["abstain"] is None
        assert Choices.from_json(kept) == given

    def test_the_choices_themselves_are_not_changed_by_being_kept(self):
        given = chosen(without_class(1))
        given.to_json()
        assert [rule.thresholds[1] for rule in given.sets if rule.conditional] == [np.inf, np.inf]

    @pytest.mark.parametrize(
        ("broken", "error"),
        [({}, KeyError), ({"points": [{"rule": "x", "positive": []}]}, TypeError), ({"points": 3}, TypeError)],
    )
    def test_something_else_is_refused(self, broken, error):
        whole = chosen(simulated(1)).to_json()
        with pytest.raises(error):
            Choices.from_json(whole | broken if broken else {})


def test_each_class_is_a_question_unless_some_are_asked_for():
    validation = simulated(1)
    assert [point.positive for point in chosen(validation).points] == [(name,) for name in CLASSES for _ in RULES]
    asked = chosen(validation, positive=["CIN1", "CIN2+"]).points
    assert [point.positive for point in asked] == [("CIN1", "CIN2+")] * 2
    truth, scores = validation.labels > 0, validation.probabilities[:, 1:].sum(axis=1)
    for point in asked:
        assert point.sensitivity == pytest.approx((scores[truth] >= point.threshold).mean(), abs=1e-12)
        assert point.specificity == pytest.approx((scores[~truth] < point.threshold).mean(), abs=1e-12)
        assert (point.positives, point.negatives) == (truth.sum(), (~truth).sum())


def test_a_class_without_validation_images_is_said_and_the_other_questions_stay():
    validation = without_class(1)
    found = chosen(validation)
    assert found.remarks == (
        "no operating point for 'CIN1' by the rule 'sensitivity': a threshold needs positive and negative validation "
        "images; there are 0 positive and 80 negative ones; bring the others or set evaluation.operating_points to []",
    )
    assert [point.positive for point in found.points] == [("normal",)] * 2 + [("CIN2+",)] * 2
    assert found.points == tuple(point for point in chosen(validation).points if point.positive != ("CIN1",))
    assert len(found.sets) == 4


def test_no_abstaining_unless_it_is_asked_for():
    assert chosen(simulated(1), most_errors=None).abstain is None
    found = chosen(simulated(1), most_errors=0.1).abstain
    assert (found.most_errors, found.n) == (0.1, 120)
    assert found.wrong <= 0.1 * found.answered


def test_an_unknown_positive_class_is_refused():
    with pytest.raises(DataError, match=r"^the positive class 'CIN3' must be one of normal, CIN1, CIN2\+$"):
        chosen(simulated(1), positive=["CIN3"])


def with_subclasses(predictions, parents):
    """Sub-classes in random proportions."""
    random = np.random.default_rng(5)
    finer = np.empty((len(predictions.images), len(parents)))
    for index in range(len(predictions.classes)):
        columns = [number for number, parent in enumerate(parents) if parent == index]
        shares = random.dirichlet(np.ones(len(columns)), len(finer))
        finer[:, columns] = shares * predictions.probabilities[:, [index]]
    names = tuple(f"sub-{number}" for number in range(len(parents)))
    return replace(predictions, subclasses=names, subclass_probabilities=finer)


class TestCorrected:
    PARENTS = (2, 0, 0, 1, 2)
    NAMES = tuple(CLASSES[parent] for parent in PARENTS)

    @pytest.mark.parametrize("method", ["temperature", "vector"])
    def test_applies_what_was_fitted_on_others_and_leaves_the_logits(self, method):
        validation, test = simulated(1), simulated(2)
        calibration = fit_calibration(method, validation.logits, validation.labels)
        found = corrected(test, calibration, ())
        np.testing.assert_array_equal(found.probabilities, calibration.apply(test.logits))
        np.testing.assert_array_equal(found.logits, test.logits)
        assert (found.images, found.groups, found.split) == (test.images, test.groups, test.split)
        assert np.abs(found.probabilities - test.probabilities).max() > 0.1

    def test_sub_classes_sum_to_their_class_in_the_proportions_that_they_had(self):
        given = with_subclasses(simulated(2), self.PARENTS)
        found = corrected(given, Calibration("temperature", {"temperature": 2.5}, 9), self.NAMES)
        sums = np.stack(
            [found.subclass_probabilities[:, np.equal(self.PARENTS, index)].sum(axis=1) for index in range(3)]
        )
        np.testing.assert_allclose(sums.T, found.probabilities, rtol=1e-12)
        before, after = given.subclass_probabilities, found.subclass_probabilities
        np.testing.assert_allclose(after[:, 1] / after[:, 2], before[:, 1] / before[:, 2], rtol=1e-9)

    def test_sub_classes_of_a_class_that_had_no_probability_have_equal_parts(self):
        logits = np.array([[0.0, -800.0, 0.0]])
        own = softmax(logits)
        assert own[0, 1] == 0
        probabilities = Calibration("temperature", {"temperature": 100.0}, 9).apply(logits)
        found = finer_corrected(np.array([[0.5, 0, 0, 0.5]]), own, probabilities, [0, 1, 1, 2])
        assert probabilities[0, 1] > 1e-4
        np.testing.assert_allclose(found[0, 1:3], probabilities[0, 1] / 2, rtol=1e-12)
        assert found.sum() == pytest.approx(1, abs=1e-12)
