"""Reliability diagrams: probabilities against what came true, before and after calibration."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cervinet.evaluation.reliability import Bin, Calibrated, Reliability
from cervinet.report.plots.canvas import COLOURS, FAINT, INK, counted, literal, page, plain, shown, titled
from cervinet.report.unit import PICTURE

_MOST_CLASSES = 8
"""Of a figure with a panel for each; more are not legible on a page."""

_READ = "below the line: surer than right; hollow: no interval"


def reliability_diagrams(calibrated: Calibrated, *, split: str, note: str | None = None, unit: str = PICTURE) -> Figure:
    """The predicted class before and after calibration side by side, with the number of pictures below each.

    Args:
        calibrated: what to draw; without calibration there is one panel.
        split: of what is judged.
        note: what a reader must know of the data, such as "synthetic phantoms".
        unit: the word for one of them, "picture" or "group".
    """
    panels = [("the network's own", calibrated.before[0])]
    if calibrated.method != "none":
        panels = [("before calibration", panels[0][1]), (f"after ({calibrated.method})", calibrated.after[0])]
    judged = counted(sum(one.n for one in panels[0][1].bins), None, unit)
    title = titled("Reliability of the predicted class", split)
    figure = page(max(5.6, 0.7 + 3.5 * len(panels)), 5.2, title, judged, _READ, note and shown(note, 60))
    axes = figure.subplots(2, len(panels), sharex=True, sharey="row", squeeze=False, height_ratios=[4, 1])
    for column, (head, diagram) in enumerate(panels):
        _diagram(axes[0, column], diagram)
        axes[0, column].set_title(head, fontsize=9.5, color=INK)
        _histogram(axes[1, column], diagram.bins)
        axes[1, column].set_xlabel("Probability of the predicted class", color=INK)
    axes[0, 0].set_ylabel("Share that was right", color=INK)
    axes[1, 0].set_ylabel(f"{unit.capitalize()}s", color=INK)
    return literal(figure)


def class_reliability(diagrams: Sequence[Reliability], *, split: str, note: str | None = None) -> Figure:
    """A panel for each class against the others, for the first eight.

    Args:
        diagrams: of the classes, without the predicted class's.
        split: of what is judged.
        note: what a reader must know of the data.
    """
    kept = diagrams[:_MOST_CLASSES]
    columns = min(4, len(kept))
    rows = math.ceil(len(kept) / columns)
    more = len(diagrams) - len(kept)
    title = titled("Reliability of each class's probability", split)
    first = f"the first {len(kept)} of {len(diagrams)} classes" if more else None
    figure = page(max(5.6, 2.5 * columns + 0.5), 2.6 * rows + 0.9, title, first, _READ, note and shown(note, 60))
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for index, axes in enumerate(panels.flat):
        if index >= len(kept):
            axes.set_visible(False)
            continue
        _diagram(axes, kept[index])
        axes.tick_params(labelbottom=index + columns >= len(kept))
        axes.set_title(shown(kept[index].of, 24), fontsize=9, color=INK)
    figure.supxlabel("Probability of the class", fontsize=9.5, color=INK)
    figure.supylabel("Share that was of it", fontsize=9.5, color=INK)
    return literal(figure)


def _diagram(axes: Axes, diagram: Reliability) -> None:
    """A dot a bin at its mean probability; filled with a bar where there is an interval, hollow where there is none."""
    plain(axes)
    axes.plot([0, 1], [0, 1], color=FAINT, linewidth=0.9)
    filled = [one for one in diagram.bins if one.predicted is not None and one.observed.value is not None]
    sure = [one for one in filled if one.observed.lower is not None and one.observed.upper is not None]
    bars = np.array([(one.predicted, one.observed.lower, one.observed.upper) for one in sure], np.float64).reshape(
        -1, 3
    )
    axes.vlines(*bars.T, color=COLOURS[0], linewidth=1.4)
    for bins, face in ((sure, COLOURS[0]), ([one for one in filled if one not in sure], "white")):
        points = np.array([(one.predicted, one.observed.value) for one in bins], np.float64).reshape(-1, 2)
        axes.plot(*points.T, "o", color=COLOURS[0], markerfacecolor=face, markersize=4.5, linestyle="none")
    ticks = [0, 0.25, 0.5, 0.75, 1]
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xticks=ticks, yticks=ticks)
    axes.set_xticklabels(["0", "0.25", "0.5", "0.75", "1"])
    axes.set_yticklabels(["0", "0.25", "0.5", "0.75", "1"])


def _histogram(axes: Axes, bins: Sequence[Bin]) -> None:
    plain(axes)
    axes.grid(axis="x", visible=False)
    lower = [one.lower for one in bins]
    axes.bar(
        lower, [one.n for one in bins], bins[0].upper - bins[0].lower, align="edge", color=FAINT, edgecolor="white"
    )
