"""Metrics and plots of an evaluation, as files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from cervinet.files import write_json
from cervinet.report import plots
from cervinet.report.material import Material


def write_assessment(material: Material, folder: Path, *, report: bool, more: Mapping[str, Any] | None = None) -> None:
    """Write metrics.json (with `more`), plots/ and, where a report is wanted, report.html and model_card.md."""
    found, note = material.assessment, material.note or None
    values = found.to_json() | ({"note": note} if note else {}) | dict(more or {})
    write_json(folder / "metrics.json", values)
    evaluation, predictions = found.evaluation, found.predictions
    confusion = plots.confusion_matrix(
        evaluation.confusion, evaluation.classes, split=evaluation.split, groups=evaluation.groups, note=note
    )
    plots.save(confusion, folder / "plots" / "confusion_matrix.png")
    plots.save(plots.roc_curves(predictions, evaluation, note=note), folder / "plots" / "roc.png")


def write_progress(
    history: list[dict[str, float]], monitor: str, path: Path, note: str, judged: int | None = None
) -> None:
    """Redraw the curves of the epochs so far, of which each was judged on so many pictures."""
    drawn = plots.training_progress(pd.DataFrame(history), monitor=monitor, note=note or None, judged=judged)
    plots.save(drawn, path)
