"""What the figure and the section of subgroups say."""

import numpy as np
from matplotlib.text import Text
from pages import everything, read_page

from cervinet.evaluation.intervals import Resampling
from cervinet.evaluation.predictions import Predictions
from cervinet.evaluation.subgroups import subgroups
from cervinet.report.html import write_page
from cervinet.report.plots.subgroups import MOST_PARTS, drawn_metrics, subgroups_plot
from cervinet.report.sections.subgroups import subgroups_section


def found(values, *, column="site", edges=None, classes=("A", "B", "C"), positive=None):
    random = np.random.default_rng(0)
    images = len(values)
    labels = np.arange(images) % len(classes)
    probabilities = random.dirichlet(np.ones(len(classes)), images) * 0.5
    probabilities[np.arange(images), labels] += 0.5
    given = Predictions(
        images=tuple(map(str, range(images))),
        groups=tuple(map(str, range(images))),
        labels=labels,
        probabilities=probabilities,
        classes=classes,
        split="test",
    )
    return subgroups(given, column, values, edges, Resampling(100, 0.9, 0), positive)


def texts(figure):
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def test_a_line_a_part_with_its_interval():
    one = found(["x"] * 30 + ["y"] * 10 + ["$z$\n"] * 50, positive=["C"])
    figure = subgroups_plot(one)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == [
        "$z$�  (50 pictures)",
        "x  (30 pictures)",
        "y  (10 pictures)",
    ]
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["accuracy", "sensitivity", "specificity", "macro AUROC"]
    assert figure.get_suptitle() == (
        "Results by site\n90 % intervals · grey: all together · hollow: fewer than 20 groups"
    )
    for axes, key in zip(figure.axes, drawn_metrics(one), strict=True):
        dots = [line for line in axes.lines if line.get_marker() == "o"]
        assert [dot.get_xdata()[0] for dot in dots] == [part.metrics[key].value for part in one.parts]
        assert [dot.get_markerfacecolor() == "white" for dot in dots] == [False, False, True]


def test_of_many_parts_the_largest_are_drawn():
    one = found([f"{i // 3:02}x" for i in range(3 * MOST_PARTS)] + ["tail"] * 2)
    figure = subgroups_plot(one)
    assert "the 30 largest of 31 parts" in figure.get_suptitle()
    assert not any("tail" in text for text in texts(figure))


def test_what_is_not_known_is_said():
    assert "not known" in texts(subgroups_plot(found(["xyy"[i % 3] for i in range(90)])))


def page_of(tmp_path, *of):
    write_page(tmp_path / "page.html", "page", [subgroups_section(of)])
    return read_page(tmp_path / "page.html")


def test_the_section_shows_every_part_and_says_what_it_leaves_out(tmp_path):
    values = ["" if i % 10 == 0 else str(20 + i % 60) for i in range(120)]
    page = page_of(tmp_path, found(values, column="age", edges=[30, 50]))
    rows = page.one("table").rows()
    assert rows[0][:5] == ["age", "pictures", "groups", "accuracy", "log loss"]
    assert [row[0] for row in rows[1:]] == ["< 30 small", "30–50", "≥ 50", "all of known value"]
    assert sum(int(row[1]) for row in rows[1:4]) == int(rows[4][1]) == 108
    said = [item.text for item in page.all("li")]
    assert "12 pictures have no value of age, and are in none of the parts" in said
    assert "small: of fewer than 20 groups, whose intervals are too short to be compared" in said
    assert "a band of numbers holds its lower end, not its upper" in said


def test_names_from_outside_do_no_harm(tmp_path):
    classes = ("<b>A</b>", "B\u202e", "C")
    page = page_of(tmp_path, found(["<i>x</i>", "\u202ey"] * 40, column="<u>site</u>", classes=classes))
    assert not {one.tag for one in everything(page)} & {"b", "i", "u"}
    assert "<i>x</i>" in [row[0] for row in page.one("table").rows()]
    assert page.one("h3").text == "By <u>site</u>"
    assert "\u202e" not in page.text


def test_that_nothing_differs_is_said_of_what_was_compared_only(tmp_path):
    said = "No part is seen to differ from the others."
    assert said in page_of(tmp_path, found(["x", "x", "x", "y", "y", "y"] * 20)).text
    alone = page_of(tmp_path, found(["x"] * 110 + ["y"] * 10)).text
    assert said not in alone
    assert "no part and its rest are large enough to be compared" in alone


def test_why_a_value_is_missing_is_said(tmp_path):
    page = page_of(tmp_path, found(["xyy"[i % 3] for i in range(90)]))
    assert (
        "x: macro sensitivity, macro specificity, macro AUROC: there must be images of every class, and of two or more"
        in [item.text for item in page.all("li")]
    )
