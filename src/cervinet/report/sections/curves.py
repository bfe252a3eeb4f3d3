"""What every threshold would give: ROC, and precision over recall."""

from cervinet.evaluation.curves import Bands, bands
from cervinet.evaluation.evaluate import Evaluation
from cervinet.evaluation.intervals import Resampling
from cervinet.evaluation.predictions import Predictions
from cervinet.report import plots
from cervinet.report.estimates import percent
from cervinet.report.html import Html, paragraph, plot, section, text
from cervinet.report.unit import PICTURE


def curves_section(
    predictions: Predictions, evaluation: Evaluation, how: Resampling | None, note: str, unit: str = PICTURE
) -> Html:
    """Both curves of each class, with bands where `how` says how to draw them; `unit` is "picture" or "group"."""
    roc = (
        "The ROC curve shows, for every threshold, how many of the class are found (upwards) at the price of how many "
        "false alarms among the others (to the right). A curve in the upper left corner is good; the diagonal is "
        "chance."
    )
    recall = (
        "Precision and recall show, for every threshold, how many of those called the class are of it (upwards) when "
        "so many of it are found (to the right). Unlike the ROC curve it depends on how common the class is among the "
        f"judged {unit}s, and so will be lower in a screened population."
    )
    found = bands(predictions, how) if how else Bands((), ())
    curves = plots.roc_curves(predictions, evaluation, bands=found.roc or None, note=note or None, unit=unit)
    steps = plots.precision_recall_curves(
        predictions, evaluation, bands=found.precision_recall or None, note=note or None, unit=unit
    )
    without = [label for label, band in zip(predictions.classes, found.roc, strict=False) if band is None]
    return section(
        "curves",
        text("ROC and precision–recall curves"),
        paragraph(text(roc)),
        plot(curves, "ROC curve of each class"),
        paragraph(text(recall)),
        plot(steps, "precision over recall of each class"),
        *([paragraph(text(_band_note(how, without)), style="faint")] if how else []),
    )


def _band_note(how: Resampling, without: list[str]) -> str:
    said = (
        f"Bands: {percent(how.confidence)} percentile bootstrap, {how.draws:,} draws of groups, at each place by "
        "itself; a whole curve leaves its band more often."
    )
    return said + (f" Too few groups for a band: {', '.join(map(repr, without))}." if without else "")
