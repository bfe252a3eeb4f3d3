"""Whether the network is as good for every part of what is judged."""

from collections.abc import Sequence

from cervinet.evaluation.intervals import FEW_GROUPS
from cervinet.evaluation.metric_names import metric_title
from cervinet.evaluation.subgroups import Part, Subgroups
from cervinet.report.estimates import cell
from cervinet.report.html import Html, block, bullets, faint, joined, name, paragraph, plot, section, table, text
from cervinet.report.plots.subgroups import subgroups_plot


def subgroups_section(found: Sequence[Subgroups], unit: str = "picture") -> Html:
    """A figure and a table a column, with the gaps in words; `unit` is "picture" or "group"."""
    heading = text("Subgroups")
    lead = paragraph(
        text(
            "A network that is good on average can be bad for some patients, sites or devices: each line shows one "
            f"part of the {unit}s, and where it lies apart from the grey band, the network does better or worse there."
        )
    )
    return section("subgroups", heading, lead, *(_column(one, unit) for one in found))


def _column(found: Subgroups, unit: str) -> Html:
    heading = block("h3", joined(text("By"), name(found.column)))
    if not found.parts:
        return joined(heading, paragraph(text(f"Not known: {found.caution}.")))
    said = bullets(map(text, found.gaps))
    if not found.gaps:
        said = paragraph(text("No part is seen to differ from the others.")) if found.compared else Html("")
    remarks = [found.caution] if found.caution else []
    if found.unknown:
        without = f"1 {unit} has" if found.unknown == 1 else f"{found.unknown:,} {unit}s have"
        remarks.append(f"{without} no value of {found.column}, and are in none of the parts")
    if any(part.small for part in found.parts):
        remarks.append(f"small: of fewer than {FEW_GROUPS} groups, whose intervals are too short to be compared")
    if any("–" in part.value for part in found.parts):
        remarks.append("a band of numbers holds its lower end, not its upper")
    remarks += _reasons(found.parts)
    groups = unit != "group"
    counts = [f"{unit}s", "groups"] if groups else [f"{unit}s"]
    rows = [_row(part, groups) for part in found.parts]
    if found.whole is not None:
        rows.append(_row(found.whole, groups))
    heads = [
        name(found.column),
        *map(text, counts),
        *(_head(key) for key in found.parts[0].metrics),
    ]
    return joined(
        heading,
        said,
        plot(subgroups_plot(found, unit), f"Metrics of each part by {found.column}"),
        table(
            text(f"Each part, and all {unit}s of known value below the line"),
            heads,
            rows,
            ruled=None if found.whole is None else len(found.parts),
        ),
        bullets(map(text, remarks)),
    )


def _head(key: str) -> Html:
    metric, colon, label = key.partition(":")
    return joined(text(metric_title(metric)), name(label)) if colon else text(metric_title(metric))


def _row(part: Part, groups: bool) -> list[Html]:
    value = joined(name(part.value), faint("small")) if part.small else name(part.value)
    counts = [part.images, part.groups] if groups else [part.images]
    return [
        value,
        *(text(f"{count:,}") for count in counts),
        *map(cell, part.metrics.values()),
    ]


def _reasons(parts: Sequence[Part]) -> list[str]:
    """Why a value or an interval is missing, once for each part and reason."""
    said: dict[tuple[str, str], list[str]] = {}
    for part in parts:
        for key, estimate in part.metrics.items():
            if estimate.reason:
                said.setdefault((part.value, estimate.reason), []).append(metric_title(key))
    return [f"{value}: {', '.join(titles)}: {reason}" for (value, reason), titles in said.items()]
