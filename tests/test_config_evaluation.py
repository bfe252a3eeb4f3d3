"""The settings of `evaluation`: what each means, and the sentence for each way to get one wrong."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from cervinet.choice import Choice
from cervinet.cli import main
from cervinet.config import load_config
from cervinet.config_evaluation import Explain, Subgroup
from cervinet.errors import ConfigError

TWO, THREE = ["normal", "cancer"], ["normal", "CIN", "cancer"]


@pytest.fixture
def load(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def loaded(evaluation="", *overrides, classes=THREE):
        known = f"[{', '.join(classes)}]" if classes else "null"
        Path("x.yaml").write_text(f"data: {{root: pictures}}\nclasses: {known}\nevaluation: {evaluation}\n")
        return load_config(Path("x.yaml"), overrides)

    return loaded


@pytest.fixture
def problems(load):
    def found(evaluation, *overrides, classes=THREE):
        with pytest.raises(ConfigError) as error:
            load(evaluation, *overrides, classes=classes)
        return error.value.problems

    return found


def test_what_is_not_set_has_its_default(load):
    settings = load("{}").evaluation
    assert (settings.draws, settings.confidence, settings.interval, settings.unit) == (
        2000,
        0.95,
        "percentile",
        "image",
    )
    assert (settings.views, settings.calibration, settings.positive) == (1, "temperature", None)
    assert settings.operating_points == [
        Choice("sensitivity", {"at_least": 0.95}),
        Choice("specificity", {"at_least": 0.95}),
        Choice("youden"),
    ]
    assert (settings.prevalence, settings.coverage, settings.most_errors) == (None, 0.9, None)
    assert (settings.subgroups, settings.subgroup_file, settings.report) == ([], None, True)
    assert settings.explain == Explain(method="grad_cam", pictures=16)


FULL = """
  draws: 500
  interval: bca
  unit: group
  calibration: vector
  positive: [CIN, cancer]
  operating_points: [{sensitivity: {at_least: 0.9}}, youden, {cost: {missed: 20}}]
  prevalence: 0.02
  coverage: 0.8
  most_errors: 0.05
  subgroups: [{column: site}, {column: age, edges: [30, 50.5]}]
  subgroup_file: women.csv
  explain: {method: grad_cam_plus_plus, pictures: 0}
  report: false"""


def test_every_setting_is_read(load):
    settings = load(FULL).evaluation
    assert settings.operating_points == [
        Choice("sensitivity", {"at_least": 0.9}),
        Choice("youden"),
        Choice("cost", {"missed": 20.0, "false_alarm": 1.0, "prevalence": None}),
    ]
    assert settings.subgroups == [Subgroup(column="site"), Subgroup(column="age", edges=[30.0, 50.5])]
    assert (settings.positive, settings.subgroup_file) == (["CIN", "cancer"], Path("women.csv"))


@pytest.mark.parametrize("evaluation", ["{}", FULL])
def test_config_show_writes_what_it_reads_back(load, evaluation):
    config = load(evaluation)
    shown = CliRunner().invoke(main, ["config", "show", "x.yaml"])
    assert shown.exit_code == 0
    Path("y.yaml").write_text(shown.stdout)
    assert load_config(Path("y.yaml")) == config
    assert CliRunner().invoke(main, ["config", "show", "y.yaml"]).stdout == shown.stdout


def test_settings_can_be_given_on_the_command_line(load):
    settings = load("{}", "evaluation.positive=[cancer]", "evaluation.operating_points=[youden]").evaluation
    assert (settings.positive, settings.operating_points) == (["cancer"], [Choice("youden")])


@pytest.mark.parametrize("calibration", ["platt", "isotonic"])
def test_calibrations_for_two_classes_are_taken_for_two_or_where_classes_are_not_known_yet(load, calibration):
    assert load(f"{{calibration: {calibration}}}", classes=TWO).evaluation.calibration == calibration
    assert load(f"{{calibration: {calibration}}}", classes=None).evaluation.calibration == calibration


def test_any_positive_class_is_taken_where_classes_are_not_known_yet(load):
    assert load("{positive: [anything]}", classes=None).evaluation.positive == ["anything"]


@pytest.mark.parametrize(
    ("evaluation", "sentence"),
    [
        ("{positive: [canser]}", "positive.0` must be one of `classes`, normal, CIN, cancer; got 'canser'"),
        ("{positive: [cancer, x]}", "positive.1` must be one of `classes`, normal, CIN, cancer; got 'x'"),
        (
            "{positive: [cancer, normal, CIN]}",
            "positive` must leave at least one class that is not positive; got ['cancer', 'normal', 'CIN']",
        ),
        ("{positive: [cancer, cancer]}", "positive` must name a class once; got ['cancer', 'cancer']"),
        ("{positive: []}", "positive` must name at least one class"),
        ("{positive: cancer}", "positive` must be a list, as in [a, b]; got 'cancer'"),
        (
            "{calibration: platt}",
            "calibration` must be none, temperature or vector for 3 classes; it is for two; got 'platt'",
        ),
        (
            "{calibration: isotonic}",
            "calibration` must be none, temperature or vector for 3 classes; it is for two; got 'isotonic'",
        ),
        (
            "{calibration: beta}",
            "calibration` must be 'none', 'temperature', 'vector', 'platt' or 'isotonic'; got 'beta'",
        ),
        (
            "{operating_points: [sensitivty]}",
            "operating_points.0` names an unknown operating_point 'sensitivty' (did you mean 'sensitivity'?)",
        ),
        (
            "{operating_points: [youden, {sensitivity: {atleast: 0.9}}]}",
            "operating_points.1.sensitivity.atleast` is not a setting (did you mean 'at_least'?)",
        ),
        (
            "{operating_points: [{sensitivity: {at_least: 95}}]}",
            "operating_points.0.sensitivity.at_least` must be less than 1; got 95",
        ),
        ("{operating_points: [{cost: {missed: 0}}]}", "operating_points.0.cost.missed` must be greater than 0; got 0"),
        ("{operating_points: youden}", "operating_points` must be a list, as in [a, b]; got 'youden'"),
        ("{coverage: 1.0}", "coverage` must be less than 1; got 1.0"),
        ("{coverage: 0}", "coverage` must be greater than 0; got 0"),
        ("{most_errors: 0}", "most_errors` must be greater than 0; got 0"),
        ("{prevalence: 1}", "prevalence` must be less than 1; got 1"),
        ("{confidence: 95}", "confidence` must be less than 1; got 95"),
        ("{draws: 10}", "draws` must be greater than or equal to 100; got 10"),
        ("{interval: normal}", "interval` must be 'percentile' or 'bca'; got 'normal'"),
        ("{unit: patient}", "unit` must be 'image' or 'group'; got 'patient'"),
        ("{subgroups: [{column: age, edges: [thirty]}]}", "subgroups.0.edges.0` must be a valid number; got 'thirty'"),
        ("{subgroups: [{column: age, edges: 30}]}", "subgroups.0.edges` must be a list, as in [a, b]; got 30"),
        (
            "{subgroups: [{column: age, edges: [50, 30]}]}",
            "subgroups.0.edges` must be increasing numbers; got [50.0, 30.0]",
        ),
        ("{subgroups: [{column: age, edges: []}]}", "subgroups.0.edges` must be increasing numbers; got []"),
        ("{subgroups: [{edges: [30]}]}", "subgroups.0.column` is missing"),
        ("{subgroups: [site]}", "subgroups.0` must hold `key: value` lines; got 'site'"),
        ("{explain: {pictures: -1}}", "explain.pictures` must be greater than or equal to 0; got -1"),
        ("{explain: {method: lime}}", "explain.method` must be 'grad_cam' or 'grad_cam_plus_plus'; got 'lime'"),
        ("{calibraton: none}", "calibraton` is not a setting (did you mean 'calibration'?)"),
        ("{report: sometimes}", "report` must be a valid boolean; got 'sometimes'"),
    ],
)
def test_a_mistake_is_one_sentence_with_its_line(problems, evaluation, sentence):
    assert problems(evaluation) == [f"`evaluation.{sentence} (x.yaml:3)"]


def test_all_mistakes_are_told_together(problems):
    assert problems("{positive: [x], calibration: platt}") == [
        "`evaluation.positive.0` must be one of `classes`, normal, CIN, cancer; got 'x' (x.yaml:3)",
        "`evaluation.calibration` must be none, temperature or vector for 3 classes; it is for two; got 'platt' "
        "(x.yaml:3)",
    ]


def test_of_two_classes_one_is_left(problems):
    assert problems("{}", "evaluation.positive=[normal, cancer]", classes=TWO) == [
        "`evaluation.positive` must leave at least one class that is not positive; got ['normal', 'cancer'] "
        "(command line)"
    ]
