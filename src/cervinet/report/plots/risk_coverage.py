"""How often the network is wrong when only its surest answers are taken."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cervinet.evaluation.evaluate import Evaluation
from cervinet.evaluation.intervals import Estimate
from cervinet.evaluation.selective import Selective
from cervinet.report.plots.canvas import COLOURS, FAINT, INK, STYLES, counted, literal, page, plain, shown, titled
from cervinet.report.unit import PICTURE


def risk_coverage(
    selective: Selective, evaluation: Evaluation, *, note: str | None = None, unit: str = PICTURE
) -> Figure:
    """The risk-coverage curve with its band, the best curve that so many errors allow, and the chosen threshold.

    Args:
        selective: what to draw.
        evaluation: of the same predictions.
        note: what a reader must know of the data, such as "synthetic phantoms".
        unit: the word for one of what is judged, "picture" or "group".
    """
    banded = not np.isnan(selective.lower).all()
    figure = page(
        7.6,
        4.2,
        titled("Wrong answers when only the surest are taken", evaluation.split),
        counted(evaluation.images, evaluation.groups, unit),
        f"band: {100 * evaluation.confidence:g} % interval at each place" if banded else None,
        note and shown(note, 60),
    )
    axes = figure.subplots()
    plain(axes)
    coverage, risk = selective.coverage, selective.risk
    if banded:
        axes.fill_between(coverage, selective.lower, selective.upper, color=COLOURS[0], alpha=0.15, linewidth=0)
    axes.plot(coverage, risk, color=COLOURS[0], linewidth=1.7, label="the network, surest first")
    axes.plot([0, 1], risk[[-1, -1]], color=FAINT, linewidth=0.9, label=f"in any order: {100 * risk[-1]:.1f} %")
    best = np.maximum(0, coverage - (1 - risk[-1])) / coverage
    axes.plot(coverage, best, color=COLOURS[2], linestyle=STYLES[2], label="were all errors the least sure")
    _chosen(axes, selective, unit)
    tops = [risk.max(), *selective.upper[~np.isnan(selective.upper)], 0.05]
    axes.set(xlim=(0, 1.012), ylim=(0, min(1, 1.06 * max(tops))))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda share, _: f"{100 * share:.4g} %")
    axes.set_xlabel(f"Share of the {unit}s that get an answer", color=INK)
    axes.set_ylabel("Share of wrong ones among these", color=INK)
    axes.legend(loc="upper left", bbox_to_anchor=(1.02, 1), frameon=False, fontsize=8.5, handlelength=3.4)
    return literal(figure)


def _chosen(axes: Axes, selective: Selective, unit: str) -> None:
    abstain, answered, wrong = selective.abstain, selective.answered, selective.risk_answered
    if abstain is None or answered is None or wrong is None or answered.value is None or wrong.value is None:
        return
    axes.errorbar(
        [answered.value],
        [wrong.value],
        xerr=_reach(answered),
        yerr=_reach(wrong),
        color=COLOURS[1],
        marker="D",
        markersize=6,
        capsize=3,
        linewidth=1.2,
        label=f"answered from {abstain.threshold:.3f} on:\n{100 * answered.value:.1f} % of the {unit}s,\n"
        f"{100 * wrong.value:.1f} % of them wrong",
        zorder=5,
    )
    axes.plot(
        [0, 1],
        [abstain.most_errors] * 2,
        color=COLOURS[1],
        linestyle=STYLES[1],
        linewidth=0.9,
        label=f"wrong at most, on validation: {100 * abstain.most_errors:g} %",
    )


def _reach(estimate: Estimate) -> list[list[float]] | None:
    """How far an error bar goes down and up; None where there is no interval."""
    if estimate.value is None or estimate.lower is None or estimate.upper is None:
        return None
    return [[estimate.value - estimate.lower], [estimate.upper - estimate.value]]
