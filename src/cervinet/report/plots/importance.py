"""What a search tried: each setting against the value that decides, the most important setting first."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter
from numpy.typing import NDArray

from cervinet.report.plots.canvas import COLOURS, FAINT, INK, literal, page, plain, shown

_PANELS = 12
_ACROSS = 4
_SPREAD = 0.18  # of points that share a place on the axis


@dataclass(frozen=True)
class Searched:
    """A setting of a search.

    Attributes:
        name: its last word is shown.
        values: of each trial; of a setting with choices, which of them.
        choices: as text; empty for a setting with numbers.
        log: whether it was searched by ratio.
        importance: its share of what mattered, in [0, 1], or None where that is not known.
    """

    name: str
    values: Sequence[float]
    choices: Sequence[str] = ()
    log: bool = False
    importance: float | None = None


def search_plot(
    settings: Sequence[Searched], values: Sequence[float], finished: Sequence[bool], best: int | None, *, monitor: str
) -> Figure:
    """A panel a setting: its values against the best monitored value of each trial.

    Args:
        settings: of the search; the twelve most important are drawn.
        values: best monitored value of each trial.
        finished: which trials ran to their end.
        best: which trial is the best.
        monitor: what decides; a loss is better when lower.
    """
    drawn = sorted(settings, key=lambda one: -(one.importance or 0.0))[:_PANELS]
    rows, columns = math.ceil(len(drawn) / _ACROSS), min(len(drawn), _ACROSS)
    whole = np.array(finished, dtype=bool)
    heights, cut = _cut(np.array(values, dtype=np.float64), -1 if monitor.endswith("loss") else 1)
    figure = page(
        max(2.6 * columns + 0.6, 5.2),
        2.5 * rows + 1.2,
        f"Search over {len(settings)} settings" if len(settings) > 1 else "Search over one setting",
        f"{whole.sum()} trials finished" + ("" if whole.all() else f", {(~whole).sum()} stopped early"),
        cut,
    )
    panels = list(figure.subplots(rows, columns, sharey=True, squeeze=False).flat)
    for axes, one in zip(panels, drawn, strict=False):
        _panel(axes, one, heights, whole, best)
    for axes in panels[len(drawn) :]:
        axes.set_visible(False)
    figure.supylabel(monitor, fontsize=9.5, color=INK)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower left", ncols=3, fontsize=8.5, frameon=False)
    return literal(figure)


def _panel(axes: Axes, one: Searched, heights: NDArray[np.float64], whole: NDArray[np.bool_], best: int | None) -> None:
    plain(axes)
    places = np.array(one.values, dtype=np.float64)
    if one.choices:
        places += np.linspace(-_SPREAD, _SPREAD, len(places)) if len(places) > 1 else 0.0
        axes.set_xticks(range(len(one.choices)), [shown(text, 14) for text in one.choices])
        axes.set_xlim(-0.5, len(one.choices) - 0.5)
    elif one.log:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
    axes.scatter(places[whole], heights[whole], s=22, color=COLOURS[0], alpha=0.75, linewidth=0, label="finished")
    if not whole.all():
        axes.scatter(places[~whole], heights[~whole], s=20, color=FAINT, marker="x", linewidth=1, label="stopped early")
    if best is not None:
        at = places[best], heights[best]
        axes.scatter(*at, s=70, marker="D", color=COLOURS[1], edgecolor="white", zorder=3, label="best")
    share = None if one.importance is None else f"{one.importance:.0%} of what mattered"
    axes.set_title("\n".join(filter(None, (shown(one.name.rpartition(".")[2]), share))), fontsize=8.5, color=INK)


def _cut(values: NDArray[np.float64], sign: int) -> tuple[NDArray[np.float64], str | None]:
    """Values with those that are far worse than most drawn in, so that the others can be told apart; and which."""
    best = (sign * values).max()
    limit = best - 3 * (best - np.median(sign * values))
    far = sign * values < limit
    if not far.any():
        return values, None
    words = f"those worse than {sign * limit:.3g} ({far.sum()}) drawn there"
    return np.where(far, sign * limit, values), words
