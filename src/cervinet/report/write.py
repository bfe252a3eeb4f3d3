"""Metrics and plots of an evaluation, as files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from cervinet.evaluation.curves import Bands, bands
from cervinet.files import write_json
from cervinet.report import plots
from cervinet.report.material import Material
from cervinet.report.model_card_page import write_model_card
from cervinet.report.page import write_report
from cervinet.report.plots.decision import decision_curves
from cervinet.report.plots.reliability import reliability_diagrams
from cervinet.report.plots.robustness import robustness_curves
from cervinet.report.unit import UNITS


def write_assessment(material: Material, folder: Path, *, report: bool, more: Mapping[str, Any] | None = None) -> None:
    """Write metrics.json (with `more`), plots/ and, where a report is wanted, report.html and model_card.md."""
    found, note = material.assessment, material.note or None
    values = found.to_json() | ({"note": note} if note else {}) | dict(more or {})
    write_json(folder / "metrics.json", values)
    evaluation, predictions, unit = found.evaluation, found.predictions, UNITS[found.unit]
    confusion = plots.confusion_matrix(
        evaluation.confusion, evaluation.classes, split=evaluation.split, groups=evaluation.groups, note=note, unit=unit
    )
    drawn = bands(predictions, material.how) if material.how else Bands((), ())
    figures = {
        "confusion_matrix": confusion,
        "roc": plots.roc_curves(predictions, evaluation, bands=drawn.roc or None, note=note, unit=unit),
        "precision_recall": plots.precision_recall_curves(
            predictions, evaluation, bands=drawn.precision_recall or None, note=note, unit=unit
        ),
    }
    if found.calibrated:
        figures["reliability"] = reliability_diagrams(found.calibrated, split=evaluation.split, note=note, unit=unit)
    if found.decisions:
        figures["decision_curve"] = decision_curves(
            found.decisions, split=evaluation.split, confidence=evaluation.confidence, note=note
        )
    if found.robustness:
        figures["robustness"] = robustness_curves(found.robustness, note=note)
    for name, figure in figures.items():
        plots.save(figure, folder / "plots" / f"{name}.png")
    if report:
        write_report(folder / "report.html", material)
        write_model_card(folder / "model_card.md", material)


def write_progress(
    history: list[dict[str, float]], monitor: str, path: Path, note: str, judged: int | None = None
) -> None:
    """Redraw the curves of the epochs so far, of which each was judged on so many pictures."""
    drawn = plots.training_progress(pd.DataFrame(history), monitor=monitor, note=note or None, judged=judged)
    plots.save(drawn, path)
