"""Every metric with its interval: of all pictures, of all groups, and of each class."""

from collections.abc import Sequence

from cervinet.evaluation.evaluate import Evaluation
from cervinet.evaluation.intervals import FEW_GROUPS
from cervinet.evaluation.metric_names import metric_name
from cervinet.report.data_overview import counted
from cervinet.report.estimates import cell, interval_text, percent, reasons, value_text
from cervinet.report.html import Html, bullets, faint, joined, name, paragraph, section, table, text
from cervinet.report.unit import UNITS


def metrics_section(evaluation: Evaluation, unit: str, other: Evaluation | None) -> Html:
    """Tables of all metrics.

    Args:
        evaluation: of the unit.
        unit: "image" or "group".
        other: of the other unit; None where every image is its own group.
    """
    meaning = (
        f"Each figure stands with its {percent(evaluation.confidence)} interval, the values that these pictures are "
        "compatible with: were the study repeated on other patients like these, about so many of its intervals would "
        "hold the true value. An interval that reaches the value of chance proves nothing."
    )
    units = [(unit, evaluation)] + ([("group" if unit == "image" else "image", other)] if other else [])
    return section(
        "metrics",
        text("Metrics"),
        paragraph(text(meaning)),
        _overall(units),
        *(_per_class(one, found) for one, found in units),
        *_finer(evaluation),
        _notes(units),
    )


def _overall(units: Sequence[tuple[str, Evaluation]]) -> Html:
    heads = ["metric", *(head for unit, _ in units for head in (f"by {UNITS[unit]}", "interval", "n")), "better is"]
    rows = []
    for key in units[0][1].metrics:
        known = metric_name(key)
        row = [joined(text(known.title), faint(known.meaning)) if known.meaning else text(known.title)]
        for _, found in units:
            estimate = found.metrics[key]
            row += [text(value_text(estimate)), text(interval_text(estimate)), text(f"{estimate.n:,}")]
        rows.append([*row, text("" if known.better == "neither" else known.better)])
    said = [f"{counted(found.images, UNITS[unit])}" for unit, found in units]
    return table(text(f"Overall: {' and '.join(said)}"), list(map(text, heads)), rows, style="numbers marked figures")


def _per_class(unit: str, evaluation: Evaluation) -> Html:
    keys = list(next(iter(evaluation.per_class.values())))
    rows = [
        [name(label), text(f"{count:,}"), *(cell(evaluation.per_class[label][key]) for key in keys)]
        for label, count in zip(evaluation.classes, evaluation.support.tolist(), strict=True)
    ]
    heads = ["class", f"{UNITS[unit]}s", *(metric_name(key).title for key in keys)]
    return table(text(f"Each class against the others, by {UNITS[unit]}"), list(map(text, heads)), rows)


def _finer(evaluation: Evaluation) -> list[Html]:
    finer = evaluation.subclasses
    if finer is None:
        return []
    rows = [
        [text(metric_name(key).title), text(value_text(found)), text(interval_text(found)), text(f"{found.n:,}")]
        for key, found in finer.metrics.items()
    ]
    heads = list(map(text, ("metric", "value", "interval", "n")))
    return [table(text(f"Sub-classes: {counted(finer.images, 'picture')} whose sub-class is known"), heads, rows)]


def _notes(units: Sequence[tuple[str, Evaluation]]) -> Html:
    found = []
    for _, evaluation in units:
        overall = [(metric_name(key).title, one) for key, one in evaluation.metrics.items()]
        each = [
            (f"{metric_name(key).title} of {label!r}", one)
            for label, of in evaluation.per_class.items()
            for key, one in of.items()
        ]
        found += reasons([*overall, *each])
    first = units[0][1]
    if first.groups < FEW_GROUPS:
        found.insert(
            0, f"With {counted(first.groups, 'group')}, intervals are too short; about {FEW_GROUPS} are needed."
        )
    if first.repeats > 1:
        found.insert(0, f"Every picture was predicted {first.repeats} times; values are means over these repeats.")
    if first.unreadable:
        found.insert(0, f"Not judged, for they could not be read: {counted(first.unreadable, 'picture')}.")
    methods = {one.method for one in first.metrics.values() if one.method != "none"}
    found += [f"Intervals: {method}." for method in sorted(methods)]
    return bullets(text(line) for line in dict.fromkeys(found)) if found else Html("")
