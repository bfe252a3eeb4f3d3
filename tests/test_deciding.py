"""Calibration and thresholds come from validation predictions and from nothing else."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cervinet.config_evaluation import Evaluation
from cervinet.data.manifest import Manifest, table_of
from cervinet.deciding import (
    calibrated,
    check_evaluation,
    check_questions,
    check_subgroups,
    chosen,
    same_choices,
    settled,
    unanswered,
)
from cervinet.errors import DataError
from cervinet.evaluation.calibration import fit_calibration
from cervinet.evaluation.choices import Choices
from cervinet.evaluation.units import by_group
from cervinet.progress import Silent
from written_runs import CLASSES, card_of, config_of, planted


class Heard(Silent):
    def __init__(self):
        self.lines = []

    def say(self, line):
        self.lines.append(line)


def settings(**evaluation):
    return config_of(**evaluation).evaluation


def test_the_calibration_is_fitted_on_validation_and_the_thresholds_chosen_on_what_it_gives():
    validation = planted()
    found = settled(settings(), card_of(), validation, Silent())
    assert found.calibration == fit_calibration("temperature", validation.logits, validation.labels)
    assert found.calibration.values["temperature"] > 1.5
    own = calibrated(validation, found.calibration, card_of())
    assert found.choices == chosen(settings(), own)
    assert found.choices != chosen(settings(), validation)
    assert {point.positive for point in found.choices.points} == {(name,) for name in CLASSES}


def test_the_card_keeps_both():
    found = settled(settings(calibration="vector"), card_of(), planted(), Silent())
    card = found.on(card_of(note="phantoms"))
    assert card.calibration == found.calibration.to_json()
    assert Choices.from_json(card.choices) == found.choices
    assert (card.note, card.classes) == ("phantoms", CLASSES)


def test_without_calibration_the_probabilities_are_those_of_the_network():
    validation = planted()
    found = settled(settings(calibration="none"), card_of(), validation, Silent())
    assert found.on(card_of()).calibration == {}
    assert calibrated(validation, found.calibration, card_of()) is validation
    assert found.choices == chosen(settings(), validation)


@pytest.mark.parametrize("validation", [None, planted(images=0)])
def test_without_validation_pictures_nothing_is_settled_and_the_reason_is_kept(validation):
    heard = Heard()
    found = settled(settings(), card_of(), validation, heard)
    assert (found.calibration.method, found.choices) == ("none", None)
    assert found.why == "there are no validation pictures to calibrate and choose thresholds on"
    card = found.on(card_of())
    assert (card.calibration, card.choices, heard.lines) == ({}, {}, [])


def test_a_calibration_that_cannot_be_fitted_is_said_and_left_out_and_the_run_goes_on():
    labels = np.resize([0, 2], 90)
    validation, heard = planted(labels=labels), Heard()
    found = settled(settings(calibration="vector"), card_of(), validation, heard)
    assert heard.lines == [
        "Warning: the probabilities are not calibrated: vector calibration needs validation images of every class; "
        "there are none of class number 2: set evaluation.calibration to temperature or none, or bring such images"
    ]
    assert found.on(card_of()).calibration == {}
    assert found.choices == chosen(settings(), validation)
    assert {point.positive for point in found.choices.points} == {("normal",), ("CIN2+",)}


def test_logits_that_overflowed_lose_the_calibration_and_not_the_run():
    validation, heard = planted(), Heard()
    broken = validation.logits.copy()
    broken[4, 1] = np.inf
    found = settled(settings(), card_of(), replace(validation, logits=broken), heard)
    assert found.calibration.method == "none"
    assert heard.lines[0].startswith("Warning: the probabilities are not calibrated: logits must be finite numbers")


def test_sub_classes_are_calibrated_with_their_classes():
    card = card_of(subclasses=(("x", "CIN1"), ("y", "normal"), ("z", "CIN2+"), ("w", "CIN1")))
    validation = planted()
    own = validation.probabilities
    finer = np.stack([own[:, 1] * 0.25, own[:, 0], own[:, 2], own[:, 1] * 0.75], axis=1)
    validation = replace(validation, subclasses=("x", "y", "z", "w"), subclass_probabilities=finer)
    found = settled(settings(), card, validation, Silent())
    after = calibrated(validation, found.calibration, card)
    np.testing.assert_allclose(after.subclass_probabilities[:, 0], after.probabilities[:, 1] * 0.25, rtol=1e-9)
    np.testing.assert_allclose(after.subclass_probabilities[:, 1], after.probabilities[:, 0], rtol=1e-9)


def test_groups_are_what_thresholds_are_chosen_on_where_they_are_the_unit():
    validation = planted()
    found = chosen(settings(unit="group"), validation)
    assert found.unit == "group"
    assert found == replace(chosen(settings(), by_group(validation)[0]), unit="group")
    assert {point.positives + point.negatives for point in found.points} == {30}


def test_the_settings_are_those_of_the_choices():
    asked = settings(
        positive=["CIN1", "CIN2+"],
        operating_points=[{"sensitivity": {"at_least": 0.8}}],
        coverage=0.7,
        most_errors=0.2,
    )
    found = chosen(asked, planted())
    assert [(point.positive, point.rule) for point in found.points] == [
        (("CIN1", "CIN2+"), "sensitivity at least 0.8"),
    ]
    assert {rule.coverage for rule in found.sets} == {0.7}
    assert found.abstain.most_errors == 0.2


@pytest.mark.parametrize(
    "other",
    [
        {"unit": "group"},
        {"positive": ["CIN1"]},
        {"operating_points": ["youden"]},
        {"operating_points": [{"sensitivity": {"at_least": 0.9}}, "specificity", "youden"]},
        {"coverage": 0.8},
        {"most_errors": 0.1},
    ],
)
def test_other_settings_ask_for_other_choices(other):
    assert not same_choices(settings(), settings(**other))
    assert chosen(settings(), planted()) != chosen(settings(**other), planted())


def test_what_says_how_results_are_judged_leaves_the_choices_as_they_are():
    other = settings(
        draws=200,
        confidence=0.9,
        interval="bca",
        prevalence=0.1,
        subgroups=[{"column": "age"}],
        explain={"pictures": 0},
        report=True,
        views=4,
    )
    assert same_choices(settings(), other)


def test_every_setting_either_changes_the_choices_or_is_known_not_to():
    of_choices = {"unit", "positive", "operating_points", "coverage", "most_errors"}
    others = {"draws", "confidence", "interval", "prevalence", "subgroups", "subgroup_file", "explain", "report"}
    settled_in_training = {"calibration", "views"}
    assert of_choices | others | settled_in_training == set(Evaluation.model_fields)


class TestCheckQuestions:
    def test_takes_what_fits(self):
        check_questions(settings(), CLASSES)
        check_questions(settings(positive=["CIN1", "CIN2+"]), CLASSES)
        check_questions(config_of(("a", "b"), calibration="isotonic").evaluation, ("a", "b"))

    @pytest.mark.parametrize(
        ("asked", "message"),
        [
            ({"positive": ["cancer"]}, "the positive class 'cancer' must be one of normal, CIN1, CIN2+"),
            (
                {"positive": ["CIN1", "normal", "CIN2+"]},
                "some but not all classes can be positive; got CIN1, normal, CIN2+",
            ),
            (
                {"calibration": "platt"},
                "`evaluation.calibration` must be none, temperature or vector for 3 classes; got 'platt', which is "
                "for two",
            ),
            (
                {"calibration": "isotonic"},
                "`evaluation.calibration` must be none, temperature or vector for 3 classes; got 'isotonic', which is "
                "for two",
            ),
        ],
    )
    def test_refuses_what_does_not_before_anything_is_trained(self, asked, message):
        with pytest.raises(DataError) as error:
            check_questions(Evaluation(**asked), CLASSES)
        assert str(error.value) == message


def test_groups_that_cannot_be_judged_are_found_before_anything_is_trained():
    rows = [
        {"image": f"{number}.jpg", "group": f"P{number // 2}", "label": CLASSES[number % 3], "split": "test"}
        for number in range(6)
    ]
    known = unanswered(Manifest(table_of(rows), Path("nowhere"), CLASSES), "test")
    check_evaluation(settings(), known)
    sound = [{**row, "label": CLASSES[number // 2]} for number, row in enumerate(rows)]
    check_evaluation(settings(unit="group"), unanswered(Manifest(table_of(sound), Path("nowhere"), CLASSES), "test"))
    with pytest.raises(DataError) as error:
        check_evaluation(settings(unit="group"), known)
    assert str(error.value) == (
        "no group of the test images is of one class, so that none of the 3 can be judged as one; correct the groups, "
        "or set evaluation.unit to image"
    )


class TestCheckSubgroups:
    """What would otherwise be told after hours of training."""

    @pytest.fixture
    def manifest(self):
        rows = [
            {"image": f"{number}.jpg", "group": f"P{number}", "label": CLASSES[number % 3], "split": split}
            for number, split in enumerate(["train"] * 3 + ["test"] * 3)
        ]
        return Manifest(table_of(rows), Path("nowhere"), CLASSES)

    @pytest.fixture
    def women(self, tmp_path):
        (tmp_path / "women.csv").write_text("group,age,clinic,smear\nP0,30,A,LSIL\nP3,31,A,\nP4,52,B, \nP5,,,\n")
        return str(tmp_path / "women.csv")

    def test_takes_what_the_file_the_data_or_the_pictures_tell(self, manifest, women):
        check_subgroups(settings(), unanswered(manifest, "test"))
        columns = [{"column": "age", "edges": [40]}, {"column": "clinic"}, {"column": "width"}]
        check_subgroups(settings(subgroups=columns, subgroup_file=women), unanswered(manifest, "test"))
        manifest.table["site"] = "Oslo"
        check_subgroups(settings(subgroups=[{"column": "site"}]), unanswered(manifest, "test"))

    def test_takes_what_a_gate_will_tell(self, manifest):
        """Which is made of validation pictures, and there are none here."""
        asked = settings(subgroups=[{"column": "flags"}, {"column": "unlike", "edges": [0.5]}])
        check_subgroups(asked, unanswered(manifest, gated=True))
        with pytest.raises(DataError, match="nothing says the 'flags' of the images"):
            check_subgroups(asked, unanswered(manifest, "test"))
        manifest.table.loc[:1, "split"] = "val"
        check_subgroups(asked, unanswered(manifest, "test"))

    @pytest.mark.parametrize(
        ("asked", "message"),
        [
            (
                {"subgroups": [{"column": "site"}]},
                "nothing says the 'site' of the images (known: height, width); name a CSV with this column by "
                "--subgroups or evaluation.subgroup_file",
            ),
            (
                {"subgroups": [{"column": "parity"}], "subgroup_file": "{women}"},
                "{women} has no column 'parity'; its columns are group, age, clinic, smear",
            ),
            (
                {"subgroups": [{"column": "clinic", "edges": [1]}], "subgroup_file": "{women}"},
                "the column 'clinic' must hold numbers, for evaluation.subgroups gives it edges; got 'A'",
            ),
            (
                {"subgroups": [{"column": "smear"}], "subgroup_file": "{women}"},
                "none of the 3 images to judge has a value of 'smear'; fill the column, or make no subgroups by it",
            ),
        ],
    )
    def test_refuses_the_rest(self, asked, message, manifest, women):
        if "subgroup_file" in asked:
            asked = asked | {"subgroup_file": women}
        with pytest.raises(DataError) as error:
            check_subgroups(settings(**asked), unanswered(manifest, "test"))
        assert str(error.value) == message.format(women=women)

    def test_women_of_other_pictures_are_no_help(self, manifest, tmp_path):
        (tmp_path / "women.csv").write_text("group,age\nP0,31\n")
        asked = settings(subgroups=[{"column": "age"}], subgroup_file=str(tmp_path / "women.csv"))
        with pytest.raises(DataError) as error:
            check_subgroups(asked, unanswered(manifest, "test"))
        assert str(error.value) == (
            f"{tmp_path / 'women.csv'} has no row for any of the 3 groups of the predictions: its first group is 'P0', "
            "theirs is 'P3'; name them as the column 'group' of the predictions does"
        )
