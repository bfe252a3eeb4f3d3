"""Estimates as the text of a table: value and interval, and below the table why one is missing."""

from collections.abc import Iterable

from cervinet.evaluation.intervals import Estimate
from cervinet.report.html import Html, bullets, faint, joined, text


def quoted(estimate: Estimate, digits: int = 3, scale: float = 1) -> Html:
    """`0.938 (0.902–0.969)`, in a table on two lines; a dash without a value, `(no interval)` without one of these."""
    if estimate.value is None:
        return text("–")
    value = _number(estimate.value * scale, digits)
    if estimate.lower is None or estimate.upper is None:
        return joined(text(value), faint("(no interval)"))
    lower, upper = _number(estimate.lower * scale, digits), _number(estimate.upper * scale, digits)
    between = " to " if estimate.lower < 0 else "–"
    return joined(text(value), faint(f"({lower}{between}{upper})"))


def _number(value: float, digits: int) -> str:
    shown = f"{value:.{digits}f}"
    return f"−{shown[1:]}" if float(shown) < 0 else shown.removeprefix("-")


def reasons(estimates: Iterable[tuple[str, Estimate]]) -> Html:
    """A line for each reason that a value or an interval is missing, with the names it holds for; none without."""
    of: dict[str, list[str]] = {}
    for label, estimate in estimates:
        if estimate.reason:
            of.setdefault(estimate.reason, []).append(label)
    if not of:
        return Html("")
    return bullets(joined(text(f"{', '.join(dict.fromkeys(labels))}:"), text(reason)) for reason, labels in of.items())
