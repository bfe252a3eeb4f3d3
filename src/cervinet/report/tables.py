"""An evaluation as rows of text."""

from collections.abc import Sequence

from cervinet.evaluation.evaluate import Evaluation
from cervinet.evaluation.intervals import FEW_GROUPS, Estimate
from cervinet.evaluation.operating import AtPoint
from cervinet.report.names import shortened

SHORT = {"average_precision": "avg prec", "sensitivity": "sens", "specificity": "spec"}
"""Names of columns, so that a row of a class fits a terminal of 80."""

_POSITIVE, _RULE = 18, 30
"""Widths of columns of operating points."""

PARTS = {
    "": ("accuracy", "balanced_accuracy", "log_loss", "auroc_macro", "sensitivity_macro", "specificity_macro"),
    "of the predicted class": ("ppv_macro", "npv_macro", "f1_macro"),
    "agreement beyond chance": ("mcc", "kappa", "kappa_linear", "kappa_quadratic"),
    "order of the probabilities": (
        *("auroc_weighted", "auroc_micro", "auroc_hand_till"),
        *("average_precision_macro", "average_precision_weighted", "average_precision_micro"),
    ),
    "truth of the probabilities": ("brier", "ece", "ece_equal_mass", "ece_classwise", "ece_classwise_equal_mass"),
}
"""The metrics over all pictures as they are shown: the headline first, then the rest by subject."""


def overall_rows(evaluation: Evaluation) -> tuple[list[list[str]], list[str]]:
    """Name, value, interval and n of every metric over all pictures; and why a value or interval is missing.

    A row with a name alone is the heading of those below.
    """
    rows: list[list[str]] = []
    reasons: dict[str, list[str]] = {}
    shown = [name for names in PARTS.values() for name in names]
    others = tuple(name for name in evaluation.metrics if name not in shown)
    for heading, names in [*PARTS.items(), ("others", others)]:
        known = [name for name in names if name in evaluation.metrics]
        if heading and known:
            rows.append([heading, "", "", ""])
        for name in known:
            estimate, words = evaluation.metrics[name], name.replace("_", " ")
            rows.append([f"  {words}" if heading else words, *_cells(estimate), str(estimate.n)])
            if estimate.reason:
                reasons.setdefault(estimate.reason, []).append(words)
    notes = [f"{', '.join(names)}: {reason}" for reason, names in reasons.items()]
    if evaluation.groups < FEW_GROUPS:
        notes.append(f"from {evaluation.groups} groups; below about {FEW_GROUPS} these intervals are too short")
    return rows, notes


def point_rows(points: Sequence[AtPoint]) -> tuple[list[str], list[list[str]]]:
    """Columns and a row an operating point; a table of at most 80 characters."""
    rows = [
        [
            shortened(" or ".join(one.point.positive), _POSITIVE),
            shortened(one.point.rule, _RULE),
            f"{one.point.threshold:.3f}",
            *("–" if value.value is None else f"{value.value:.3f}" for value in (one.sensitivity, one.specificity)),
        ]
        for one in points
    ]
    return ["positive", "chosen for", "threshold", *(SHORT[name] for name in ("sensitivity", "specificity"))], rows


def _cells(estimate: Estimate) -> tuple[str, str]:
    value = "–" if estimate.value is None else f"{estimate.value:.3f}"
    known = estimate.lower is not None and estimate.upper is not None
    return value, f"{estimate.lower:.3f} – {estimate.upper:.3f}" if known else "–"


def per_class_table(evaluation: Evaluation, unit: str) -> tuple[list[str], list[list[str]]]:
    """Columns and a row a class, without the intervals, which `metrics.json` holds; `unit` is "image" or "group"."""
    names = list(next(iter(evaluation.per_class.values())))
    rows = [
        [label, str(int(count)), *("–" if e.value is None else f"{e.value:.3f}" for e in estimates.values())]
        for (label, estimates), count in zip(evaluation.per_class.items(), evaluation.support, strict=True)
    ]
    return ["class", f"{unit}s", *(SHORT.get(name, name) for name in names)], rows
