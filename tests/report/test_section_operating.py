"""The section of thresholds: what stands in its tables and sentences."""

import pytest
from judged import HOSTILE, HOW, predicted, rendered

from cervinet.evaluation.operating import OperatingPoint, at_point, choose_points
from cervinet.evaluation.question import questions
from cervinet.report.sections.operating import operating_section

RULES = [("sensitivity", {"at_least": 0.9}), ("youden", {})]


def points(prevalence, positive=("CIN2+",), classes=("normal", "CIN1", "CIN2+")):
    validation, test = predicted(1, classes), predicted(2, classes)
    asked = questions(classes, positive)
    return [at_point(one, test, prevalence, HOW) for each in asked for one in choose_points(each, RULES, validation)]


def shown(points, folder):
    return rendered(operating_section(points, split="test", confidence=0.9), folder)


def cell(estimate):
    return f"{estimate.value:.3f} {estimate.lower:.3f} – {estimate.upper:.3f}"


def test_a_row_a_rule_with_what_it_gives(tmp_path):
    found = points(0.05)
    page = shown(found, tmp_path)
    head, *rows = page.one("table").rows()
    assert head == [
        "chosen for",
        "threshold",
        "sensitivity",
        "specificity",
        "PPV",
        "NPV",
    ]
    for row, one in zip(rows, found, strict=True):
        point = one.point
        assert row == [
            f"{point.rule} in validation {point.sensitivity:.3f} of {point.positives} positive, "
            f"{point.specificity:.3f} of {point.negatives} others",
            f"{point.threshold:.3f}",
            *map(cell, (one.sensitivity, one.specificity, one.ppv, one.npv)),
        ]
    first = found[0]
    assert page.one("caption").text == (
        f"Positive: CIN2+ · 90 % intervals · {first.sensitivity.n} positive and {first.specificity.n} other pictures · "
        "PPV and NPV at a prevalence of 5 %, as stated in the config"
    )


def test_it_says_what_1000_screened_may_expect(tmp_path):
    found = points(0.05)
    page = shown(found, tmp_path)
    assert "Of 1,000 screened at a prevalence of 5 %, as stated in the config:" in [one.text for one in page.all("p")]
    line = page.all("li")[0].text.replace(" ,", ",").replace(" .", ".")
    parts = found[0].per_1000

    def part(name, words):
        one, digits = parts[name], 1 if parts[name].value < 10 else 0
        return f"{one.value:.{digits}f} ({one.lower:.{digits}f} – {one.upper:.{digits}f}) {words}"

    named = {"found": "found", "missed": "missed", "false_alarms": "false alarms", "rightly_cleared": "rightly cleared"}
    assert line == f"sensitivity at least 0.9: {', '.join(part(*one) for one in named.items())}."
    assert sum(one.value for one in parts.values()) == pytest.approx(1000)


def test_a_table_that_is_judged_whole_has_no_split(tmp_path):
    page = rendered(operating_section(points(0.05), split="all", confidence=0.9), tmp_path)
    assert "what it gives is measured here on other pictures, which had no part in the choice." in page.all("p")[0].text


def test_an_observed_prevalence_is_warned_of(tmp_path):
    page = shown(points(None), tmp_path)
    assert ", that of these pictures" in page.one("caption").text
    assert page.all("p", "faint")[-1].text == (
        "Among the judged pictures more may be positive than where the network is to be used; set "
        "evaluation.prevalence to the share of positive patients there."
    )
    assert not shown(points(0.05), tmp_path).all("p", "faint")


def test_a_table_for_each_question(tmp_path):
    page = shown(points(None, None), tmp_path)
    assert [one.text.split(" · ")[0] for one in page.all("caption")] == [
        "Positive: normal",
        "Positive: CIN1",
        "Positive: CIN2+",
    ]


def test_what_is_missing_has_a_reason(tmp_path):
    point = OperatingPoint("by hand", ("CIN2+",), 0.5, 0.9, 0.8, 10, 20)
    page = shown([at_point(point, predicted(1, labels=[0] * 30), 0.05, HOW)], tmp_path)
    assert page.one("table").rows()[1][2] == "–"
    assert page.all("li")[0].text.startswith("sensitivity (by hand), PPV (by hand), NPV (by hand): no image is of")
    assert "1,000" not in page.text


def test_hostile_names_are_text(tmp_path):
    page = shown(points(None, None, HOSTILE), tmp_path)
    assert not page.all("script")
    assert page.all("caption")[0].text.startswith("Positive: <script>alert(1)</script> ·")
    assert page.all("caption")[1].text.startswith(r"Positive: a\nb$x$ ·")
