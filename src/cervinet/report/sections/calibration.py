"""Whether probabilities mean what they say, before and after calibration."""

from collections.abc import Mapping

from cervinet.evaluation.intervals import Estimate
from cervinet.evaluation.metric_names import metric_name
from cervinet.evaluation.reliability import Calibrated
from cervinet.report.estimates import cell, missing
from cervinet.report.html import Html, faint, joined, name, paragraph, plot, section, table, text
from cervinet.report.plots.reliability import class_reliability, reliability_diagrams


def calibration_section(
    calibrated: Calibrated,
    *,
    fitted: str,
    split: str,
    confidence: float,
    note: str | None = None,
    unit: str = "picture",
) -> Html:
    """Reliability diagrams and a table of errors before and after.

    Args:
        calibrated: what was found.
        fitted: what was done, `Calibration.in_words()`.
        split: of what is judged.
        confidence: of the intervals, in (0, 1).
        note: what a reader must know of the data, such as "synthetic phantoms".
        unit: "picture" or "group".
    """
    heading = text("Do the probabilities mean what they say?")
    changed = calibrated.method != "none"
    explained = (
        f"Of the {unit}s for which the network gives its answer a probability of 80 %, 80 % should be right. Dots on "
        "the line say that they are; below it the network is surer than it is right, above it less sure. Bars are "
        f"{100 * confidence:g} % intervals; long ones mean that there are few {unit}s."
    )
    figures = [
        plot(
            reliability_diagrams(calibrated, split=split, note=note, unit=unit),
            "Share of right answers over the probability of the predicted class",
        ),
        plot(
            class_reliability(calibrated.after[1:], split=split, note=note),
            f"Share of {unit}s of each class over its probability" + (", after calibration" if changed else ""),
        ),
    ]
    return section(
        "calibration",
        heading,
        paragraph(text(explained), text(f"Calibration: {fitted}.")),
        *figures,
        _errors(calibrated, changed, unit),
        _weak(calibrated, changed),
    )


def _errors(calibrated: Calibrated, changed: bool, unit: str) -> Html:
    columns: dict[str, Mapping[str, Estimate]] = {"value": calibrated.metrics["after"]}
    if changed:
        columns = {**calibrated.metrics, "after − before": calibrated.change}
    names = list(calibrated.metrics["after"])
    rows = [[_metric(key), *(cell(column[key]) for column in columns.values())] for key in names]
    remark = (
        f"A calibration error is a sum of sizes of gaps, which chance alone makes larger: with few {unit}s it lies "
        "above 0 for a perfect network, and its interval may lie above it."
    )
    lacking = missing(
        (f"{metric_name(key).title}, {head}", column[key]) for head, column in columns.items() for key in names
    )
    heads = [text("lower is better"), *map(text, columns)]
    return Html(
        table(text("Errors of the probabilities"), heads, rows) + paragraph(text(remark), style="faint") + lacking
    )


def _metric(key: str) -> Html:
    known = metric_name(key)
    return joined(text(known.title), faint(known.meaning))


def _weak(calibrated: Calibrated, changed: bool) -> Html:
    """Intercept and slope of each question; nothing where none was asked."""
    stages = ("before", "after") if changed else ("after",)
    if not calibrated.weak.get("after"):
        return Html("")
    columns = [("intercept", when) for when in stages] + [("slope", when) for when in stages]
    heads = [f"{what}, {when}" if changed else what for what, when in columns]
    rows, lacking = [], []
    for number, one in enumerate(calibrated.weak["after"]):
        found = [getattr(calibrated.weak[when][number], what) for what, when in columns]
        rows.append([name(one.of), *map(cell, found)])
        lacking += [(f"{head} of {one.of}", each) for head, each in zip(heads, found, strict=True)]
    remark = (
        "Intercept: 0 is ideal; above it probabilities are too low on average, below it too high. Slope: 1 is ideal; "
        "below it probabilities are too extreme, above it too timid."
    )
    caption = text("Calibration intercept and slope of each question")
    return Html(
        table(caption, [text("positive"), *map(text, heads)], rows) + paragraph(text(remark)) + missing(lacking)
    )
