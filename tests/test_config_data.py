"""The settings under `data` that depend on one another."""

import pytest

from cervinet.config import check
from cervinet.errors import ConfigError
from cervinet.yaml_source import parse_yaml


def problem(data):
    with pytest.raises(ConfigError) as caught:
        check(parse_yaml(f"data: {{root: x, {data}}}", "x.yaml"))
    return str(caught.value)


@pytest.mark.parametrize(
    ("split", "sentence"),
    [
        ("file: a.csv, val: 0.2", "has a `file`, which leaves no use for `val`; take it out"),
        ("file: a.csv, folds: 3", "has a `file`, which leaves no use for `folds`; take it out"),
        ("test: 0.2, test_site: a", "can settle the test part in one way only; got `test` and `test_site`"),
        ("test_root: t, folds: 3", "can settle the test part in one way only; got `test_root` and `folds`"),
        ("val: 0.2, val_root: v", "can settle the validation part in one way only; got `val` and `val_root`"),
        ("fold: 2", "needs `folds` where it has `fold` or `repeat`"),
        ("folds: 3, fold: 4", "has 3 `folds`, so `fold` must be 1 to 3; got 4"),
    ],
)
def test_a_division_is_settled_in_one_way(split, sentence):
    assert problem(f"split: {{{split}}}").startswith(f"`data.split` {sentence}")


@pytest.mark.parametrize(
    ("steps", "sentence"),
    [
        ("[letterbox, crop_to_box]", "must have crop_to_box before letterbox, which settles the size"),
        ("[letterbox, crop_to_field]", "must have crop_to_field before letterbox, which settles the size"),
        (
            "[crop_to_field, crop_to_box, stretch]",
            "must have crop_to_box before crop_to_field, after which boxes and masks no longer fit",
        ),
        (
            "[crop_to_box, clahe]",
            "must hold exactly one of center_crop, letterbox, stretch; found none",
        ),
    ],
)
def test_steps_must_fit_together(steps, sentence):
    assert problem(f"preprocess: {steps}").startswith(f"`data.preprocess` {sentence}")


def test_columns_of_a_box_are_a_list():
    assert problem("reader: {table: {box: x}}") == (
        "`data.reader.table.box` must be a list, as in [a, b]; got 'x' (x.yaml:1)"
    )


def test_a_pattern_must_be_one():
    assert problem("groups: {pattern: 'case_('}").startswith(
        "`data.groups.pattern` must be a regular expression (missing ), unterminated subpattern at position 5)"
    )


def test_a_finding_takes_the_actions_that_make_sense_for_it():
    assert problem("check: {unreadable: group}") == (
        "`data.check.unreadable` must be 'error' or 'exclude'; got 'group' (x.yaml:1)"
    )


@pytest.mark.parametrize(
    ("class_map", "sentence"),
    [
        (
            "{CIN: [CIN1, CIN2], other: [CIN2]}",
            "`data.class_map` maps 'CIN2' twice, to 'CIN' and to 'other'; keep one (x.yaml:1)",
        ),
        ("{CIN: [CIN1, CIN1]}", "`data.class_map` maps 'CIN1' twice, to 'CIN' and to 'CIN'; keep one (x.yaml:1)"),
        (
            "{low: [CIN1], high: [low, CIN2]}",
            "`data.class_map` has 'low' as a class and among the labels of 'high'; give the class a new name "
            "(x.yaml:1)",
        ),
        (
            "{CIN: [1, 2]}",
            "`data.class_map` must be {class: [label, …]}, texts all (a number in quotes); got {'CIN': [1, 2]} "
            "(x.yaml:1)",
        ),
        (
            "{CIN: []}",
            "`data.class_map` must be {class: [label, …]}, texts all (a number in quotes); got {'CIN': []} (x.yaml:1)",
        ),
        (
            "[CIN]",
            "`data.class_map` must be {class: [label, …]}, texts all (a number in quotes); got ['CIN'] (x.yaml:1)",
        ),
    ],
)
def test_labels_are_mapped_to_one_class(class_map, sentence):
    found = set(problem(f"class_map: {class_map}").splitlines())
    assert found == {sentence}


def test_a_class_may_keep_the_name_of_one_of_its_labels():
    config = check(parse_yaml("data: {root: x, class_map: {CIN: [CIN, CIN1]}}", "x.yaml"))
    assert config.data.class_map == {"CIN": ["CIN", "CIN1"]}
