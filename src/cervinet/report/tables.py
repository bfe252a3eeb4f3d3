"""An evaluation as rows of text."""

from cervinet.evaluation.evaluate import Evaluation
from cervinet.evaluation.intervals import Estimate


def interval_text(estimate: Estimate) -> str:
    """`0.812 (0.760–0.861)`, or why there is no number."""
    if estimate.value is None:
        return f"not computed: {estimate.reason}"
    if estimate.lower is None or estimate.upper is None:
        return f"{estimate.value:.3f} (no interval: {estimate.reason})"
    return f"{estimate.value:.3f} ({estimate.lower:.3f}–{estimate.upper:.3f})"


def overall_rows(evaluation: Evaluation) -> list[list[str]]:
    """Name, value with interval, n of every metric over all pictures."""
    return [
        [name.replace("_", " "), interval_text(estimate), str(estimate.n)]
        for name, estimate in evaluation.metrics.items()
    ]


def per_class_table(evaluation: Evaluation) -> tuple[list[str], list[list[str]]]:
    """Columns and a row a class, without the intervals, which `metrics.json` holds."""
    names = list(next(iter(evaluation.per_class.values())))
    rows = [
        [label, str(int(count)), *("–" if e.value is None else f"{e.value:.3f}" for e in estimates.values())]
        for (label, estimates), count in zip(
            evaluation.per_class.items(), evaluation.confusion.sum(axis=1), strict=True
        )
    ]
    return ["class", "images", *names], rows
