"""Receiver operating characteristic of each class against the others."""

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cervinet.evaluation.curves import roc_curve
from cervinet.evaluation.evaluate import Evaluation
from cervinet.evaluation.intervals import Estimate
from cervinet.evaluation.predictions import Predictions
from cervinet.report.plots.canvas import COLOURS, FAINT, INK, STYLES, counted, literal, page, plain, shown

FALSE_RATE = "False positive rate (1 − specificity)"
TRUE_RATE = "True positive rate (sensitivity)"


def roc_curves(predictions: Predictions, evaluation: Evaluation, *, note: str | None = None) -> Figure:
    """One curve a class with its area and interval: in one panel up to five classes, else in one panel each.

    Args:
        predictions: what to draw.
        evaluation: of these predictions.
        note: what a reader must know of the data, such as "synthetic phantoms".
    """
    draw = _together if len(predictions.classes) <= len(COLOURS) else _apart
    title = f"ROC curve of each class against the others, {shown(predictions.split)} split"
    facts = (counted(evaluation.images, evaluation.groups), note and shown(note, 60))
    return literal(draw(predictions, evaluation, title, facts))


def _together(predictions: Predictions, evaluation: Evaluation, title: str, facts: tuple[str | None, ...]) -> Figure:
    labels = {name: f"{shown(name)}  {_area(evaluation, name)}" for name in predictions.classes}
    figure = page(5.1 + 0.07 * max(map(len, labels.values())), 4.9, title, *facts)
    axes = figure.subplots()
    _frame(axes)
    for index, name in enumerate(predictions.classes):
        colour, style = COLOURS[index], STYLES[index]
        if not _curve(axes, predictions, index, color=colour, linestyle=style, label=labels[name]):
            axes.plot([], [], color="none", label=labels[name])
    axes.plot([], [], color=FAINT, linewidth=0.9, label="chance  0.50")
    axes.set_xlabel(FALSE_RATE, color=INK)
    axes.set_ylabel(TRUE_RATE, color=INK)
    axes.legend(
        loc="upper left",
        bbox_to_anchor=(1.02, 1),
        frameon=False,
        fontsize=8.5,
        title=_legend_title(evaluation),
        title_fontsize=8.5,
        alignment="left",
        handlelength=3.4,
        labelspacing=0.7,
    )
    return figure


def _apart(predictions: Predictions, evaluation: Evaluation, title: str, facts: tuple[str | None, ...]) -> Figure:
    columns = min(6, max(4, math.ceil(math.sqrt(len(predictions.classes)))))
    rows = math.ceil(len(predictions.classes) / columns)
    figure = page(1.9 * columns + 0.4, 2.1 * rows + 1.1, title, *facts, f"in each panel: {_legend_title(evaluation)}")
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).flat
    for index, axes in enumerate(panels):
        if index >= len(predictions.classes):
            axes.set_visible(False)
            continue
        name = predictions.classes[index]
        _frame(axes)
        _curve(axes, predictions, index, color=COLOURS[0])
        axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
        axes.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
        axes.tick_params(labelbottom=index + columns >= len(predictions.classes))
        axes.set_title(shown(name, 24), fontsize=8.5, color=INK)
        area = _area(evaluation, name).replace(", ", "\n")
        axes.text(0.97, 0.05, area, ha="right", va="bottom", fontsize=7.5, color=INK, linespacing=1.3)
    figure.supxlabel(FALSE_RATE, fontsize=9.5, color=INK)
    figure.supylabel(TRUE_RATE, fontsize=9.5, color=INK)
    return figure


def _frame(axes: Axes) -> None:
    plain(axes)
    axes.plot([0, 1], [0, 1], color=FAINT, linewidth=0.9)
    axes.set(xlim=(-0.015, 1.015), ylim=(-0.015, 1.015), aspect="equal")


def _curve(axes: Axes, predictions: Predictions, index: int, **style: object) -> bool:
    """Draw the curve of a class; False if there is none, for want of images of it or of others."""
    positive = predictions.labels == index
    if not positive.any() or positive.all():
        return False
    # Already steps: straight lines join the points, and slope only where scores tie, as the area counts them.
    alarms, hits = roc_curve(positive, predictions.probabilities[:, index])
    axes.plot(alarms, hits, linewidth=1.7, **style)  # type: ignore[arg-type]
    return True


def _legend_title(evaluation: Evaluation) -> str:
    return f"AUC ({100 * evaluation.confidence:g} % interval), images of the class"


def _area(evaluation: Evaluation, name: str) -> str:
    images = int(evaluation.support[evaluation.classes.index(name)])
    area: Estimate = evaluation.per_class[name]["auroc"]
    if area.value is None:
        return "no images" if images == 0 else "no images of other classes"
    interval = "no interval" if area.lower is None else f"{area.lower:.3f}–{area.upper:.3f}"
    return f"{area.value:.3f} ({interval}), {images:,} images"
