"""Receiver operating characteristic of each class against the others."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from cervinet.evaluation.curves import Band, roc_curve
from cervinet.evaluation.evaluate import Evaluation
from cervinet.evaluation.predictions import Predictions
from cervinet.report.plots.curve_panels import Wording, class_curves, curve_panels, facts
from cervinet.report.unit import PICTURE


def roc_curves(
    predictions: Predictions,
    evaluation: Evaluation,
    *,
    bands: Sequence[Band | None] | None = None,
    note: str | None = None,
    unit: str = PICTURE,
) -> Figure:
    """One curve a class with its area and interval: in one panel up to five classes, else in one panel each.

    Args:
        predictions: what to draw.
        evaluation: of these predictions.
        bands: of each class, as `evaluation.curves.bands` gives them.
        note: what a reader must know of the data, such as "synthetic phantoms".
        unit: the word for one of what is judged, "picture" or "group".
    """
    # Already steps: straight lines join the points, and slope only where scores tie, as the area counts them.
    curves = class_curves(predictions, evaluation, roc_curve, _area, bands, unit)
    return curve_panels(
        curves,
        Wording(
            title="ROC curve of each class against the others",
            facts=facts(evaluation, bands, note, unit),
            x="False positive rate (1 − specificity)",
            y="True positive rate (sensitivity)",
            legend=f"AUC ({100 * evaluation.confidence:g} % interval), {unit}s of the class",
            chance="chance  0.50",
        ),
        evaluation.split,
    )


def _area(evaluation: Evaluation, name: str) -> str:
    area = evaluation.per_class[name]["auroc"]
    interval = "no interval" if area.lower is None else f"{area.lower:.3f}–{area.upper:.3f}"
    return f"{area.value:.3f} ({interval})"
