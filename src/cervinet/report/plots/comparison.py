"""Differences between runs and a reference, with their intervals."""

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from cervinet.evaluation.comparison import Comparison
from cervinet.evaluation.contrasts import Change
from cervinet.report.plots.canvas import COLOURS, FAINT, INK, counted, literal, page, plain, shown

_ACROSS = 3
_MOST_CLASSES = 7
_COLOUR = {"better": COLOURS[2], "worse": COLOURS[1]}


def comparison_plot(comparison: Comparison) -> Figure:
    """A panel a measure, a line a run: its difference to the reference, better to the right.

    The areas of single classes are drawn of up to seven classes.
    """
    first = comparison.contrasts[0].changes
    chosen = [
        place
        for place, change in enumerate(first)
        if change.measure.label is None or len(comparison.classes) <= _MOST_CLASSES
    ]
    columns = min(_ACROSS, len(chosen))
    rows = math.ceil(len(chosen) / columns)
    names = [shown(one.name, 26) for one in comparison.contrasts]
    left = 0.075 * max(map(len, names))
    height = 0.75 + 0.3 * len(names)
    figure = page(
        2.55 * columns + left,
        rows * height + 0.75,
        f"Difference to {shown(comparison.reference, 40)}: to the right of the line is better",
        counted(comparison.images, comparison.groups),
        f"{100 * comparison.confidence:g} % intervals",
        "filled: the interval leaves 0 out",
    )
    panels = figure.subplots(rows, columns, sharey=True, squeeze=False).flat
    for number, axes in enumerate(panels):
        if number >= len(chosen):
            axes.set_visible(False)
            continue
        _panel(axes, [one.changes[chosen[number]] for one in comparison.contrasts])
        axes.set_yticks(range(len(names)), names)
        axes.set_ylim(len(names) - 0.4, -0.6)
    return literal(figure)


def _panel(axes: Axes, changes: list[Change]) -> None:
    plain(axes)
    axes.grid(False, axis="y")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.axvline(0, color=FAINT, linewidth=0.9)
    reach = 0.0
    for height, change in enumerate(changes):
        difference = change.difference
        if difference.value is None:
            axes.annotate("not known", (0, height), (5, 0), textcoords="offset points", va="center", fontsize=7.5)
            continue
        colour = _COLOUR.get(change.verdict, INK)
        if difference.lower is not None and difference.upper is not None:
            axes.plot([difference.lower, difference.upper], [height, height], color=colour, linewidth=1.8)
            reach = max(reach, abs(difference.lower), abs(difference.upper))
        filled = colour if change.verdict in _COLOUR else "white"
        axes.plot(difference.value, height, "o", color=colour, markerfacecolor=filled, markersize=6, clip_on=False)
        reach = max(reach, abs(difference.value))
    limit = 1.08 * reach or 0.1
    lower = changes[0].measure.lower_is_better
    axes.set_xlim((limit, -limit) if lower else (-limit, limit))
    axes.xaxis.set_major_locator(MaxNLocator(4, symmetric=True))
    label = changes[0].measure.label
    name = changes[0].measure.title + (f" {shown(label, 18)}" if label is not None else "")
    axes.set_title(name + (" (lower is better)" if lower else ""), fontsize=8.5, color=INK, loc="left")
