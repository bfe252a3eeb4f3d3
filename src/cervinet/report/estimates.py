"""An estimate in words and figures."""

from collections.abc import Iterable

from cervinet.evaluation.intervals import Estimate
from cervinet.report.html import Html, bullets, joined, text, unbroken

NO_VALUE = "–"
NO_INTERVAL = "no interval"


def percent(share: float) -> str:
    """`95 %`, `97.5 %`."""
    return f"{round(100 * share, 1):g} %"


def number(value: float, digits: int) -> str:
    """With a true minus sign, which screen readers say; what rounds to nought has none."""
    shown = f"{value:.{digits}f}"
    return f"−{shown[1:]}" if float(shown) < 0 else shown.removeprefix("-")


def value_text(estimate: Estimate, digits: int = 3) -> str:
    """`0.812`; a dash where it cannot be known."""
    return NO_VALUE if estimate.value is None else number(estimate.value, digits)


def interval_text(estimate: Estimate, digits: int = 3) -> str:
    """`0.770 – 0.851`, `−0.126 to 0.004`; a dash where there is none."""
    if estimate.lower is None or estimate.upper is None:
        return NO_VALUE
    between = "to" if estimate.lower < 0 else "–"
    return f"{number(estimate.lower, digits)} {between} {number(estimate.upper, digits)}"


def with_interval(estimate: Estimate, digits: int = 3) -> str:
    """`0.812 (0.770 – 0.851)`, `0.812 (no interval)`, or a dash."""
    if estimate.value is None:
        return NO_VALUE
    interval = interval_text(estimate, digits)
    return f"{value_text(estimate, digits)} ({NO_INTERVAL if interval == NO_VALUE else interval})"


def cell(estimate: Estimate) -> Html:
    """For a table: the value, and its interval below."""
    if estimate.value is None:
        return text(NO_VALUE)
    interval = interval_text(estimate)
    return joined(text(value_text(estimate)), unbroken(NO_INTERVAL if interval == NO_VALUE else interval))


def reasons(named: Iterable[tuple[str, Estimate]]) -> list[str]:
    """Why values or intervals are missing: `name, name: reason`, each reason once."""
    found: dict[str, list[str]] = {}
    for name, estimate in named:
        if estimate.reason and name not in found.setdefault(estimate.reason, []):
            found[estimate.reason].append(name)
    return [f"{', '.join(names)}: {reason}." for reason, names in found.items()]


def missing(named: Iterable[tuple[str, Estimate]]) -> Html:
    """The reasons as a list; nothing where nothing is missing."""
    lines = reasons(named)
    return bullets(map(text, lines)) if lines else Html("")
