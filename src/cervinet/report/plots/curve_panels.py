"""Curves of each class against the others: in one panel up to five classes, else in one panel each."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from cervinet.evaluation.curves import Band
from cervinet.evaluation.evaluate import Evaluation
from cervinet.evaluation.predictions import Predictions
from cervinet.evaluation.statistics import Array
from cervinet.report.plots.canvas import COLOURS, FAINT, INK, STYLES, counted, literal, page, plain, shown, titled


@dataclass(frozen=True, eq=False)
class ClassCurve:
    """The curve of a class.

    Attributes:
        name: of the class.
        said: its area and how many are of it, or why there is no curve.
        points: x and y, float64 `(points,)` in [0, 1] each; None where there is no curve.
        band: its pointwise interval, if known.
        chance: the height of a level line for what chance gives; None: the diagonal.
    """

    name: str
    said: str
    points: tuple[Array, Array] | None
    band: Band | None = None
    chance: float | None = None


@dataclass(frozen=True)
class Wording:
    """What the figure says around its curves; `chance` is the label of the grey lines in a panel with all classes."""

    title: str
    facts: tuple[str | None, ...]
    x: str
    y: str
    legend: str
    chance: str


def class_curves(
    predictions: Predictions,
    evaluation: Evaluation,
    points: Callable[[NDArray[np.bool_], Array], tuple[Array, Array]],
    area: Callable[[Evaluation, str], str],
    bands: Sequence[Band | None] | None,
    unit: str,
) -> list[ClassCurve]:
    """The curve of each class against the others; none for want of the class or of others.

    Args:
        predictions: `n` rows.
        evaluation: of these.
        points: bool `(n,)`, of the class or not, and its probabilities → x and y.
        area: the class → what is said of the area below its curve.
        bands: of each class; None for none.
        unit: the word for one of what is judged.
    """
    curves = []
    for index, (name, support) in enumerate(zip(evaluation.classes, evaluation.support.tolist(), strict=True)):
        positive = predictions.labels == index
        if not positive.any() or positive.all():
            curves.append(ClassCurve(name, f"no {unit}s of other classes" if support else f"no {unit}s", None))
            continue
        said = f"{area(evaluation, name)}, {counted(support, None, unit)}"
        drawn = points(positive, predictions.probabilities[:, index])
        curves.append(ClassCurve(name, said, drawn, bands[index] if bands else None))
    return curves


def facts(
    evaluation: Evaluation, bands: Sequence[Band | None] | None, note: str | None, unit: str
) -> tuple[str | None, ...]:
    """What is judged, what the bands are, and what must be known of the data."""
    return (
        counted(evaluation.images, evaluation.groups, unit),
        f"bands: {100 * evaluation.confidence:g} %, pointwise" if bands and any(bands) else None,
        note and shown(note, 60),
    )


def curve_panels(curves: Sequence[ClassCurve], wording: Wording, split: str) -> Figure:
    """The figure; points are joined by straight lines. `split` is that of what is judged."""
    wording = replace(wording, title=titled(wording.title, split))
    return literal((_together if len(curves) <= len(COLOURS) else _apart)(curves, wording))


def _together(curves: Sequence[ClassCurve], wording: Wording) -> Figure:
    labels = [f"{shown(curve.name)}  {curve.said}" for curve in curves]
    figure = page(5.1 + 0.07 * max(map(len, labels)), 4.9, wording.title, *wording.facts)
    axes = figure.subplots()
    _frame(axes, [curve.chance for curve in curves])
    for index, (curve, label) in enumerate(zip(curves, labels, strict=True)):
        _draw(axes, curve, COLOURS[index], linestyle=STYLES[index], label=label)
    axes.plot([], [], color=FAINT, linewidth=0.9, label=wording.chance)
    axes.set_xlabel(wording.x, color=INK)
    axes.set_ylabel(wording.y, color=INK)
    axes.legend(
        loc="upper left",
        bbox_to_anchor=(1.02, 1),
        frameon=False,
        fontsize=8.5,
        title=wording.legend,
        title_fontsize=8.5,
        alignment="left",
        handlelength=3.4,
        labelspacing=0.7,
    )
    return figure


def _apart(curves: Sequence[ClassCurve], wording: Wording) -> Figure:
    columns = min(6, max(4, math.ceil(math.sqrt(len(curves)))))
    rows = math.ceil(len(curves) / columns)
    facts = (*wording.facts, f"in each panel: {wording.legend}")
    figure = page(1.9 * columns + 0.4, 2.1 * rows + 1.1, wording.title, *facts)
    panels = list(figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).flat)
    for index, (axes, curve) in enumerate(zip(panels, curves, strict=False)):
        _frame(axes, [curve.chance])
        _draw(axes, curve, COLOURS[0])
        axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
        axes.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
        axes.tick_params(labelbottom=index + columns >= len(curves))
        axes.set_title(shown(curve.name, 24), fontsize=8.5, color=INK)
        said = curve.said.replace(", ", "\n")
        axes.text(0.97, 0.05, said, ha="right", va="bottom", fontsize=7.5, color=INK, linespacing=1.3)
    for axes in panels[len(curves) :]:
        axes.set_visible(False)
    figure.supxlabel(wording.x, fontsize=9.5, color=INK)
    figure.supylabel(wording.y, fontsize=9.5, color=INK)
    return figure


def _frame(axes: Axes, chances: Sequence[float | None]) -> None:
    plain(axes)
    for height in dict.fromkeys(chances):
        ends = (0, 1) if height is None else (height, height)
        axes.plot([0, 1], ends, color=FAINT, linewidth=0.9)
    axes.set(xlim=(-0.015, 1.015), ylim=(-0.015, 1.015), aspect="equal")


def _draw(axes: Axes, curve: ClassCurve, colour: str, **style: object) -> None:
    if curve.points is None:
        if "label" in style:
            axes.plot([], [], color="none", label=str(style["label"]))
        return
    if curve.band is not None:
        axes.fill_between(curve.band.at, curve.band.lower, curve.band.upper, color=colour, alpha=0.15, linewidth=0)
    axes.plot(*curve.points, color=colour, linewidth=1.7, **style)  # type: ignore[arg-type]
