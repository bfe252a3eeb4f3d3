"""An evaluation as rows of text."""

from cervinet.evaluation.evaluate import Evaluation

FEW_GROUPS = 20
"""Below, percentile bootstrap intervals cover less than they say: docs/decisions/0004-intervals.md."""


def overall_rows(evaluation: Evaluation) -> tuple[list[list[str]], list[str]]:
    """Name, value, interval and n of every metric over all pictures; and why a value or interval is missing."""
    rows: list[list[str]] = []
    reasons: dict[str, list[str]] = {}
    for name, estimate in evaluation.metrics.items():
        value = "–" if estimate.value is None else f"{estimate.value:.3f}"
        known = estimate.lower is not None and estimate.upper is not None
        interval = f"{estimate.lower:.3f} – {estimate.upper:.3f}" if known else "–"
        rows.append([name.replace("_", " "), value, interval, str(estimate.n)])
        if estimate.reason:
            reasons.setdefault(estimate.reason, []).append(name.replace("_", " "))
    notes = [f"{', '.join(names)}: {reason}" for reason, names in reasons.items()]
    if evaluation.groups < FEW_GROUPS:
        notes.append(f"from {evaluation.groups} groups; below about {FEW_GROUPS} these intervals are too short")
    return rows, notes


def per_class_table(evaluation: Evaluation) -> tuple[list[str], list[list[str]]]:
    """Columns and a row a class, without the intervals, which `metrics.json` holds."""
    names = list(next(iter(evaluation.per_class.values())))
    rows = [
        [label, str(int(count)), *("–" if e.value is None else f"{e.value:.3f}" for e in estimates.values())]
        for (label, estimates), count in zip(evaluation.per_class.items(), evaluation.support, strict=True)
    ]
    return ["class", "images", *names], rows
