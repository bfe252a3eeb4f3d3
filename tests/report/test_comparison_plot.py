"""What the figure of differences says."""

import numpy as np
import pytest
from matplotlib.text import Text

from cervinet.evaluation.comparison import compare
from cervinet.evaluation.intervals import Resampling
from cervinet.evaluation.matching import Entrant
from cervinet.evaluation.predictions import Predictions
from cervinet.report.plots.comparison import comparison_plot

HOW = Resampling(100, 0.9, 0)


def entrant(name, strength, seed=0, classes=3, occur=None):
    random = np.random.default_rng(seed)
    labels = np.arange(80) % (occur or classes)
    logits = random.normal(0, 1, (80, classes))
    logits[np.arange(80), labels] += strength
    return Entrant(
        name,
        Predictions(
            images=tuple(map(str, range(80))),
            groups=tuple(map(str, range(80))),
            labels=labels,
            probabilities=np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True),
            classes=tuple(f"T{k}" for k in range(classes)),
            split="test",
        ),
    )


def texts(figure):
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def shown(figure):
    return [axes for axes in figure.axes if axes.get_visible()]


def test_there_is_a_panel_a_measure_and_a_line_a_run():
    figure = comparison_plot(compare([entrant("cnn", 1), entrant("good", 5), entrant("bad", -1)], HOW))
    panels = shown(figure)
    assert [axes.get_title(loc="left") for axes in panels] == [
        "accuracy",
        "balanced accuracy",
        "log loss (lower is better)",
        "Brier score (lower is better)",
        "macro AUROC",
        "AUROC T0",
        "AUROC T1",
        "AUROC T2",
    ]
    assert [label.get_text() for label in panels[0].get_yticklabels()] == ["good", "bad"]
    assert figure.get_suptitle() == (
        "Difference to cnn: to the right of the line is better\n"
        "80 pictures · 90 % intervals · filled: the interval leaves 0 out"
    )


@pytest.mark.parametrize("panel", range(8))
def test_better_is_to_the_right_in_every_panel(panel):
    compared = compare([entrant("cnn", 1), entrant("good", 5), entrant("bad", -1)], HOW)
    axes = shown(comparison_plot(compared))[panel]
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    zero, *places = (axes.transData.transform((x, 0))[0] for x in (0, *(dot.get_xdata()[0] for dot in dots)))
    assert places[0] > zero > places[1]
    bounds = [line.get_xdata() for line in axes.lines if len(line.get_xdata()) == 2 and line.get_linewidth() > 1]
    for one, drawn in zip(compared.contrasts, bounds, strict=True):
        difference = one.changes[panel].difference
        assert list(drawn) == [difference.lower, difference.upper]


def test_what_is_not_known_is_said_and_equal_runs_are_hollow():
    same = entrant("cnn", 1, occur=2)
    figure = comparison_plot(compare([same, Entrant("again", same.predictions)], HOW))
    assert texts(figure).count("not known") == 2
    dots = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    assert [dot.get_markerfacecolor() for dot in dots] == ["white"]
    assert figure.axes[0].get_xlim() == (-0.1, 0.1)


def test_areas_of_many_classes_are_left_to_the_table():
    figure = comparison_plot(compare([entrant("cnn", 1, classes=8), entrant("vgg", 2, classes=8)], HOW))
    assert len(shown(figure)) == 5
