"""How much worse the network gets as pictures get worse."""

from cervinet.evaluation.contrasts import signed
from cervinet.evaluation.intervals import Estimate
from cervinet.evaluation.robustness import Degraded, Robustness, what_hurts_most
from cervinet.report.estimates import value_text
from cervinet.report.html import Html, block, faint, joined, paragraph, plot, section, table, text
from cervinet.report.plots.robustness import robustness_curves


def robustness_section(robustness: Robustness, note: str = "") -> Html:
    """The sentence of what hurts most, the curves, and a table of every step.

    Args:
        robustness: with one kind of damage at least.
        note: what must be said with every number ("synthetic phantoms").
    """
    severities = sorted({step.severity for step in robustness.steps})
    before = robustness.undamaged["accuracy"]
    columns = [text("damage"), *(text(_head(severity, severities[-1])) for severity in severities)]
    rows = []
    for kind in robustness.kinds():
        of = {step.severity: step for step in robustness.of(kind)}
        rows.append([text(kind), *(_cell(of.get(severity)) for severity in severities)])
    level = f"{100 * robustness.confidence:g} %"
    images = f"{robustness.images:,} pictures of {robustness.groups:,} groups"
    return section(
        "robustness",
        text("When pictures are worse"),
        paragraph(
            text(
                "The same pictures were judged again after they were blurred, compressed, darkened and so on, as may "
                "happen with another camera or in another clinic: a network that can be relied upon loses little."
            ),
            style="lead",
        ),
        paragraph(text(what_hurts_most(robustness))),
        plot(
            robustness_curves(robustness, note=note or None),
            "accuracy against the severity of each kind of damage; the table below has the numbers",
        ),
        paragraph(
            text(
                "A flat line is good; a line that leaves the dashed one early marks a damage that the network must be "
                "guarded from. The damage is done by a program: real blur or real light differ."
            )
        ),
        table(
            text(
                f"Accuracy on damaged pictures, {images}; of the undamaged it is {value_text(before)}. Below it the "
                f"change, damaged minus undamaged of the same pictures, with its {level} interval."
            ),
            columns,
            rows,
            style="words",
        ),
        block("p", faint(f"With {len(robustness.steps)} steps, some intervals leave 0 by chance alone.")),
    )


def _head(severity: int, last: int) -> str:
    return f"{severity} (slight)" if severity == 1 else f"{severity} (worst)" if severity == last else f"{severity}"


def _cell(step: Degraded | None) -> Html:
    if step is None:
        return text("–")
    accuracy, change = step.metrics["accuracy"], step.fall["accuracy"]
    return joined(text(value_text(accuracy)), *map(faint, (*_change(change), step.amount)))


def _change(change: Estimate) -> tuple[str, ...]:
    if change.value is None:
        return ("change unknown",)
    known = change.lower is not None and change.upper is not None
    interval = f"{signed(change.lower)} to {signed(change.upper)}" if known else "no interval"
    return signed(change.value), f"({interval})"
