"""What the figures say: their texts, their lines and the files they become."""

import numpy as np
import pandas as pd
import pytest
from judged import predicted
from materials import judged
from matplotlib import font_manager
from matplotlib.text import Text
from PIL import Image

from cervinet.report import plots
from cervinet.report.plots import canvas
from cervinet.report.plots.canvas import COLOURS, STYLES, shown
from cervinet.report.plots.importance import Searched


def texts(figure):
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def history(epochs, **columns):
    steps = np.arange(1, epochs + 1)
    base = {"epoch": steps, "loss": 1 / steps, "accuracy": 1 - 0.5 / steps, "seconds": np.full(epochs, 30.5)}
    return pd.DataFrame(base | columns)


class TestConfusionMatrix:
    matrix = np.array([[30, 10, 0], [5, 45, 0], [0, 0, 0]])
    classes = ("Type_1", "Type_2", "Type_3")

    def test_shows_counts_and_shares_of_rows(self):
        left, right = plots.confusion_matrix(self.matrix, self.classes).axes
        assert [text.get_text() for text in left.texts] == ["30", "10", "0", "5", "45", "0", "0", "0", "0"]
        found = [text.get_text() for text in right.texts]
        assert found[:4] == ["75 %", "30", "25 %", "10"]
        assert found[-1] == "no pictures of this class"
        assert [label.get_text() for label in left.get_xticklabels()] == list(self.classes)
        assert [label.get_text() for label in left.get_yticklabels()] == [
            "Type_1 (40)",
            "Type_2 (50)",
            "Type_3 (0)",
        ]
        assert (left.get_xlabel(), left.get_ylabel()) == ("Predicted class", "True class (pictures)")

    def test_says_what_it_is_and_on_how_many(self):
        figure = plots.confusion_matrix(self.matrix, self.classes, split="val", groups=60, note="synthetic phantoms")
        assert figure.get_suptitle() == ("Confusion matrix, val split\n90 pictures of 60 groups · synthetic phantoms")

    def test_a_table_that_is_judged_whole_has_no_split(self):
        title = plots.confusion_matrix(self.matrix, self.classes, split="all").get_suptitle()
        assert title == "Confusion matrix\n90 pictures"

    def test_groups_are_called_so(self):
        figure = plots.confusion_matrix(self.matrix, self.classes, groups=90, unit="group")
        left, right = figure.axes
        assert figure.get_suptitle() == "Confusion matrix, test split\n90 groups"
        assert (left.get_title(), left.get_ylabel()) == ("Groups", "True class (groups)")
        assert right.texts[-1].get_text() == "no groups of this class"

    def test_ink_is_white_where_cells_are_dark(self):
        left, _ = plots.confusion_matrix(self.matrix, self.classes).axes
        inks = [text.get_color() for text in left.texts]
        assert inks[4] == "white"
        assert inks[2] == "#222222"

    def test_leaves_out_zeros_of_many_classes(self):
        classes = [f"class {index}" for index in range(26)]
        left, right = plots.confusion_matrix(np.eye(26, dtype=int) * 4, classes).axes
        assert [text.get_text() for text in left.texts] == ["4"] * 26
        assert [text.get_text() for text in right.texts] == ["100", "4"] * 26

    def test_an_empty_matrix_is_drawn(self, tmp_path):
        plots.save(plots.confusion_matrix(np.zeros((2, 2), dtype=int), ["a", "b"]), tmp_path / "c.png")


VALIDATION = {"val_loss": [0.9, 0.5, 0.7], "val_accuracy": [0.5, 0.6, 0.8]}


class TestTrainingProgress:
    def test_marks_the_best_epoch_in_both_panels(self):
        figure = plots.training_progress(history(3, **VALIDATION), images=1036, note="synthetic phantoms")
        loss, accuracy = figure.axes
        assert figure.get_suptitle() == (
            "Training, 3 epochs in 1 min 32 s\n"
            "trained on 1,036 pictures · best epoch 2 by val_loss · synthetic phantoms"
        )
        legends = [[text.get_text() for text in axes.get_legend().get_texts()] for axes in (loss, accuracy)]
        assert legends[0] == ["training", "validation", "best epoch 2: 0.500", "gap: 0.000 at the best epoch"]
        assert legends[1] == ["training", "validation", "best epoch 2: 0.600", "gap: 0.150 at the best epoch"]
        np.testing.assert_array_equal(loss.lines[1].get_ydata(), VALIDATION["val_loss"])

    def test_the_best_accuracy_is_the_highest(self):
        figure = plots.training_progress(history(3, **VALIDATION), monitor="val_accuracy")
        assert "best epoch 3 by val_accuracy" in figure.get_suptitle()

    def test_the_gap_between_the_curves_is_shaded(self):
        for axes, name in zip(
            plots.training_progress(history(3, **VALIDATION)).axes, ("loss", "accuracy"), strict=True
        ):
            (shade,) = axes.collections
            corners = {(x, round(y, 6)) for x, y in shade.get_paths()[0].vertices}
            train = history(3)[name]
            expected = [
                (x, round(y, 6)) for values in (train, VALIDATION[f"val_{name}"]) for x, y in enumerate(values, 1)
            ]
            assert set(expected) <= corners

    def test_the_caption_says_whether_it_over_fits(self):
        caption = plots.training_progress(history(3, **VALIDATION)).get_supxlabel().replace("\n", " ")
        assert caption == (
            "Over-fitting: at the best epoch accuracy is 0.75 in training and 0.60 in validation, a gap of 0.15; "
            "augmentation, dropout, weight decay or more pictures narrow it. Training accuracy is taken while the "
            "epoch runs, with any augmentation and dropout on, which lower it."
        )
        few = plots.training_progress(history(3, **VALIDATION), judged=20).get_supxlabel()
        assert few.startswith("No clear over-fitting: ")

    def test_phases_are_parted_by_thin_lines(self):
        values = VALIDATION | {"val_loss": [0.9, 0.8, 0.7, 0.6, 0.5], "val_accuracy": [0.5] * 5}
        for axes in plots.training_progress(history(5, phase=[1, 1, 2, 2, 3], **values)).axes:
            assert [text.get_text() for text in axes.texts] == ["phase 2", "phase 3"]
            borders = [line.get_xdata()[0] for line in axes.lines if line.get_linewidth() == 0.7]
            assert borders == [2.5, 4.5]

    def test_one_phase_has_no_border(self):
        assert not plots.training_progress(history(3, phase=[1, 1, 1], **VALIDATION)).axes[0].texts

    def test_without_validation_there_is_no_best_epoch(self):
        loss, accuracy = plots.training_progress(history(1)).axes
        assert [len(loss.lines), len(accuracy.lines)] == [1, 1]

    def test_a_wild_loss_is_cut_off_and_said_so(self):
        wild = {"val_loss": [80.0, 0.5, 0.5, 0.5], "val_accuracy": [0.5] * 4}
        loss, _ = plots.training_progress(history(4, **wild)).axes
        assert loss.get_title() == "cut off above 1.5; highest 80"
        assert loss.get_ylim() == (0, 1.5)


class TestSearch:
    def settings(self, **importances):
        return [
            Searched("training.learning_rate", [1e-4, 1e-3, 1e-2], log=True, importance=importances.get("rate")),
            Searched(
                "training.optimizer", [0, 1, 1], ["adam", "{sgd: {momentum: 0.9}}"], importance=importances.get("o")
            ),
        ]

    def draw(self, values, **importances):
        return plots.search_plot(self.settings(**importances), values, [True, True, False], 1, monitor="val_loss")

    def test_a_panel_a_setting_the_most_important_first(self):
        figure = self.draw([0.7, 0.5, 0.8], rate=0.2, o=0.8)
        assert [axes.get_title() for axes in figure.axes] == [
            "optimizer\n80% of what mattered",
            "learning_rate\n20% of what mattered",
        ]
        assert figure.get_suptitle() == "Search over 2 settings\n2 trials finished, 1 stopped early"
        choices, rates = figure.axes
        assert [text.get_text() for text in choices.get_xticklabels()] == ["adam", "{sgd: …: 0.9}}"]
        assert rates.get_xscale() == "log"
        finished, stopped, best = (one.get_offsets().tolist() for one in rates.collections)
        assert (finished, stopped, best) == ([[1e-4, 0.7], [1e-3, 0.5]], [[1e-2, 0.8]], [[1e-3, 0.5]])

    def test_without_importances_the_order_is_that_of_the_config(self):
        assert [axes.get_title() for axes in self.draw([0.7, 0.5, 0.8]).axes] == ["learning_rate", "optimizer"]

    def test_one_far_off_does_not_flatten_the_others(self, tmp_path):
        figure = self.draw([0.7, 0.5, 60.0])
        assert figure.get_suptitle().endswith("1 stopped early · those worse than 1.1 (1) drawn there")
        assert figure.axes[0].collections[1].get_offsets().tolist() == [[1e-2, pytest.approx(1.1)]]
        plots.save(figure, tmp_path / "x.png")


def test_lines_differ_without_their_colours():
    assert len(set(COLOURS)) == len(set(STYLES)) == 5


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Type_1", "Type_1"),
        ("x" * 40, f"{'x' * 13}…{'x' * 14}"),
        ("a\nb\u202ec\udcff", "a�b�c�"),
    ],
)
def test_names_are_one_plain_line(name, expected):
    assert shown(name) == expected


def test_chinese_class_names_are_drawn_in_a_font_that_has_them(monkeypatch):
    monkeypatch.setattr(font_manager, "get_font_names", lambda: ["DejaVu Sans", "WenQuanYi Zen Hei", "Yu Gothic"])
    canvas._families.cache_clear()
    try:
        left, _ = plots.confusion_matrix(np.eye(2, dtype=int), ("鳞状上皮", "benign")).axes
        families = [label.get_fontfamily() for label in left.get_xticklabels()]
    finally:
        canvas._families.cache_clear()
    assert families == [["sans-serif", "WenQuanYi Zen Hei", "Yu Gothic"], ["sans-serif"]]


def test_a_dollar_in_a_class_name_is_a_dollar(tmp_path):
    """Unescaped, the first would be refused by mathtext when it is drawn and the second lose its dollars."""
    given = predicted(0, ["$\\frac{$", "$x$"])
    evaluation = judged(given, 10)
    for figure in (
        plots.confusion_matrix(evaluation.confusion, given.classes),
        plots.roc_curves(given, evaluation),
    ):
        plots.save(figure, tmp_path / "x.png")
        assert any("$\\frac{$" in text for text in texts(figure))
        assert not any(text.get_parse_math() for text in figure.findobj(Text) if "$" in text.get_text())


def test_save_replaces_the_file_by_a_whole_png(tmp_path):
    path = tmp_path / "progress.png"
    path.write_text("old")
    plots.save(plots.training_progress(history(2)), path)
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        assert picture.info["dpi"] == pytest.approx((150, 150), abs=0.1)
        assert min(picture.size) > 300
    assert list(tmp_path.iterdir()) == [path]
