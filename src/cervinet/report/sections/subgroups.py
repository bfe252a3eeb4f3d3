"""Whether the network is as good for every part of the images."""

from collections.abc import Sequence

from cervinet.evaluation.intervals import Estimate
from cervinet.evaluation.subgroups import FEW_GROUPS, Part, Subgroups
from cervinet.evaluation.titles import metric_title
from cervinet.report.html import Html, block, bullets, code, faint, joined, name, paragraph, plot, section, table, text
from cervinet.report.plots.subgroups import subgroups_plot


def subgroups_section(found: Sequence[Subgroups]) -> Html:
    """A figure and a table a column, with the gaps in words."""
    heading = text("Subgroups")
    if not found:
        return section(
            "subgroups",
            heading,
            paragraph(
                text("Whether the network does worse for some patients, sites or devices was not looked at:"),
                code("evaluation.subgroups"),
                text("names no column."),
            ),
        )
    lead = paragraph(
        text(
            "A network that is good on average can be bad for some patients, sites or devices: each line shows one "
            "part of the images, and where it lies apart from the grey band, the network does better or worse there."
        )
    )
    return section("subgroups", heading, lead, *(_column(one) for one in found))


def _column(found: Subgroups) -> Html:
    said = bullets(map(text, found.gaps))
    if not found.gaps:
        said = paragraph(text("No part is seen to differ from the others.")) if found.compared else Html("")
    remarks = [found.caution] if found.caution else []
    if found.unknown:
        images = "1 image has" if found.unknown == 1 else f"{found.unknown:,} images have"
        remarks.append(f"{images} no value of {found.column}, and are in none of the parts")
    if any(part.small for part in found.parts):
        remarks.append(f"small: of fewer than {FEW_GROUPS} groups, whose intervals are too short to be compared")
    if any("–" in part.value for part in found.parts):
        remarks.append("a band of numbers holds its lower end, not its upper")
    remarks += _reasons(found.parts)
    rows = [_row(part) for part in found.parts]
    if found.whole is not None:
        rows.append(_row(found.whole))
    heads = [name(found.column), *map(text, ("images", "groups")), *(_head(key) for key in found.parts[0].metrics)]
    return joined(
        block("h3", joined(text("By"), name(found.column))),
        said,
        plot(subgroups_plot(found), f"Metrics of each part by {found.column}"),
        table(
            text("Each part, and all images of known value below the line"),
            heads,
            rows,
            ruled=None if found.whole is None else len(found.parts),
        ),
        bullets(map(text, remarks)),
    )


def _head(key: str) -> Html:
    metric, colon, label = key.partition(":")
    return joined(text(metric_title(metric)), name(label)) if colon else text(metric_title(metric))


def _row(part: Part) -> list[Html]:
    value = joined(name(part.value), faint("small")) if part.small else name(part.value)
    return [value, text(f"{part.images:,}"), text(f"{part.groups:,}"), *map(_cell, part.metrics.values())]


def _cell(estimate: Estimate) -> Html:
    if estimate.value is None:
        return text("–")
    interval = "no interval" if estimate.lower is None else f"{estimate.lower:.3f}–{estimate.upper:.3f}"
    return joined(text(f"{estimate.value:.3f}"), faint(interval))


def _reasons(parts: Sequence[Part]) -> list[str]:
    """Why a value or an interval is missing, once for each part and reason."""
    said: dict[tuple[str, str], list[str]] = {}
    for part in parts:
        for key, estimate in part.metrics.items():
            if estimate.reason:
                said.setdefault((part.value, estimate.reason), []).append(metric_title(key))
    return [f"{value}: {', '.join(titles)}: {reason}" for (value, reason), titles in said.items()]
