"""Precision over recall of each class against the others."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from cervinet.evaluation.curves import Band, precision_recall_curve
from cervinet.evaluation.evaluate import Evaluation
from cervinet.evaluation.predictions import Predictions
from cervinet.evaluation.statistics import Array
from cervinet.report.plots.canvas import counted, shown
from cervinet.report.plots.curve_panels import ClassCurve, Wording, curve_panels

_AREAS = ("auprc", "average_precision")


def precision_recall_curves(
    predictions: Predictions,
    evaluation: Evaluation,
    *,
    bands: Sequence[Band | None] | None = None,
    note: str | None = None,
) -> Figure:
    """One curve of steps a class, beside the precision of chance: the share of the class.

    Args:
        predictions: what to draw.
        evaluation: of these predictions; the area below the curve is shown if it is among its metrics.
        bands: of each class, as `evaluation.curves.bands` gives them.
        note: what a reader must know of the data, such as "synthetic phantoms".
    """
    shares = np.bincount(predictions.labels, minlength=len(predictions.classes)) / max(1, len(predictions.labels))
    curves = [
        ClassCurve(
            name,
            _said(evaluation, name, share),
            _steps(predictions, index),
            bands[index] if bands else None,
            float(share),
        )
        for index, (name, share) in enumerate(zip(predictions.classes, shares, strict=True))
    ]
    interval = f"{100 * evaluation.confidence:g} %"
    area = "area, " if _area_name(evaluation) else ""
    return curve_panels(
        curves,
        Wording(
            title=f"Precision and recall of each class against the others, {shown(predictions.split)} split",
            facts=(
                counted(evaluation.images, evaluation.groups),
                f"bands: {interval}, pointwise" if bands and any(bands) else None,
                note and shown(note, 60),
            ),
            x="Recall (sensitivity)",
            y="Precision (positive predictive value)",
            legend=f"{area}share of the class, images of the class",
            chance="chance: the share of each class",
        ),
    )


def _steps(predictions: Predictions, index: int) -> tuple[Array, Array] | None:
    """The corners; None for want of images of the class or of others."""
    positive = predictions.labels == index
    if not positive.any() or positive.all():
        return None
    recall, precision = precision_recall_curve(positive, predictions.probabilities[:, index])
    return np.append(0.0, np.repeat(recall, 2)[:-1]), np.repeat(precision, 2)


def _said(evaluation: Evaluation, name: str, share: float) -> str:
    images = int(evaluation.support[evaluation.classes.index(name)])
    if not images or share == 1:
        return "no images" if not images else "no images of other classes"
    area = _area_name(evaluation)
    value = evaluation.per_class[name][area].value if area else None
    return ("" if value is None else f"{value:.3f}, ") + f"{share:.3f}, {images:,} images"


def _area_name(evaluation: Evaluation) -> str:
    known = next(iter(evaluation.per_class.values()), {})
    return next((name for name in _AREAS if name in known), "")
