"""Precision over recall of each class against the others."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from cervinet.evaluation.curves import Band, precision_recall_curve
from cervinet.evaluation.evaluate import Evaluation
from cervinet.evaluation.predictions import Predictions
from cervinet.evaluation.statistics import Array
from cervinet.report.plots.curve_panels import Wording, class_curves, curve_panels, facts
from cervinet.report.unit import PICTURE


def precision_recall_curves(
    predictions: Predictions,
    evaluation: Evaluation,
    *,
    bands: Sequence[Band | None] | None = None,
    note: str | None = None,
    unit: str = PICTURE,
) -> Figure:
    """One curve of steps a class, beside the precision of chance: the share of the class.

    Args:
        predictions: what to draw.
        evaluation: of these predictions.
        bands: of each class, as `evaluation.curves.bands` gives them.
        note: what a reader must know of the data, such as "synthetic phantoms".
        unit: the word for one of what is judged, "picture" or "group".
    """
    shares = dict(
        zip(evaluation.classes, (evaluation.support / max(1, evaluation.support.sum())).tolist(), strict=True)
    )

    def said(judged: Evaluation, name: str) -> str:
        area = judged.per_class[name]["average_precision"].value
        return f"{area:.3f}, {shares[name]:.3f}"

    curves = class_curves(predictions, evaluation, _steps, said, bands, unit)
    return curve_panels(
        [replace(curve, chance=shares[curve.name]) for curve in curves],
        Wording(
            title="Precision and recall of each class against the others",
            facts=facts(evaluation, bands, note, unit),
            x="Recall (sensitivity)",
            y="Precision (positive predictive value)",
            legend=f"average precision, share of the class, {unit}s of the class",
            chance="chance: the share of each class",
        ),
        evaluation.split,
    )


def _steps(positive: NDArray[np.bool_], scores: Array) -> tuple[Array, Array]:
    """The corners."""
    recall, precision = precision_recall_curve(positive, scores)
    return np.append(0.0, np.repeat(recall, 2)[:-1]), np.repeat(precision, 2)
