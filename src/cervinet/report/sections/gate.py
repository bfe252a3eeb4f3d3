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
        f"The limits are from {gate['n']:,} validation pictures, so that each flags about {percent(gate['share'])} of "
        "new pictures of the same kind. Where it flags many more, the pictures are of another kind than the network "
        "was made for, and its metrics may not hold for them."
    )
    heads, rows = (
        ["flag", "share"],
        [[joined(text(flag), faint(_MEANING[flag])), cell(flagged[flag])] for flag in _MEANING],
    )
    if refuse:
        heads.append("not assessed in use")
        for flag, row in zip(_MEANING, rows, strict=True):
            row.append(cell(flagged["refused"]) if flag == "any" else text("yes" if flag in refuse else "no"))
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
            list(map(text, heads)),
            rows,
            style="words",
            ruled=len(rows) - 1,
        ),
        paragraph(what),
        missing((flag, flagged[flag]) for flag in _MEANING),
    )
