"""Decision curves: whether acting on a prediction is worth more than treating everyone or no one."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from cervinet.evaluation.decision import DecisionCurve
from cervinet.report.plots.canvas import COLOURS, FAINT, INK, STYLES, literal, page, plain, shown, titled


def decision_curves(
    curves: Sequence[DecisionCurve], *, split: str, confidence: float, note: str | None = None
) -> Figure:
    """A panel for each question, up to five: its net benefit with a band, treating all and treating none.

    Args:
        curves: at least one.
        split: of what is judged.
        confidence: of the bands, in (0, 1).
        note: what a reader must know of the data, such as "synthetic phantoms".
    """
    kept = curves[: len(COLOURS)]
    columns = min(3, len(kept))
    rows = -(-len(kept) // columns)
    first = f"the first {len(kept)} of {len(curves)} questions" if len(kept) < len(curves) else None
    title = titled("Decision curve", split)
    band = f"band: {100 * confidence:g} % interval at each threshold"
    figure = page(max(5.6, 3.3 * columns + 0.5), 3.1 * rows + 1.2, title, band, first, note and shown(note, 60))
    panels = figure.subplots(rows, columns, sharex=True, squeeze=False)
    for index, axes in enumerate(panels.flat):
        if index >= len(kept):
            axes.set_visible(False)
            continue
        curve, colour = kept[index], COLOURS[index]
        plain(axes)
        axes.fill_between(curve.thresholds, curve.lower, curve.upper, color=colour, alpha=0.18, linewidth=0)
        axes.plot(curve.thresholds, curve.net_benefit, color=colour, linewidth=1.8, label="act on the network")
        axes.plot(curve.thresholds, curve.treat_all, color=INK, linewidth=1.1, linestyle=STYLES[1], label="treat all")
        axes.axhline(0, color=FAINT, linewidth=1.1, linestyle=STYLES[2], label="treat none")
        # Both run to minus infinity as the threshold nears one, where nothing is decided.
        most = max(curve.prevalence, float(curve.net_benefit.max()))
        axes.set(xlim=(0, 1), ylim=(-0.25 * most, 1.12 * most))
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "0.25", "0.5", "0.75", "1"])
        axes.tick_params(labelbottom=index + columns >= len(kept))
        axes.set_title(f"{shown(curve.of)}, prevalence {100 * curve.prevalence:.3g} %", fontsize=9, color=INK)
    panels.flat[0].legend(frameon=False, fontsize=8, handlelength=2.8)
    figure.supxlabel("Threshold probability from which one would treat", fontsize=9.5, color=INK)
    figure.supylabel("Net benefit", fontsize=9.5, color=INK)
    return literal(figure)
