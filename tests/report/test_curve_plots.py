"""Figures of curves, of each class against the others: ROC, and precision over recall, with their bands."""

import numpy as np
import pytest
from judged import predicted
from materials import judged
from sklearn.metrics import average_precision_score, roc_auc_score

from cervinet.evaluation.curves import bands
from cervinet.evaluation.intervals import Resampling
from cervinet.report import plots

BOTH = pytest.mark.parametrize("draw", [plots.roc_curves, plots.precision_recall_curves])


def classes_of(count, occur=None):
    """120 pictures, two a group, of so many classes, of which the first `occur` occur."""
    names = [f"class {index}" for index in range(count)]
    return predicted(0, names, np.arange(120) % (occur or count), per_group=2)


def legend(figure):
    (axes,) = figure.axes
    return [text.get_text() for text in axes.get_legend().get_texts()]


@BOTH
class TestEither:
    def test_an_absent_class_has_no_curve(self, draw):
        given = classes_of(3, occur=2)
        assert "class 2  no pictures" in legend(draw(given, judged(given)))

    def test_one_class_alone_has_no_curve(self, draw):
        given = classes_of(2, occur=1)
        assert legend(draw(given, judged(given)))[:2] == [
            *("class 0  no pictures of other classes", "class 1  no pictures")
        ]

    def test_more_than_five_classes_get_a_panel_each(self, draw):
        given = classes_of(7, occur=6)
        panels = [axes for axes in draw(given, judged(given)).axes if axes.get_visible()]
        assert [axes.get_title() for axes in panels] == [f"class {index}" for index in range(7)]
        assert [len(axes.lines) for axes in panels] == [2] * 6 + [1]
        assert panels[-1].texts[0].get_text() == "no pictures"

    def test_a_curve_lies_in_its_band_and_the_facts_say_what_it_is(self, draw):
        given = classes_of(3)
        found = bands(given, Resampling(200, 0.95, 0))
        kind = found.roc if draw is plots.roc_curves else found.precision_recall
        figure = draw(given, judged(given), bands=kind, note="synthetic phantoms")
        assert figure.get_suptitle().endswith(
            ", test split\n120 pictures of 60 groups · bands: 95 %, pointwise · synthetic phantoms"
        )
        (axes,) = figure.axes
        assert len(axes.collections) == 3
        for shade, band in zip(axes.collections, kind, strict=True):
            corners = {(x, round(y, 9)) for x, y in shade.get_paths()[0].vertices}
            assert {(x, round(y, 9)) for x, y in zip(band.at, band.upper, strict=True)} <= corners

    def test_a_class_without_a_band_has_a_line(self, draw):
        given = classes_of(2)
        figure = draw(given, judged(given), bands=[None, None])
        assert not figure.axes[0].collections
        assert "bands" not in figure.get_suptitle()

    def test_groups_are_called_so(self, draw):
        given = predicted(0, ["a", "b"], np.arange(120) % 2)
        figure = draw(given, judged(given), unit="group")
        assert figure.get_suptitle().endswith("\n120 groups")
        assert legend(figure)[0].endswith(", 60 groups")
        assert figure.axes[0].get_legend().get_title().get_text().endswith(", groups of the class")


class TestRocCurves:
    def test_one_panel_has_a_line_a_class_and_its_area_with_interval(self):
        given = classes_of(3)
        evaluation = judged(given)
        figure = plots.roc_curves(given, evaluation)
        area = evaluation.per_class["class 0"]["auroc"]
        assert legend(figure)[0] == f"class 0  {area.value:.3f} ({area.lower:.3f}–{area.upper:.3f}), 40 pictures"
        assert legend(figure)[-1] == "chance  0.50"
        curves = [line for line in figure.axes[0].lines if len(line.get_xdata()) > 2]
        assert len({line.get_color() for line in curves}) == len(curves) == 3
        for index, line in enumerate(curves):
            x, y = line.get_data()
            expected = roc_auc_score(given.labels == index, given.probabilities[:, index])
            assert np.trapezoid(y, x) == pytest.approx(expected, abs=1e-12)

    def test_without_groups_an_area_has_no_interval(self):
        given = predicted(0, ["a", "b"], np.arange(120) % 2, per_group=120)
        assert "(no interval), 60 pictures" in legend(plots.roc_curves(given, judged(given)))[0]


class TestPrecisionRecallCurves:
    def test_is_a_curve_of_steps_beside_the_share_of_each_class(self):
        given = predicted(0, ["a", "b"], (np.arange(90) % 3 == 0).astype(int))
        figure = plots.precision_recall_curves(given, judged(given))
        (axes,) = figure.axes
        expected = [average_precision_score(given.labels == index, given.probabilities[:, index]) for index in (0, 1)]
        assert legend(figure) == [
            f"a  {expected[0]:.3f}, 0.667, 60 pictures",
            f"b  {expected[1]:.3f}, 0.333, 30 pictures",
            "chance: the share of each class",
        ]
        assert axes.get_legend().get_title().get_text() == (
            "average precision, share of the class, pictures of the class"
        )
        levels = [line.get_ydata()[0] for line in axes.lines if len(line.get_xdata()) == 2]
        assert levels == pytest.approx([2 / 3, 1 / 3])
        curves = [line for line in axes.lines if len(line.get_xdata()) > 2]
        for line, area in zip(curves, expected, strict=True):
            x, y = line.get_data()
            assert (x[0], x[-1]) == (0, 1)
            assert ((np.diff(x) == 0) | (np.diff(y) == 0)).all()
            assert np.trapezoid(y, x) == pytest.approx(area, abs=1e-12)
