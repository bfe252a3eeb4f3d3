"""The figure and the section of robustness, read as a browser would."""

from dataclasses import replace

import numpy as np
import pytest
from pages import read_page

from cervinet.evaluation.intervals import Estimate, Resampling
from cervinet.evaluation.predictions import Predictions
from cervinet.evaluation.robustness import METRICS, Answer, Robustness, robustness, what_hurts_most
from cervinet.report.html import write_page
from cervinet.report.plots.robustness import robustness_curves
from cervinet.report.sections.robustness import robustness_section

UNKNOWN = Estimate(None, None, None, 60, "none", "there are no images")


@pytest.fixture(scope="module")
def found():
    """Two kinds of damage at three severities: one does harm, one does nothing."""
    labels = np.arange(60) % 2

    def scores(certainty):
        probabilities = np.random.default_rng(0).dirichlet(np.ones(2), 60) * (1 - certainty)
        probabilities[np.arange(60), labels] += certainty
        return probabilities

    predictions = Predictions(
        tuple(map(str, range(60))), tuple(f"p{n // 2}" for n in range(60)), labels, scores(0.45), ("a", "b"), "test"
    )
    answers = [Answer("blur <b>", s, f"blurred {s} $x$ <i>", scores(0.45 - 0.15 * s)) for s in (1, 2, 3)]
    answers += [Answer("noise", s, f"noise {s}", scores(0.45)) for s in (1, 2, 3)]
    return robustness(predictions, answers, Resampling(draws=100, confidence=0.9, seed=0))


def page_of(robustness, folder, **more):
    write_page(folder / "page.html", "page", [robustness_section(robustness, **more)])
    return read_page(folder / "page.html")


class TestFigure:
    def test_a_panel_a_kind_with_the_values_and_their_intervals(self, found):
        panels = [axes for axes in robustness_curves(found).axes if axes.get_visible()]
        assert [axes.get_title() for axes in panels] == ["blur <b>", "noise"]
        for axes, kind in zip(panels, found.kinds(), strict=True):
            dashed, curve = axes.get_lines()
            before, steps = found.undamaged["accuracy"], found.of(kind)
            assert set(dashed.get_ydata()) == {before.value}
            np.testing.assert_array_equal(curve.get_xdata(), [0, 1, 2, 3])
            expected = [before, *(step.metrics["accuracy"] for step in steps)]
            np.testing.assert_array_equal(curve.get_ydata(), [one.value for one in expected])
            (band,) = axes.collections
            corners = band.get_paths()[0].vertices
            for place, one in enumerate(expected):
                edges = corners[corners[:, 0] == place, 1]
                assert (edges.min(), edges.max()) == (one.lower, one.upper)

    def test_the_title_says_metric_number_and_interval(self, found):
        title = robustness_curves(found, "auroc_macro", note="synthetic phantoms").get_suptitle()
        assert title == (
            "AUROC macro as pictures get worse\n"
            "60 pictures of 30 groups · band: 90 % interval · dashed: undamaged · synthetic phantoms"
        )

    def test_more_kinds_than_columns_break_into_rows_and_label_every_column(self, found):
        steps = tuple(replace(found.steps[0], kind=f"kind {n}") for n in range(7))
        panels = robustness_curves(replace(found, steps=steps)).axes
        assert [axes.get_visible() for axes in panels] == [True] * 7 + [False] * 3
        labelled = [axes.xaxis.get_tick_params()["labelbottom"] for axes in panels[:7]]
        assert labelled == [False, False, True, True, True, True, True]

    def test_what_is_unknown_is_no_line(self, found):
        nothing = dict.fromkeys(METRICS, UNKNOWN)
        steps = tuple(replace(step, metrics=nothing, fall=nothing) for step in found.steps)
        (axes, _) = robustness_curves(replace(found, undamaged=nothing, steps=steps)).axes
        assert axes.get_lines()[:] == []
        assert [text.get_text() for text in axes.texts] == ["unknown"]

    def test_a_dollar_is_no_formula(self, found):
        figure = robustness_curves(replace(found, steps=(replace(found.steps[0], kind="$x$"),)))
        assert not figure.axes[0].title.get_parse_math()


class TestSection:
    def test_begins_with_what_it_means_and_what_hurts_most(self, found, tmp_path):
        section = page_of(found, tmp_path).one("section")
        assert section.attributes["id"] == "robustness"
        assert section.one("h2").text == "When pictures are worse"
        said = [paragraph.text for paragraph in section.all("p")]
        assert said[0].startswith("The same pictures were judged again after they were blurred, compressed, darkened")
        assert said[1] == what_hurts_most(found)
        assert said[1].startswith("What hurts most is blur <b> (blurred 3 $x$ <i>): the accuracy falls from ")
        assert said[-1] == "With 6 steps, some intervals leave 0 by chance alone."
        assert section.one("img", "plot").attributes["alt"]

    def test_the_table_has_every_step_with_its_change(self, found, tmp_path):
        rows = page_of(found, tmp_path).one("table").rows()
        assert rows[0] == ["damage", "1 (slight)", "2", "3 (worst)"]
        assert [row[0] for row in rows[1:]] == ["blur <b>", "noise"]
        worst = found.of("blur <b>")[2]
        value, change = worst.metrics["accuracy"].value, worst.fall["accuracy"]
        assert rows[1][3] == (
            f"{value:.3f} −{-change.value:.3f} (−{-change.lower:.3f} to −{-change.upper:.3f}) blurred 3 $x$ <i>"
        )
        before = found.undamaged["accuracy"].value
        assert rows[2][1] == f"{before:.3f} 0.000 (no interval) noise 1"
        caption = page_of(found, tmp_path).one("caption").text
        assert caption == (
            f"Accuracy on damaged pictures, 60 pictures of 30 groups; of the undamaged it is {before:.3f}. Below it "
            "the change, damaged minus undamaged of the same pictures, with its 90 % interval."
        )

    def test_what_is_unknown_or_was_not_done_is_said(self, found, tmp_path):
        nothing = dict.fromkeys(METRICS, UNKNOWN)
        steps = (*found.steps[:2], replace(found.steps[3], metrics=nothing, fall=nothing))
        rows = page_of(Robustness(found.undamaged, steps, 60, 30, 0.9), tmp_path).one("table").rows()
        assert rows[2][1:] == ["– change unknown noise 1", "–"]
