"""What the input gate says of the judged pictures."""

from collections.abc import Mapping
from typing import Any

from cervinet.evaluation.intervals import Estimate
from cervinet.report.estimates import cell, missing, percent
from cervinet.report.html import Html, code, faint, joined, paragraph, section, table, text

_MEANING = {
    "dark": "darker than usual",
    "bright": "brighter than usual",
    "blurred": "less fine detail than usual",
    "small": "enlarged more than usual, and at least doubled",
    "unlike": "colours, detail or what the network sees are far from all pictures of training",
    "any": "at least one of these",
}


def gate_section(flagged: Mapping[str, Estimate], gate: Mapping[str, Any]) -> Html:
    """A row for each flag.

    Args:
        flagged: share of the judged pictures by flag; "any" and "refused" among them.
        gate: of the card.
    """
    refuse = gate["refuse"]
    settled = (
        f"Each picture is held against the {gate['n']:,} validation pictures that the limits are of. Of new pictures "
        f"like these each flag is to be for {percent(gate['share'])} by chance; where it is for many more, the "
        "pictures are others than the network was made for, and its metrics here are no promise for them."
    )
    rows = [
        [
            joined(text(flag), faint(_MEANING[flag])),
            cell(flagged[flag]),
            text("not assessed" if flag in refuse else "–"),
        ]
        for flag in _MEANING
    ]
    rows[-1][-1] = cell(flagged["refused"]) if refuse else text("–")
    what = (
        text(
            "Pictures with a flag in whose row this stands get no class in use. The metrics of this report are of all."
        )
        if refuse
        else joined(
            text("A flag is shown beside the class and changes nothing;"),
            code("gate.refuse"),
            text("names flags with which a picture is to get no class."),
        )
    )
    return section(
        "gate",
        text("Input gate"),
        paragraph(text(settled)),
        table(
            text("Share of the judged pictures that are flagged"),
            list(map(text, ("flag", "share", "in use"))),
            rows,
            style="words",
            ruled=len(rows) - 1,
        ),
        paragraph(what),
        missing((flag, flagged[flag]) for flag in _MEANING),
    )
