"""Figures of curves: their bands, and precision over recall."""

from dataclasses import replace

import numpy as np
import pytest
from materials import judged
from sklearn.metrics import average_precision_score

from cervinet.evaluation.curves import bands
from cervinet.evaluation.intervals import Resampling
from cervinet.evaluation.predictions import Predictions
from cervinet.report import plots


def predictions(classes, *, images=120, occur=None):
    """Two images a group; classes beyond `occur` have none."""
    random = np.random.default_rng(0)
    labels = np.arange(images) % (occur or len(classes))
    probabilities = random.dirichlet(np.ones(len(classes)), images) * 0.7
    probabilities[np.arange(images), labels] += 0.3
    return Predictions(
        images=tuple(f"{i}.jpg" for i in range(images)),
        groups=tuple(f"{i // 2}" for i in range(images)),
        labels=labels,
        probabilities=probabilities,
        classes=tuple(classes),
        split="test",
    )


class TestBands:
    def test_a_curve_lies_in_its_band_and_the_facts_say_what_it_is(self):
        given = predictions(["a", "b", "c"])
        evaluation, found = judged(given), bands(given, Resampling(200, 0.95, 0))
        for draw, kind in (
            (plots.roc_curves, found.roc),
            (plots.precision_recall_curves, found.precision_recall),
        ):
            figure = draw(given, evaluation, bands=kind, note="synthetic phantoms")
            assert figure.get_suptitle().endswith(
                "\n120 images of 60 groups · bands: 95 %, pointwise · synthetic phantoms"
            )
            (axes,) = figure.axes
            assert len(axes.collections) == 3
            for shade, band in zip(axes.collections, kind, strict=True):
                corners = {(x, round(y, 9)) for x, y in shade.get_paths()[0].vertices}
                assert {(x, round(y, 9)) for x, y in zip(band.at, band.upper, strict=True)} <= corners

    def test_a_class_without_a_band_has_a_line(self):
        given = predictions(["a", "b"])
        figure = plots.roc_curves(given, judged(given), bands=[None, None])
        assert not figure.axes[0].collections
        assert "bands" not in figure.get_suptitle()


class TestPrecisionRecallCurves:
    def test_is_a_curve_of_steps_beside_the_share_of_each_class(self):
        given = predictions(["a", "b"], images=90)
        given = replace(given, labels=(np.arange(90) % 3 == 0).astype(int))
        figure = plots.precision_recall_curves(given, judged(given))
        (axes,) = figure.axes
        legend = [text.get_text() for text in axes.get_legend().get_texts()]
        assert [line.rpartition("0.")[2] for line in legend[:2]] == ["667, 60 images", "333, 30 images"]
        assert legend[2] == "chance: the share of each class"
        levels = [line.get_ydata()[0] for line in axes.lines if len(line.get_xdata()) == 2]
        assert levels == pytest.approx([2 / 3, 1 / 3])
        curves = [line for line in axes.lines if len(line.get_xdata()) > 2]
        for index, line in enumerate(curves):
            x, y = line.get_data()
            assert (x[0], x[-1]) == (0, 1)
            assert ((np.diff(x) == 0) | (np.diff(y) == 0)).all()
            area = np.trapezoid(y, x)
            expected = average_precision_score(given.labels == index, given.probabilities[:, index])
            assert area == pytest.approx(expected, abs=1e-12)

    def test_an_absent_class_and_one_alone_have_no_curve(self):
        given = predictions(["a", "b", "c"], occur=2)
        (axes,) = plots.precision_recall_curves(given, judged(given)).axes
        assert "c  no images" in [text.get_text() for text in axes.get_legend().get_texts()]
        alone = predictions(["a", "b"], occur=1)
        (axes,) = plots.precision_recall_curves(alone, judged(alone)).axes
        labels = [text.get_text() for text in axes.get_legend().get_texts()]
        assert labels[:2] == ["a  no images of other classes", "b  no images"]

    def test_the_area_is_shown_where_it_was_measured(self):
        given = predictions(["a", "b"])
        evaluation = judged(given)
        areas = {name: of | {"auprc": replace(of["auroc"], value=0.75)} for name, of in evaluation.per_class.items()}
        (axes,) = plots.precision_recall_curves(given, replace(evaluation, per_class=areas)).axes
        assert axes.get_legend().get_texts()[0].get_text() == "a  0.750, 0.500, 60 images"
        assert axes.get_legend().get_title().get_text() == "area, share of the class, images of the class"

    def test_more_than_five_classes_get_a_panel_each(self):
        given = predictions([f"class {index}" for index in range(7)], occur=6)
        figure = plots.precision_recall_curves(given, judged(given))
        panels = [axes for axes in figure.axes if axes.get_visible()]
        assert [len(axes.lines) for axes in panels] == [2] * 6 + [1]
