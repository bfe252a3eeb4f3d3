"""Metrics and plots of an evaluation, as files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from cervinet.evaluation.evaluate import Evaluation, evaluate
from cervinet.evaluation.intervals import Resampling
from cervinet.evaluation.predictions import Predictions
from cervinet.report import plots
from cervinet.run import write_json


def write_evaluation(
    predictions: Predictions,
    folder: Path,
    *,
    how: Resampling,
    note: str,
    more: Mapping[str, Any] | None = None,
) -> Evaluation:
    """Judge predictions; write metrics.json (with `more`), plots/confusion_matrix.png and plots/roc.png."""
    evaluation = evaluate(predictions, how)
    values = evaluation.to_json() | ({"note": note} if note else {}) | dict(more or {})
    write_json(folder / "metrics.json", values)
    confusion = plots.confusion_matrix(
        evaluation.confusion,
        evaluation.classes,
        split=evaluation.split,
        groups=evaluation.groups,
        note=note or None,
    )
    plots.save(confusion, folder / "plots" / "confusion_matrix.png")
    plots.save(plots.roc_curves(predictions, evaluation, note=note or None), folder / "plots" / "roc.png")
    return evaluation


def write_progress(
    history: list[dict[str, float]], monitor: str, path: Path, note: str, judged: int | None = None
) -> None:
    """Redraw the curves of the epochs so far, of which each was judged on so many pictures."""
    drawn = plots.training_progress(pd.DataFrame(history), monitor=monitor, note=note or None, judged=judged)
    plots.save(drawn, path)
