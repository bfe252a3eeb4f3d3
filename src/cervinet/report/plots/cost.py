"""Cost curves: the lowest expected cost for every weight of missed cases against false alarms."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from cervinet.evaluation.decision import CostCurve
from cervinet.report.plots.canvas import COLOURS, FAINT, INK, STYLES, literal, page, plain, shown, titled


def cost_curves(curves: Sequence[CostCurve], *, split: str, note: str | None = None) -> Figure:
    """The curves of up to five questions in one panel, and the cost of calling everyone or no one positive.

    Args:
        curves: at least one.
        split: of what is judged.
        note: what a reader must know of the data, such as "synthetic phantoms".
    """
    kept = curves[: len(COLOURS)]
    first = f"the first {len(kept)} of {len(curves)} questions" if len(kept) < len(curves) else None
    names = [shown(curve.of) for curve in kept]
    title = titled("Cost curve", split)
    figure = page(5.9 + 0.06 * max(map(len, names)), 4.2, title, first, note and shown(note, 60))
    axes = figure.subplots()
    plain(axes)
    trivial = kept[0]
    axes.plot(trivial.probability_cost, trivial.trivial, color=FAINT, linewidth=1.1, label="all or none positive")
    for curve, name, colour, style in zip(kept, names, COLOURS, STYLES, strict=False):
        axes.plot(curve.probability_cost, curve.cost, color=colour, linestyle=style, linewidth=1.8, label=name)
    axes.set(xlim=(0, 1), ylim=(0, 0.52))
    axes.set_xticks(
        [0, 0.25, 0.5, 0.75, 1], ["0\nfalse alarms\nalone count", "0.25", "0.5", "0.75", "1\nmissed cases\nalone count"]
    )
    axes.set_xlabel("Weight of missed cases against false alarms (probability cost)", color=INK)
    axes.set_ylabel("Normalised expected cost (0: no error)", color=INK)
    axes.legend(loc="upper left", bbox_to_anchor=(1.02, 1), frameon=False, fontsize=8.5, handlelength=3.4)
    return literal(figure)
