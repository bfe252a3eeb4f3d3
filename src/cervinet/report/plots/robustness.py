"""A metric against the severity of damage to the pictures, a panel a kind."""

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FormatStrFormatter

from cervinet.evaluation.intervals import Estimate
from cervinet.evaluation.robustness import Robustness
from cervinet.report.plots.canvas import COLOURS, FAINT, INK, counted, literal, page, plain, shown

_COLUMNS = 5


def robustness_curves(robustness: Robustness, metric: str = "accuracy", *, note: str | None = None) -> Figure:
    """The metric with its interval at every severity, beside that of the undamaged pictures as a dashed line.

    Args:
        robustness: with one kind of damage at least.
        metric: one of `evaluation.robustness.METRICS`.
        note: what a reader must know of the data, such as "synthetic phantoms".
    """
    kinds = robustness.kinds()
    columns = min(_COLUMNS, len(kinds))
    rows = math.ceil(len(kinds) / columns)
    name = metric.replace("_", " ").replace("auroc", "AUROC")
    band = f"band: {100 * robustness.confidence:g} % interval"
    facts = (counted(robustness.images, robustness.groups), band, "dashed: undamaged", note and shown(note, 60))
    title = f"{name[0].upper()}{name[1:]} as pictures get worse"
    figure = page(max(2.05 * columns + 0.5, 6.4), 2.0 * rows + 1.0, title, *facts)
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).flat
    for index, axes in enumerate(panels):
        if index >= len(kinds):
            axes.set_visible(False)
            continue
        plain(axes)
        _curve(axes, robustness, kinds[index], metric)
        axes.set_title(shown(kinds[index], 24), fontsize=9, color=INK)
        # Where the last row is not full, the panel above a gap is the last of its column.
        axes.tick_params(labelbottom=index + columns >= len(kinds))
    figure.supxlabel("Severity of the damage (0: none, 5: the worst)", fontsize=9.5, color=INK)
    figure.supylabel(name[0].upper() + name[1:], fontsize=9.5, color=INK)
    return literal(figure)


def _curve(axes: Axes, robustness: Robustness, kind: str, metric: str) -> None:
    steps = robustness.of(kind)
    before = robustness.undamaged[metric]
    points: list[tuple[int, Estimate]] = [(0, before), *((step.severity, step.metrics[metric]) for step in steps)]
    known = [(severity, one.value) for severity, one in points if one.value is not None]
    band = [(severity, one) for severity, one in points if one.lower is not None and one.upper is not None]
    if before.value is not None:
        axes.axhline(before.value, color=FAINT, linewidth=1, linestyle=(0, (4, 2)))
    if band:
        places, lower, upper = zip(*((severity, one.lower, one.upper) for severity, one in band), strict=True)
        axes.fill_between(places, lower, upper, color=COLOURS[0], alpha=0.18, linewidth=0)
    if known:
        axes.plot(*zip(*known, strict=True), color=COLOURS[0], linewidth=1.7, marker="o", markersize=3.2)
    else:
        axes.text(2.5, 0.5, "unknown", ha="center", color=INK, fontsize=8.5, transform=axes.get_xaxis_transform())
    axes.set_xlim(-0.25, max(severity for severity, _ in points) + 0.25)
    axes.set_xticks([severity for severity, _ in points])
    axes.yaxis.set_major_formatter(FormatStrFormatter("%.2f"))
