"""Receiver operating characteristic of each class against the others."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from cervinet.evaluation.curves import Band, roc_curve
from cervinet.evaluation.evaluate import Evaluation
from cervinet.evaluation.intervals import Estimate
from cervinet.evaluation.predictions import Predictions
from cervinet.evaluation.statistics import Array
from cervinet.report.plots.canvas import counted, shown
from cervinet.report.plots.curve_panels import ClassCurve, Wording, curve_panels

FALSE_RATE = "False positive rate (1 − specificity)"
TRUE_RATE = "True positive rate (sensitivity)"


def roc_curves(
    predictions: Predictions,
    evaluation: Evaluation,
    *,
    bands: Sequence[Band | None] | None = None,
    note: str | None = None,
) -> Figure:
    """One curve a class with its area and interval: in one panel up to five classes, else in one panel each.

    Args:
        predictions: what to draw.
        evaluation: of these predictions.
        bands: of each class, as `evaluation.curves.bands` gives them.
        note: what a reader must know of the data, such as "synthetic phantoms".
    """
    curves = [
        ClassCurve(name, _area(evaluation, name), _points(predictions, index), bands[index] if bands else None)
        for index, name in enumerate(predictions.classes)
    ]
    interval = f"{100 * evaluation.confidence:g} %"
    return curve_panels(
        curves,
        Wording(
            title=f"ROC curve of each class against the others, {shown(predictions.split)} split",
            facts=(
                counted(evaluation.images, evaluation.groups),
                f"bands: {interval}, pointwise" if bands and any(bands) else None,
                note and shown(note, 60),
            ),
            x=FALSE_RATE,
            y=TRUE_RATE,
            legend=f"AUC ({interval} interval), images of the class",
            chance="chance  0.50",
        ),
    )


def _points(predictions: Predictions, index: int) -> tuple[Array, Array] | None:
    """None for want of images of the class or of others."""
    positive = predictions.labels == index
    if not positive.any() or positive.all():
        return None
    # Already steps: straight lines join the points, and slope only where scores tie, as the area counts them.
    return roc_curve(positive, predictions.probabilities[:, index])


def _area(evaluation: Evaluation, name: str) -> str:
    images = int(evaluation.support[evaluation.classes.index(name)])
    area: Estimate = evaluation.per_class[name]["auroc"]
    if area.value is None:
        return "no images" if images == 0 else "no images of other classes"
    interval = "no interval" if area.lower is None else f"{area.lower:.3f}–{area.upper:.3f}"
    return f"{area.value:.3f} ({interval}), {images:,} images"
