"""Whether probabilities mean what they say, before and after calibration."""

from collections.abc import Mapping

from cervinet.evaluation.intervals import Estimate
from cervinet.evaluation.reliability import Calibrated
from cervinet.report.html import Html, name, paragraph, plot, section, table, text
from cervinet.report.plots.reliability import class_reliability, reliability_diagrams
from cervinet.report.quoted import quoted, reasons

_WORDS = {
    "log_loss": "log-loss, nats",
    "brier": "Brier score, 0 to 2",
    "ece": "calibration error of the predicted class (ECE, 15 bins of equal width)",
    "ece_equal_mass": "the same in 15 bins of equally many images",
    "ece_classwise": "calibration error, mean over the classes (15 bins of equal width)",
    "ece_classwise_equal_mass": "the same in 15 bins of equally many images",
}


def calibration_section(
    calibrated: Calibrated | None, *, fitted: str, split: str, confidence: float, note: str | None = None
) -> Html:
    """Reliability diagrams and a table of errors before and after.

    Args:
        calibrated: None where no logits are known.
        fitted: what was done, `Calibration.in_words()`.
        split: of the judged images.
        confidence: of the intervals, in (0, 1).
        note: what a reader must know of the data, such as "synthetic phantoms".
    """
    heading = text("Do the probabilities mean what they say?")
    if calibrated is None:
        why = "Not known: these predictions have no logits, from which the probabilities before calibration follow."
        return section("calibration", heading, paragraph(text(why)))
    changed = calibrated.method != "none"
    explained = (
        "Of the images for which the network gives its answer a probability of 80 %, 80 % should be right. Dots on "
        "the line say that they are; below it the network is surer than it is right, above it less sure. Bars are "
        f"{100 * confidence:g} % intervals; long ones mean that there are few images."
    )
    figures = [
        plot(
            reliability_diagrams(calibrated, split=split, note=note),
            "Share of right answers over the probability of the predicted class",
        ),
        plot(
            class_reliability(calibrated.after[1:], split=split, note=note),
            "Share of images of each class over its probability" + (", after calibration" if changed else ""),
        ),
    ]
    return section(
        "calibration",
        heading,
        paragraph(text(explained), text(f"Calibration: {fitted}.")),
        *figures,
        _errors(calibrated, changed),
        _weak(calibrated, changed),
    )


def _errors(calibrated: Calibrated, changed: bool) -> Html:
    columns: dict[str, Mapping[str, Estimate]] = {"value": calibrated.metrics["after"]}
    if changed:
        columns = {**calibrated.metrics, "after − before": calibrated.change}
    names = list(calibrated.metrics["after"])
    rows = [[text(_WORDS.get(key, key)), *(quoted(column[key]) for column in columns.values())] for key in names]
    remark = (
        "A calibration error is a sum of sizes of gaps, which chance alone makes larger: with few images it lies above "
        "0 for a perfect network, and its interval may lie above it."
    )
    missing = reasons((f"{key}, {head}", column[key]) for head, column in columns.items() for key in names)
    heads = [text("lower is better"), *map(text, columns)]
    return Html(
        table(text("Errors of the probabilities"), heads, rows) + paragraph(text(remark), style="faint") + missing
    )


def _weak(calibrated: Calibrated, changed: bool) -> Html:
    """Intercept and slope of each question; nothing where none was asked."""
    stages = ("before", "after") if changed else ("after",)
    if not calibrated.weak.get("after"):
        return Html("")
    columns = [("intercept", when) for when in stages] + [("slope", when) for when in stages]
    heads = [f"{what}, {when}" if changed else what for what, when in columns]
    rows, missing = [], []
    for number, one in enumerate(calibrated.weak["after"]):
        cells = [getattr(calibrated.weak[when][number], what) for what, when in columns]
        rows.append([name(one.of), *map(quoted, cells)])
        missing += [(f"{head} of {one.of}", cell) for head, cell in zip(heads, cells, strict=True)]
    remark = (
        "Intercept: 0 is ideal; above it probabilities are too low on average, below it too high. Slope: 1 is ideal; "
        "below it probabilities are too extreme, above it too timid."
    )
    caption = text("Calibration intercept and slope of each question")
    return Html(
        table(caption, [text("positive"), *map(text, heads)], rows) + paragraph(text(remark)) + reasons(missing)
    )
