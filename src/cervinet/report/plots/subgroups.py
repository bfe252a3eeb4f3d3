"""The same metrics for parts of the images, with their intervals."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cervinet.evaluation.intervals import FEW_GROUPS
from cervinet.evaluation.metric_names import metric_title
from cervinet.evaluation.subgroups import Part, Subgroups
from cervinet.report.plots.canvas import COLOURS, FAINT, INK, counted, literal, page, plain, shown
from cervinet.report.unit import PICTURE

MOST_PARTS = 30
_ACROSS = 4


def subgroups_plot(found: Subgroups, unit: str = PICTURE) -> Figure:
    """A panel a metric in [0, 1], four at most; a line a part, all of known value as a grey band behind.

    Of more than 30 parts the largest are drawn. `unit` is the word for one of what is judged.
    """
    largest = sorted(found.parts, key=lambda part: -part.images)[:MOST_PARTS]
    parts = [part for part in found.parts if part in largest]
    names = [f"{shown(part.value, 22)}  ({counted(part.images, part.groups, unit)})" for part in parts]
    keys = drawn_metrics(found)
    left = 0.07 * max(map(len, names))
    figure = page(
        1.9 * len(keys) + left,
        0.34 * len(parts) + 1.35,
        f"Results by {shown(found.column, 40)}",
        None if found.confidence is None else f"{100 * found.confidence:g} % intervals",
        "grey: all together",
        f"hollow: fewer than {FEW_GROUPS} groups" if any(part.small for part in parts) else None,
        f"the {MOST_PARTS} largest of {len(found.parts)} parts" if len(parts) < len(found.parts) else None,
    )
    panels = figure.subplots(1, len(keys), sharey=True, squeeze=False).flat
    for axes, key in zip(panels, keys, strict=True):
        _panel(axes, key, parts, found.whole)
        axes.set_yticks(range(len(names)), names)
        axes.set_ylim(len(names) - 0.4, -0.6)
    return literal(figure)


def drawn_metrics(found: Subgroups) -> list[str]:
    """Keys of the metrics in [0, 1] that say most: overall ones before those of single classes."""
    keys = [key for key in found.parts[0].metrics if key != "log_loss"]
    return sorted(keys, key=lambda key: ":" in key)[:_ACROSS]


def _panel(axes: Axes, key: str, parts: Sequence[Part], whole: Part | None) -> None:
    plain(axes)
    axes.grid(False, axis="y")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    if whole is not None:
        overall = whole.metrics[key]
        if overall.lower is not None and overall.upper is not None:
            axes.axvspan(overall.lower, overall.upper, color=FAINT, alpha=0.22, linewidth=0)
        if overall.value is not None:
            axes.axvline(overall.value, color=FAINT, linewidth=0.9)
    for height, part in enumerate(parts):
        estimate = part.metrics[key]
        if estimate.value is None:
            axes.text(0.5, height, "not known", va="center", ha="center", fontsize=7.5, color=INK)
            continue
        if estimate.lower is not None and estimate.upper is not None:
            axes.plot([estimate.lower, estimate.upper], [height, height], color=COLOURS[0], linewidth=1.8)
        filled = "white" if part.small else COLOURS[0]
        axes.plot(estimate.value, height, "o", color=COLOURS[0], markerfacecolor=filled, markersize=6, clip_on=False)
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    axes.set_title(shown(metric_title(key), 24), fontsize=8.5, color=INK, loc="left")
