"""What was taken for what."""

from cervinet.evaluation.evaluate import Evaluation
from cervinet.report import plots
from cervinet.report.html import Html, paragraph, plot, section, text


def confusion_section(evaluation: Evaluation, note: str) -> Html:
    """The confusion matrix as counts and as shares of each true class."""
    meaning = (
        "A row holds the pictures of one true class, a column those that got one answer: right answers stand on the "
        "diagonal. For screening, look at the row of the disease: what it holds off the diagonal was missed."
    )
    figure = plots.confusion_matrix(
        evaluation.confusion,
        evaluation.classes,
        split=evaluation.split,
        groups=evaluation.groups,
        note=note or None,
    )
    right, all_ = int(evaluation.confusion.trace()), int(evaluation.confusion.sum())
    alt = f"confusion matrix: {right:,} of {all_:,} on the diagonal"
    return section("confusion", text("Confusion matrix"), paragraph(text(meaning)), plot(figure, alt))
