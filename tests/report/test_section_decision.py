"""The section of decision and cost curves, and the figures in it."""

from dataclasses import replace

import numpy as np
import pytest
from judged import HOSTILE, HOW, after_temperature, rendered
from matplotlib.text import Text

from cervinet.evaluation.decision import DecisionCurve, cost_curve, decision_curve
from cervinet.evaluation.question import questions
from cervinet.report.plots.canvas import COLOURS
from cervinet.report.plots.cost import cost_curves
from cervinet.report.plots.decision import decision_curves
from cervinet.report.sections.decision import decision_section


def curves(classes=("normal", "CIN1", "CIN2+"), positive=None):
    _, test, _ = after_temperature(classes)
    asked = questions(classes, positive)
    return [decision_curve(one, test, None, HOW) for one in asked], [cost_curve(one, test) for one in asked]


def shown(decisions, costs, folder):
    return rendered(decision_section(decisions, costs, split="test", confidence=0.9), folder)


def flat(better, prevalence=0.2):
    """A curve that is better than treating all and none where `better` is."""
    thresholds = np.arange(1, 100) / 100
    everyone = prevalence - (1 - prevalence) * thresholds / (1 - thresholds)
    benefit = np.maximum(everyone, 0) + np.where(better, 0.01, 0.0)
    return DecisionCurve("CIN2+", prevalence, thresholds, benefit, benefit, benefit, everyone)


@pytest.mark.parametrize(
    ("better", "sentence"),
    [
        (np.zeros(99, bool), "at no threshold worth more than treating everyone or no one."),
        (np.arange(99) == 9, "worth more than treating everyone or no one at thresholds of 10 %."),
        (np.ones(99, bool), "worth more than treating everyone or no one at thresholds of 1 % to 99 %."),
        (
            (np.arange(99) > 3) & (np.arange(99) < 60),
            "worth more than treating everyone or no one at thresholds of 5 % to 60 %.",
        ),
        (
            np.isin(np.arange(99), [4, 5, 9]),
            "worth more than treating everyone or no one at thresholds of 5 % to 10 %, though not at each between.",
        ),
    ],
)
def test_it_says_where_the_network_is_of_use(better, sentence, tmp_path):
    page = shown([flat(better)], [], tmp_path)
    assert page.one("li").text == f"CIN2+ at a prevalence of 20 %: {sentence}"
    assert len(page.all("img")) == 1


def test_a_panel_a_question_with_three_lines_and_a_band():
    decisions, _ = curves()
    figure = decision_curves(decisions, split="test", confidence=0.9)
    for axes, curve in zip([one for one in figure.axes if one.get_visible()], decisions, strict=True):
        network, everyone, no_one = axes.lines
        np.testing.assert_array_equal(network.get_ydata(), curve.net_benefit)
        np.testing.assert_array_equal(everyone.get_ydata(), curve.treat_all)
        assert list(no_one.get_ydata()) == [0, 0]
        assert len(axes.collections) == 1
        assert axes.get_title() == f"{curve.of}, prevalence {100 * curve.prevalence:.3g} %"
        assert axes.get_ylim()[0] < 0 < curve.prevalence < axes.get_ylim()[1]
    labels = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert labels == ["act on the network", "treat all", "treat none"]


def test_questions_beyond_five_are_counted():
    decisions, costs = curves()
    many = [replace(one, of=f"q{number}") for number, one in enumerate(decisions * 3)]
    figure = decision_curves(many, split="test", confidence=0.9)
    assert len([axes for axes in figure.axes if axes.get_visible()]) == len(COLOURS)
    assert "the first 5 of 9 questions" in figure.get_suptitle()
    assert "the first 5 of 9 questions" in cost_curves(costs * 3, split="test").get_suptitle()


def test_cost_curves_lie_below_the_trivial_one():
    _, costs = curves()
    trivial, *lines = cost_curves(costs, split="test", note="synthetic phantoms").axes[0].lines
    assert [line.get_label() for line in lines] == ["normal", "CIN1", "CIN2+"]
    for line, curve in zip(lines, costs, strict=True):
        np.testing.assert_array_equal(line.get_ydata(), curve.cost)
        assert (line.get_ydata() <= trivial.get_ydata() + 1e-12).all()


def test_hostile_names_are_text(tmp_path):
    decisions, costs = curves(HOSTILE)
    page = shown(decisions, costs, tmp_path)
    assert not page.all("script")
    assert page.all("li")[0].text.startswith("<script>alert(1)</script> at a prevalence of")
    for figure in (decision_curves(decisions, split="test", confidence=0.9), cost_curves(costs, split="test")):
        assert not any(text.get_parse_math() for text in figure.findobj(Text))
