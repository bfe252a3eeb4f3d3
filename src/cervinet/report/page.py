"""`report.html`: all that was found of a network, for clinicians and their statisticians, as one file."""

from collections.abc import Sequence
from pathlib import Path

from cervinet.report.contents import PARTS
from cervinet.report.data_overview import counted
from cervinet.report.html import (
    Html,
    block,
    bullets,
    joined,
    link,
    name,
    navigation,
    paragraph,
    section,
    text,
    write_page,
)
from cervinet.report.material import Material
from cervinet.report.sections.checklist import checklist_section
from cervinet.report.unit import UNITS, WHOLE

CHECKLIST = ("checklist", "Reporting checklists")
MISSING = ("missing", "What is not covered")


def write_report(path: Path, material: Material) -> None:
    """Write the page; it needs no network, no script and no other file. The same material gives the same bytes.

    Args:
        path: where to; replaced in one step.
        material: what is known.
    """
    write_page(path, material.title, _body(material))


def _body(material: Material) -> Sequence[Html]:
    made = [(part, part.make(material)) for part in PARTS]
    shown = [(part.place, part.title) for part, piece in made if piece is not None]
    lacking = [(part.title, part.why(material)) for part, piece in made if piece is None]
    titles = {part.place: part.title for part in PARTS}
    pieces = [piece for _, piece in made if piece is not None]
    if lacking:
        pieces.append(_missing(lacking))
        shown.append(MISSING)
    pieces.append(checklist_section(titles, {place for place, _ in shown}))
    entries = bullets(link(place, text(title)) for place, title in [*shown, CHECKLIST])
    contents = navigation("Contents", paragraph(text("Contents"), style="faint"), entries)
    return [_header(material), block("div", contents, block("div", *pieces, style="parts"), style="beside")]


def _header(material: Material) -> Html:
    found = material.assessment.evaluation
    unit = UNITS[material.assessment.unit]
    of_split = "" if found.split == WHOLE else f" of the {found.split} split"
    judged = text(f"judged on {counted(found.images, unit)}{of_split}.")
    lines = [block("h1", name(material.title)), paragraph(_classes(found.classes), judged, style="lead")]
    if material.note:
        lines.append(paragraph(text(f"These are {material.note}."), style="note"))
    if material.redacted:
        said = (
            "A copy to hand on: codes stand for the names of files and groups, paths are removed, and no pictures are "
            "shown. The codes are of this copy only."
        )
        lines.append(paragraph(text(said), style="note"))
    return block("header", *lines)


def _classes(classes: Sequence[str]) -> Html:
    if len(classes) > 5:
        return text(f"{len(classes)} classes,")
    return joined(joined(*map(name, classes), between=", "), text(","), between="")


def _missing(lacking: Sequence[tuple[str, str]]) -> Html:
    lines = bullets(joined(block("strong", text(f"{title}:")), text(why)) for title, why in lacking)
    return section(MISSING[0], text("What this report does not cover"), lines)
