"""An estimate in words and figures."""

from collections.abc import Iterable

from cervinet.evaluation.intervals import Estimate
from cervinet.report.html import Html, faint, joined, text

NO_VALUE = "–"


def percent(share: float) -> str:
    """`95 %`, `97.5 %`."""
    return f"{round(100 * share, 1):g} %"


def value_text(estimate: Estimate) -> str:
    """`0.812`; a dash where it cannot be known."""
    return NO_VALUE if estimate.value is None else f"{estimate.value:.3f}"


def interval_text(estimate: Estimate) -> str:
    """`0.770 – 0.851`; a dash where there is none."""
    if estimate.lower is None or estimate.upper is None:
        return NO_VALUE
    return f"{estimate.lower:.3f} – {estimate.upper:.3f}"


def with_interval(estimate: Estimate) -> str:
    """`0.812 (0.770 – 0.851)`, `0.812 (no interval)`, or a dash."""
    if estimate.value is None:
        return NO_VALUE
    interval = interval_text(estimate)
    return f"{value_text(estimate)} ({'no interval' if interval == NO_VALUE else interval})"


def cell(estimate: Estimate) -> Html:
    """For a table: the value, and its interval below."""
    if estimate.value is None:
        return text(NO_VALUE)
    return joined(text(value_text(estimate)), faint(interval_text(estimate)))


def reasons(named: Iterable[tuple[str, Estimate]]) -> list[str]:
    """Why values or intervals are missing: `name, name: reason`, each reason once."""
    found: dict[str, list[str]] = {}
    for name, estimate in named:
        if estimate.reason and name not in found.setdefault(estimate.reason, []):
            found[estimate.reason].append(name)
    return [f"{', '.join(names)}: {reason}." for reason, names in found.items()]
