"""Results as rows of text: the headline first, nothing left out, within 80 columns."""

import io
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from cervinet import registry
from cervinet.evaluation.evaluate import evaluate
from cervinet.evaluation.intervals import Estimate, Resampling
from cervinet.evaluation.operating import AtPoint, OperatingPoint
from cervinet.evaluation.predictions import Predictions
from cervinet.report.tables import PARTS, overall_rows, per_class_table, point_rows
from cervinet.terminal import table

HEADLINE = ["accuracy", "balanced accuracy", "log loss", "auroc macro", "sensitivity macro", "specificity macro"]


@pytest.fixture(scope="module")
def evaluation():
    random = np.random.default_rng(0)
    labels = np.arange(1200) % 3
    probabilities = random.dirichlet(np.ones(3), 1200) * 0.6
    probabilities[np.arange(1200), labels] += 0.4
    names = tuple(f"{number}.jpg" for number in range(1200))
    groups = tuple(str(number // 2) for number in range(1200))
    given = Predictions(names, groups, labels, probabilities, ("Type_1", "Type_2", "Type_3"), "test")
    return evaluate(given, Resampling(draws=100, confidence=0.95, seed=0))


def width(columns, rows):
    out = io.StringIO()
    Console(file=out, width=1000).print(table(columns, rows))
    return max(len(line.rstrip()) for line in out.getvalue().splitlines())


def test_the_headline_comes_first_and_every_metric_once(evaluation):
    rows, notes = overall_rows(evaluation)
    assert [row[0] for row in rows[:6]] == HEADLINE
    headings = [row[0] for row in rows if row[1:] == ["", "", ""]]
    assert headings == [heading for heading in PARTS if heading]
    shown = [row[0].strip().replace(" ", "_") for row in rows if row[0] not in headings]
    assert sorted(shown) == sorted(evaluation.metrics)
    assert notes == []


def test_a_row_says_value_interval_and_n(evaluation):
    rows, _ = overall_rows(evaluation)
    one = evaluation.metrics["mcc"]
    assert ["  mcc", f"{one.value:.3f}", f"{one.lower:.3f} – {one.upper:.3f}", "1200"] in rows


def test_both_tables_fit_a_terminal_of_80_columns(evaluation):
    assert width(["metric", "value", "95% interval", "n"], overall_rows(evaluation)[0]) <= 80
    assert width(*per_class_table(evaluation, "image")) <= 80


def test_a_metric_of_no_part_is_shown_too(evaluation):
    more = replace(evaluation, metrics=evaluation.metrics | {"new_one": Estimate(0.5, 0.4, 0.6, 9, "x")})
    assert overall_rows(more)[0][-2:] == [["others", "", "", ""], ["  new one", "0.500", "0.400 – 0.600", "9"]]


def test_what_is_missing_has_its_reason_once(evaluation):
    why = Estimate(None, None, None, 9, "none", "there is nothing")
    few = replace(evaluation, metrics={"accuracy": why, "log_loss": why}, groups=7)
    assert overall_rows(few) == (
        [["accuracy", "–", "–", "9"], ["log loss", "–", "–", "9"]],
        ["accuracy, log loss: there is nothing", "from 7 groups; below about 20 these intervals are too short"],
    )


def test_a_class_has_a_row_of_values(evaluation):
    columns, rows = per_class_table(evaluation, "image")
    assert columns == ["class", "images", "auroc", "avg prec", "sens", "spec", "ppv", "npv", "f1"]
    assert per_class_table(evaluation, "group")[0][1] == "groups"
    values = [f"{one.value:.3f}" for one in evaluation.per_class["Type_2"].values()]
    assert rows[1] == ["Type_2", "400", *values]


def points(positive):
    """One by each rule, with its longest words."""
    rules = ("sensitivity", "specificity", "youden", "cost", "prevalence")
    random = np.random.default_rng(0)
    truth, scores = np.arange(60) % 2 == 0, random.random(60)
    share = {"cost": {"prevalence": 0.123}, "prevalence": {"of": 0.123}}
    for rule in rules:
        for options in ({}, share.get(rule, {})):
            threshold, words = registry.find("operating_point", rule).function(truth, scores, **options)
            known = Estimate(1.0, 0.9, 1.0, 30, "bootstrap")
            lacking = replace(known, value=None)
            point = OperatingPoint(words, positive, threshold, 1.0, 1.0, 30, 30)
            yield AtPoint(point, 0.5, False, known, lacking, known, known, {})


@pytest.mark.parametrize("positive", [("CIN2+",), ("Superficial-Intermediate", "Koilocytotic", "Dyskeratotic")])
def test_operating_points_fit_a_terminal(positive):
    columns, rows = point_rows(tuple(points(positive)))
    out = io.StringIO()
    Console(file=out, width=80).print(table(columns, rows, words={"positive", "chosen for"}))
    lines = [line.rstrip() for line in out.getvalue().splitlines() if line.strip()]
    assert len(lines) == 2 + len(rows)
    assert max(map(len, lines)) <= 80
    assert all(row[0] in line and row[1] in line and row[4] in line for row, line in zip(rows, lines[2:], strict=True))
    assert rows[0][1:] == ["sensitivity at least 0.95", rows[0][2], "1.000", "–"]
    assert width(columns, rows) <= 80
