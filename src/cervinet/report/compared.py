"""A comparison as rows of text."""

from cervinet.evaluation.contrasts import Change, Contrast, signed
from cervinet.report.names import shortened

_WIDTH = 17


def contrast_rows(contrast: Contrast) -> tuple[list[str], list[list[str]], list[str]]:
    """Columns, a row a measure, and why an interval or a p-value is missing; a table of at most 80 characters."""
    several = any(change.test and change.test.adjusted is not None for change in contrast.changes)
    interval = f"{100 * contrast.changes[0].confidence:g} % interval"
    columns = ["measure", "first", "here", "change", interval, "Holm p" if several else "p", "verdict"]
    rows = []
    reasons: dict[str, list[str]] = {}
    for change in contrast.changes:
        difference, test = change.difference, change.test
        bounds = "–" if difference.lower is None else f"{signed(difference.lower)}…{signed(difference.upper)}"
        name = measure_name(change)
        values = (change.reference.value, change.value.value)
        cells = ("–" if value is None else f"{value:.3f}" for value in values)
        rows.append([shortened(name, _WIDTH), *cells, signed(difference.value), bounds, p_text(change), change.verdict])
        for reason in (difference.reason, test.reason if test else None):
            if reason:
                reasons.setdefault(reason, []).append(name)
    return columns, rows, [f"{', '.join(names)}: {reason}" for reason, names in reasons.items()]


def measure_name(change: Change) -> str:
    """The measure, with its class."""
    label = change.measure.label
    return change.measure.title + (f" {label}" if label is not None else "")


def p_text(change: Change) -> str:
    """The p-value, adjusted where there are several runs; `–` where there is none."""
    test = change.test
    if test is None or test.p is None:
        return "–"
    p = test.p if test.adjusted is None else test.adjusted
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def discordant_sentence(contrast: Contrast) -> str:
    """How many pictures only one of the two gets right; empty where each has several predictions."""
    if contrast.gained is None:
        return ""
    return f"it alone is right on {contrast.gained} pictures, the first alone on {contrast.lost}"
