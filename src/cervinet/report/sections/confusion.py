"""What was taken for what."""

from cervinet.evaluation.evaluate import Evaluation
from cervinet.report import plots
from cervinet.report.html import Html, paragraph, plot, section, text
from cervinet.report.unit import PICTURE


def confusion_section(evaluation: Evaluation, note: str, unit: str = PICTURE) -> Html:
    """The confusion matrix as counts and as shares of each true class; `unit` is "picture" or "group"."""
    meaning = (
        f"A row holds the {unit}s of one true class, a column those that got one answer: right answers stand on the "
        "diagonal. For screening, look at the row of the disease: what it holds off the diagonal was missed."
    )
    figure = plots.confusion_matrix(
        evaluation.confusion,
        evaluation.classes,
        split=evaluation.split,
        groups=evaluation.groups,
        note=note or None,
        unit=unit,
    )
    right, all_ = int(evaluation.confusion.trace()), int(evaluation.confusion.sum())
    alt = f"confusion matrix: {right:,} of {all_:,} on the diagonal"
    return section("confusion", text("Confusion matrix"), paragraph(text(meaning)), plot(figure, alt))
