"""Estimates as text."""

import pytest

from cervinet.evaluation.intervals import Estimate
from cervinet.report.quoted import quoted, reasons

FAINT = '<span class="faint">'


@pytest.mark.parametrize(
    ("value", "lower", "upper", "digits", "expected"),
    [
        (0.93751, 0.9, 0.96852, 3, f"0.938 {FAINT}(0.900–0.969)</span>"),
        (46.9, 45.1, 48.5, 0, f"47 {FAINT}(45–48)</span>"),
        (-0.07146, -0.126, 0.0004, 3, f"−0.071 {FAINT}(−0.126 to 0.000)</span>"),
        (-0.0001, -0.0002, -0.0001, 3, f"0.000 {FAINT}(0.000 to 0.000)</span>"),
        (1.0, None, None, 3, f"1.000 {FAINT}(no interval)</span>"),
        (None, None, None, 3, "–"),
    ],
)
def test_value_and_interval(value, lower, upper, digits, expected):
    assert quoted(Estimate(value, lower, upper, 5, "bootstrap"), digits) == expected


def test_a_reason_is_given_once_with_all_it_holds_for():
    missing = Estimate(None, None, None, 0, "none", "no image is of '<b>'")
    found = reasons([("PPV", missing), ("NPV", missing), ("sensitivity", Estimate(1.0, 0.9, 1.0, 5, "bootstrap"))])
    assert found == "<ul><li>PPV, NPV: no image is of &#x27;&lt;b&gt;&#x27;</li></ul>\n"


def test_without_a_reason_there_is_no_list():
    assert reasons([("PPV", Estimate(1.0, 0.9, 1.0, 5, "bootstrap"))]) == ""
