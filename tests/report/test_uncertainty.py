"""The sections and figures on sets, abstention and another site: what they say, also of what is not known."""

import re
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.text import Text
from pages import read_page

from cervinet.evaluation.conformal import covered, fit_sets
from cervinet.evaluation.evaluate import evaluate
from cervinet.evaluation.intervals import Resampling
from cervinet.evaluation.predictions import Predictions
from cervinet.evaluation.selective import Abstain, fit_abstain, selective
from cervinet.evaluation.shift import shift
from cervinet.report.html import write_page
from cervinet.report.plots.risk_coverage import risk_coverage
from cervinet.report.plots.shift import shift_plot
from cervinet.report.sections.shift import shift_section
from cervinet.report.sections.uncertainty import uncertainty_section

HOW = Resampling(draws=200, confidence=0.95, seed=1)
ODD = ("Type <1>", "$a_b$", "a\u202eb\nc")


def predictions(images, *, seed=0, classes=ODD, per_group=1, **more):
    random = np.random.default_rng(seed)
    labels = random.integers(0, len(classes), images)
    logits = random.normal(size=(images, len(classes)))
    logits[np.arange(images), labels] += 1.2
    powers = np.exp(logits)
    return Predictions(
        images=tuple(f"{row}.jpg" for row in range(images)),
        groups=tuple(str(row // per_group) for row in range(images)),
        labels=labels,
        probabilities=powers / powers.sum(axis=1, keepdims=True),
        classes=classes,
        split="test",
        **more,
    )


@pytest.fixture
def shown(tmp_path):
    def read(section):
        write_page(tmp_path / "page.html", "page", [section])
        return read_page(tmp_path / "page.html").one("section")

    return read


def texts(figure):
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


VALIDATION, TEST = predictions(150, seed=1, per_group=3), predictions(160, seed=2, per_group=2)
SETS = [covered(rule, TEST, HOW) for rule in fit_sets(VALIDATION, 0.9)]


class TestUncertainty:
    validation, test = VALIDATION, TEST
    evaluation = evaluate(test, HOW)
    sets = SETS

    def test_sets_stand_with_what_they_hold(self, shown):
        found = shown(uncertainty_section(self.sets, selective(self.test, None, HOW), self.evaluation))
        first, by_class = found.all("table")
        rows = first.rows()
        assert len(rows) == 5
        assert rows[1][:2] == ["smallest sets (LAC) one promise for all pictures", "90 %"]
        one = self.sets[0].coverage
        assert rows[1][2] == f"{one.value:.3f} {one.lower:.3f} – {one.upper:.3f}"
        assert [row[0] for row in by_class.rows()] == ["class", "Type <1>", "$a_b$", r"a\u202eb\nc"]
        of_second = self.sets[3].per_class["$a_b$"]
        assert by_class.rows()[2][4] == f"{of_second.value:.3f} {of_second.lower:.3f} – {of_second.upper:.3f}"
        assert "It rests on 150 validation pictures of 50 groups" in found.text
        assert "about ±8 points around the promise" in found.text  # 2 √(0.9 · 0.1 / 52)

    def test_no_sets_and_why(self, shown):
        found = shown(
            uncertainty_section(
                (), selective(self.test, None, HOW), self.evaluation, no_choices="there were no validation pictures"
            )
        )
        assert "There are none: there were no validation pictures." in found.text
        assert not found.all("table")

    def test_where_nothing_can_be_promised(self, shown):
        sets = [covered(rule, self.test, HOW) for rule in fit_sets(predictions(8, seed=1), 0.9)]
        found = shown(uncertainty_section(sets, selective(self.test, None, HOW), self.evaluation))
        lines = [item.text for item in found.all("li")]
        assert lines[:2] == [
            "Every class is in every set: a promise of 90 % needs 9 validation groups or more; there are 8.",
            "In every set, because a promise of 90 % needs validation images of a class from 9 groups or more: "
            r"'Type <1>', '$a_b$', 'a\u202eb\nc'.",
        ]
        assert any(
            line.endswith("every bootstrap draw gives the same value, which says nothing of its uncertainty.")
            for line in lines
        )

    def test_the_threshold_and_what_it_gives(self, shown):
        abstain = fit_abstain(self.validation, 0.2)
        judged = selective(replace(self.test, spread=np.linspace(0, 1, 160)), abstain, HOW)
        lines = [item.text for item in shown(uncertainty_section(self.sets, judged, self.evaluation)).all("li")]
        (line,) = [line for line in lines if line.startswith("The threshold")]
        assert line == (
            f"The threshold {abstain.threshold:.3f} was chosen for at most 20 % wrong answers: of 150 validation "
            f"pictures {abstain.answered} were answered, {abstain.wrong} of them wrongly; with as few groups the share "
            f"could be up to {100 * abstain.upper:.1f} %. Here {percent(judged.answered)} are answered, "
            f"{percent(judged.risk_answered)} of these wrongly."
        )
        assert any(line.startswith("How well the disagreement between networks or views") for line in lines)

    def test_no_threshold_fits(self, shown):
        judged = selective(self.test, Abstain(2.0, 0.01, 150), HOW)
        lines = [item.text for item in shown(uncertainty_section(self.sets, judged, self.evaluation)).all("li")]
        assert (
            "No threshold on the 150 validation pictures leaves at most 1 % wrong answers: nothing is answered."
            in lines
        )
        assert not any("disagreement" in line for line in lines)

    def test_the_figure_draws_the_curve_its_band_and_the_threshold(self):
        judged = selective(self.test, Abstain(0.5, 0.2, 150), HOW)
        figure = risk_coverage(judged, self.evaluation, note="synthetic $x$")
        (axes,) = figure.axes
        np.testing.assert_array_equal(axes.lines[0].get_ydata(), judged.risk)
        assert len(axes.collections) >= 1
        risk = judged.risk[-1]
        ideal = axes.lines[2].get_xydata()
        np.testing.assert_allclose(ideal[-1], [1, risk])
        assert ideal[np.isclose(ideal[:, 0], 0.5), 1] == 0
        assert (
            "Wrong answers when only the surest are taken, test split\n160 pictures of 80 groups · "
            "band: 95 % interval at each place · synthetic $x$" in texts(figure)
        )
        label = next(text for text in texts(figure) if text.startswith("answered from 0.500 on:"))
        assert f"{100 * judged.answered.value:.1f} % of the pictures" in label

    def test_without_intervals_there_is_no_band(self):
        judged = selective(self.test, Abstain(2.0, 0.01, 150), replace(HOW, draws=0))
        figure = risk_coverage(judged, self.evaluation)
        assert not figure.axes[0].collections
        assert not any("band" in text or "answered from" in text for text in texts(figure))


def percent(share):
    return f"{100 * share.value:.1f} % ({100 * share.lower:.1f} – {100 * share.upper:.1f} %)"


class TestShift:
    own, other = predictions(200, seed=1), predictions(150, seed=2)

    def test_both_sites_stand_beside_each_other(self, shown):
        given = shift(self.own, self.other, None, HOW)
        found = shown(shift_section(given))
        metrics, shares, calibration = found.all("table")
        accuracy = next(row for row in metrics.rows() if row[0] == "Accuracy")
        for cell, one in zip(accuracy[1:], (given.own["accuracy"], given.other["accuracy"]), strict=True):
            assert cell == f"{one.value:.3f} {one.lower:.3f} – {one.upper:.3f}"
        assert [row[0] for row in shares.rows()[1:]] == ["Type <1>", "$a_b$", r"a\u202eb\nc"]
        assert len(calibration.rows()) == 1 + 3 * 3
        assert re.match(r"Type <1> – calibration slope below 1 ", calibration.rows()[3][0])

    def test_what_parted_is_said_first(self, shown):
        labels = np.zeros(150, np.int64)
        labels[:20] = 1
        given = shift(self.own, replace(self.other, labels=labels), None, HOW)
        lines = [item.text for item in shown(shift_section(given)).all("li")]
        said = [f"{line[0].upper()}{line[1:]}." for line in given.sentences]
        assert len(said) >= 3
        assert lines[: len(said)] == said
        assert any(r"calibration slope of 'a\u202eb\nc', the other site" in line for line in lines)

    def test_nothing_parted_is_not_called_alike(self, shown):
        given = shift(self.own, self.own, None, HOW)
        found = shown(shift_section(replace(given, sentences=())))
        assert "No two intervals part. That does not show that the sites are alike" in found.text

    def test_the_figure_has_a_mark_for_each_known_value_and_site(self):
        labels = np.zeros(150, np.int64)
        given = shift(self.own, replace(self.other, labels=labels), None, HOW)
        figure = shift_plot(given, note="synthetic")
        shares, metrics, slopes = figure.axes

        def marks(axes):
            return sum(line.get_linestyle() == "None" for line in axes.lines)

        assert marks(shares) == 6
        assert marks(slopes) == 3  # none at the other site, where all are of one class
        assert marks(metrics) == sum(
            one.value is not None for of in (given.own, given.other) for key, one in of.items() if key != "log_loss"
        )
        assert [label.get_text() for label in shares.get_yticklabels()] == ["Type <1>", "$a_b$", "a�b�c"]
