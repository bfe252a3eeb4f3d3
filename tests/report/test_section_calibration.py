"""The section of calibration, and its diagrams."""

import pytest
from judged import HOSTILE, HOW, after_temperature, rendered
from matplotlib.text import Text

from cervinet.evaluation.metric_names import metric_name
from cervinet.evaluation.question import questions
from cervinet.evaluation.reliability import calibrated
from cervinet.report.plots.reliability import class_reliability, reliability_diagrams
from cervinet.report.sections.calibration import calibration_section


@pytest.fixture(scope="module")
def results():
    fitted, test, own = after_temperature()
    return fitted, calibrated(test, own, "temperature", HOW), calibrated(test, test.probabilities, "none", HOW)


def shown(found, fitted, folder):
    return rendered(calibration_section(found, fitted=fitted, split="test", confidence=0.9), folder)


def test_errors_before_and_after(results, tmp_path):
    fitted, found, _ = results
    page = shown(found, fitted.in_words(), tmp_path)
    head, *rows = page.one("table").rows()
    assert head == ["lower is better", "before", "after", "after − before"]
    assert [row[0] for row in rows] == [
        f"{metric_name(key).title} {metric_name(key).meaning}"
        for key in ("log_loss", "brier", "ece", "ece_equal_mass", "ece_classwise", "ece_classwise_equal_mass")
    ]
    for row, name in zip(rows, found.change, strict=True):
        for text, one in zip(row[1:3], (found.metrics["before"][name], found.metrics["after"][name]), strict=True):
            assert text == f"{one.value:.3f} {one.lower:.3f} – {one.upper:.3f}"
    assert rows[0][3].startswith("−0.")
    assert page.all("p")[0].text.endswith(
        f"Calibration: temperature {fitted.values['temperature']:.3g}, fitted on 120 validation images."
    )
    assert [one.attributes["alt"] for one in page.all("img")] == [
        "Share of right answers over the probability of the predicted class",
        "Share of pictures of each class over its probability, after calibration",
    ]


def test_without_calibration_there_is_one_column(results, tmp_path):
    page = shown(results[2], "none: the network's own probabilities", tmp_path)
    assert page.one("table").rows()[0] == ["lower is better", "value"]
    assert page.all("p")[0].text.endswith("Calibration: none: the network's own probabilities.")


def test_intercept_and_slope_of_each_question(tmp_path):
    fitted, test, own = after_temperature(HOSTILE)
    found = calibrated(test, own, "temperature", HOW, questions(HOSTILE, None))
    _, weak = shown(found, fitted.in_words(), tmp_path).all("table")
    head, first, *_ = weak.rows()
    assert head == ["positive", "intercept, before", "intercept, after", "slope, before", "slope, after"]
    slope = found.weak["before"][0].slope
    assert first[0] == HOSTILE[0]
    assert first[3] == f"{slope.value:.3f} {slope.lower:.3f} – {slope.upper:.3f}"


def test_dots_stand_at_the_bins(results):
    figure = reliability_diagrams(results[1], split="test", note="synthetic phantoms")
    assert figure.get_suptitle() == (
        "Reliability of the predicted class, test split\n"
        "120 pictures · below the line: surer than right; hollow: no interval · synthetic phantoms"
    )
    before, after, below, _ = figure.axes
    assert (before.get_title(), after.get_title()) == ("before calibration", "after (temperature)")
    for axes, diagram in ((before, results[1].before[0]), (after, results[1].after[0])):
        dots = [tuple(dot) for line in axes.lines[1:] for dot in line.get_xydata().tolist()]
        expected = [(one.predicted, one.observed.value) for one in diagram.bins if one.n]
        assert sorted(dots) == sorted(expected)
        bars = [one.observed for one in diagram.bins if one.observed.lower is not None]
        (drawn,) = axes.collections
        assert [path[:, 1].tolist() for path in drawn.get_segments()] == [[one.lower, one.upper] for one in bars]
        assert len(axes.lines[1].get_xydata()) == len(bars)
        assert axes.lines[2].get_markerfacecolor() == "white"
    assert [bar.get_height() for bar in below.patches] == [one.n for one in results[1].before[0].bins]


def test_without_calibration_there_is_one_diagram(results):
    figure = reliability_diagrams(results[2], split="test")
    assert [axes.get_title() for axes in figure.axes] == ["the network's own", ""]


def test_classes_beyond_eight_are_counted(results):
    figure = class_reliability(results[1].after[1:] * 4, split="test")
    assert len([axes for axes in figure.axes if axes.get_visible()]) == 8
    assert "the first 8 of 12 classes" in figure.get_suptitle()


def test_hostile_names_are_text(tmp_path):
    fitted, test, own = after_temperature(HOSTILE)
    found = calibrated(test, own, "temperature", HOW)
    figure = class_reliability(found.after[1:], split="test")
    assert [axes.get_title() for axes in figure.axes][:2] == ["<script>ale…(1)</script>", "a�b$x$"]
    assert not any(text.get_parse_math() for text in figure.findobj(Text))
    assert not shown(found, fitted.in_words(), tmp_path).all("script")
