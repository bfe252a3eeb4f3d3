"""Estimates as text."""

import pytest

from cervinet.evaluation.intervals import Estimate
from cervinet.report.estimates import cell, missing, percent, reasons, with_interval

FAINT = '<span class="faint unbroken">'


@pytest.mark.parametrize(
    ("value", "lower", "upper", "digits", "expected"),
    [
        (0.93751, 0.9, 0.96852, 3, "0.938 (0.900 – 0.969)"),
        (46.9, 45.1, 48.5, 0, "47 (45 – 48)"),
        (-0.07146, -0.126, 0.0004, 3, "−0.071 (−0.126 to 0.000)"),
        (-0.0001, -0.0002, -0.0001, 3, "0.000 (0.000 to 0.000)"),
        (1.0, None, None, 3, "1.000 (no interval)"),
        (None, None, None, 3, "–"),
    ],
)
def test_value_and_interval(value, lower, upper, digits, expected):
    assert with_interval(Estimate(value, lower, upper, 5, "bootstrap"), digits) == expected


@pytest.mark.parametrize(
    ("value", "lower", "upper", "expected"),
    [
        (0.5, 0.4, 0.6, f"0.500 {FAINT}0.400 – 0.600</span>"),
        (-0.5, -0.6, 0.1, f"−0.500 {FAINT}−0.600 to 0.100</span>"),
        (0.5, None, None, f"0.500 {FAINT}no interval</span>"),
        (None, None, None, "–"),
    ],
)
def test_a_cell_has_the_interval_below_the_value(value, lower, upper, expected):
    assert cell(Estimate(value, lower, upper, 5, "bootstrap")) == expected


def test_a_reason_is_given_once_with_all_it_holds_for():
    lacking = Estimate(None, None, None, 0, "none", "no image is of '<b>'")
    named = [("PPV", lacking), ("NPV", lacking), ("PPV", lacking), ("F1", Estimate(1.0, 0.9, 1.0, 5, "bootstrap"))]
    assert reasons(named) == ["PPV, NPV: no image is of '<b>'."]
    assert missing(named) == "<ul><li>PPV, NPV: no image is of &#x27;&lt;b&gt;&#x27;.</li></ul>\n"


def test_without_a_reason_there_is_no_list():
    assert missing([("PPV", Estimate(1.0, 0.9, 1.0, 5, "bootstrap"))]) == ""


def test_percent():
    assert (percent(0.95), percent(0.975)) == ("95 %", "97.5 %")
