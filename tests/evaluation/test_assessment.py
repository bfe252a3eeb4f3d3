"""All that is said of predictions, however odd they are."""

import json
import warnings

import numpy as np
import pytest

from cervinet.errors import DataError
from cervinet.evaluation.assessment import assess
from cervinet.evaluation.choices import Choices, choose
from cervinet.evaluation.intervals import Resampling
from cervinet.evaluation.units import by_group
from odd_data import ODD, made

RULES = [
    ("sensitivity", {"at_least": 0.9}),
    ("specificity", {"at_least": 0.9}),
    ("youden", {}),
    ("cost", {}),
    ("prevalence", {}),
]
COLUMNS = [("site", None), ("width", [610.0, 630.0])]


def assessed(test, validation, *, unit="image", draws=12, method="percentile", prevalence=None, columns=()):
    validation = by_group(validation)[0] if unit == "group" else validation
    choices = choose(validation, unit=unit, positive=None, rules=RULES, coverage=0.8, most_errors=0.2)
    assert Choices.from_json(json.loads(json.dumps(choices.to_json(), allow_nan=False))) == choices
    return assess(
        test,
        how=Resampling(draws, 0.9, 1, method),
        unit=unit,
        positive=None,
        prevalence=prevalence,
        choices=choices,
        no_choices="",
        calibration="none" if test.logits is None else "temperature",
        divided_by=columns,
    )


SETTINGS = {
    "by image": {},
    "by group": {"unit": "group", "method": "bca", "prevalence": 0.05},
    "without draws": {"draws": 0},
}
REFUSED = ("one group of several classes", "by group")  # see test_groups_of_several_classes_are_no_groups


@pytest.mark.parametrize(("name", "how"), [(name, how) for name in ODD for how in SETTINGS if (name, how) != REFUSED])
def test_json_can_say_it_all(name, how):
    test, validation, settings = ODD[name](2), ODD[name](1), SETTINGS[how]
    with warnings.catch_warnings(action="error"):
        found = assessed(test, validation, **settings).to_json()
    again = json.loads(json.dumps(found, allow_nan=False))
    assert again["unit"] == settings.get("unit", "image")
    assert again["metrics"]["accuracy"]["n"] == again["images"]


def test_how_intervals_are_made_moves_no_value():
    one, other = (
        assessed(made(2), made(1), draws=draws, method=method).to_json()
        for draws, method in ((0, "percentile"), (12, "bca"))
    )
    assert one["metrics"].keys() == other["metrics"].keys()
    for name, found in one["metrics"].items():
        assert found["value"] == other["metrics"][name]["value"]
    for before, after in zip(one["operating_points"], other["operating_points"], strict=True):
        assert before["sensitivity"]["value"] == after["sensitivity"]["value"]


def test_by_group_everything_counts_groups():
    test, validation = made(2, labels=[0, 0, 1, 1, 2, 2] * 8), made(1, labels=[0, 0, 1, 1, 2, 2] * 8)
    found = assessed(test, validation, unit="group", columns=[("site", None)])
    assert (found.evaluation.images, found.evaluation.groups, found.other.images) == (24, 24, 48)
    assert {one.point.positives + one.point.negatives for one in found.points} == {24}
    assert {one.sensitivity.n + one.specificity.n for one in found.points} == {24}
    assert {(one.rule.n, one.rule.groups, one.coverage.n) for one in found.sets} == {(24, 24, 24)}
    assert (found.selective.abstain.n, found.selective.area.n) == (24, 24)
    assert found.calibrated.metrics["before"]["ece"].n == 24
    (divided,) = found.subgroups
    assert sum(part.images for part in divided.parts) + divided.unknown == 24
    assert found.choices.unit == "group"


def test_choices_are_of_the_probability_of_the_group():
    """The mean over the images of a group is less extreme than they are, so that thresholds differ."""
    validation = made(1, labels=[0, 0, 1, 1, 2, 2] * 8)
    images, groups = (assessed(made(2), validation, unit=unit).points for unit in ("image", "group"))
    expected = np.sort(by_group(validation)[0].probabilities[:, 0])
    (point,) = (
        one.point for one in groups if one.point.rule == "sensitivity at least 0.9" and "normal" in one.point.positive
    )
    between = np.searchsorted(expected, point.threshold)
    assert point.threshold == pytest.approx(expected[between - 1 : between + 1].mean(), abs=1e-12)
    assert [one.point.threshold for one in images] != [one.point.threshold for one in groups]


def test_a_column_that_differs_within_every_group_divides_nothing():
    found = assessed(made(2, labels=[0, 0, 1, 1, 2, 2] * 8), made(1), unit="group", columns=COLUMNS)
    width = found.subgroups[1]
    assert (width.parts, width.unknown) == ((), 24)
    assert width.caution == "the images of each group differ in width, so that no group has one value of it"


def test_groups_of_several_classes_are_no_groups():
    mixed = ODD["one group of several classes"]
    assert assessed(mixed(2), made(1)).other is None
    with pytest.raises(DataError) as caught:
        assessed(mixed(2), made(1), unit="group")
    assert str(caught.value) == (
        "no group of the test images is of one class, so that none of the 1 can be judged as one; correct the groups, "
        "or set evaluation.unit to image"
    )


def test_validation_without_groups_of_one_class_leaves_no_thresholds():
    validation = ODD["one group of several classes"](1)
    found = assessed(made(2, labels=[0, 0, 1, 1] * 8), validation, unit="group")
    assert found.points == ()
    assert len(found.choices.remarks) == 3
    assert [one.coverage.value for one in found.sets] == [1, 1, 1, 1]
