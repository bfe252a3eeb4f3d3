"""A run's own test pictures beside another site's."""

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cervinet.evaluation.intervals import Estimate
from cervinet.evaluation.metric_names import metric_name
from cervinet.evaluation.shift import Shift
from cervinet.report.plots.canvas import COLOURS, FAINT, INK, literal, page, plain, shown
from cervinet.report.unit import PICTURE

_SITES = (("own test pictures", COLOURS[0], "o", -0.14), ("the other site", COLOURS[1], "s", 0.14))
_UNBOUNDED = {"log_loss"}
_ROW = 0.34

Pairs = Mapping[str, tuple[Estimate, Estimate]]


def shift_plot(shift: Shift, *, note: str | None = None, unit: str = PICTURE) -> Figure:
    """Prevalence of each class, metrics from 0 to 1 and calibration slopes, each with its interval at both sites."""
    metrics = {
        metric_name(key).title: (one, shift.other[key]) for key, one in shift.own.items() if key not in _UNBOUNDED
    }
    slopes = {name: found["slope"] for name, found in shift.calibration.items()}
    rows = max(len(shift.prevalence), len(metrics), len(slopes))
    figure = page(
        10.6,
        1.9 + _ROW * rows,
        "The other site's pictures beside the run's own test pictures",
        note and shown(note, 60),
    )
    shares, values, bends = figure.subplots(1, 3)
    _panel(shares, shift.prevalence, f"Share of the {unit}s", rows)
    shares.xaxis.set_major_formatter(lambda share, _: f"{100 * share:.4g} %")
    shares.set_xlim(left=0)
    _panel(values, metrics, "Metrics", rows)
    values.set_xlim(0, max(1.02, values.get_xlim()[1]))
    _panel(bends, slopes, "Calibration slope (1 is ideal)", rows)
    bends.axvline(1, color=FAINT, linewidth=0.9, zorder=0)
    marks, names = shares.get_legend_handles_labels()
    figure.legend(marks, names, loc="outside lower left", ncols=2, frameon=False, fontsize=8.5)
    return literal(figure)


def _panel(axes: Axes, pairs: Pairs, title: str, rows: int) -> None:
    plain(axes)
    axes.set_title(title, fontsize=9.5, color=INK, loc="left")
    for site, (label, colour, marker, lift) in enumerate(_SITES):
        for row, pair in enumerate(pairs.values()):
            found = pair[site]
            if found.value is None:
                continue
            if found.lower is not None and found.upper is not None:
                axes.plot([found.lower, found.upper], [row + lift] * 2, color=colour, linewidth=1.4)
            axes.plot([found.value], [row + lift], color=colour, marker=marker, markersize=5, linestyle="none")
        axes.plot([], [], color=colour, marker=marker, markersize=5, linewidth=1.4, label=label)
    axes.set_yticks(range(len(pairs)), [shown(name, 22) for name in pairs])
    axes.set_ylim(rows - 0.5, -0.5)
