"""The findings of an audit as sections of a page: their pictures side by side, at most so many of each kind."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cervinet.data.audit.findings import KINDS, Action, Finding
from cervinet.data.manifest import Manifest
from cervinet.escape import for_terminal
from cervinet.report.data_overview import counted
from cervinet.report.findings import DONE, Found
from cervinet.report.html import (
    Html,
    block,
    bullets,
    code,
    drawing,
    faint,
    figure,
    image,
    joined,
    mark,
    name,
    paragraph,
    section,
    table,
    text,
)
from cervinet.report.names import shortened
from cervinet.report.thumbnails import SIDE, Thumbnail

FINDINGS_SHOWN = 24
"""Of each kind: a page with a picture of every finding would not open."""

PICTURES_SHOWN = 6
"""Of each finding: a row on a screen; a group of near-duplicates may have hundreds."""

LINES_SHOWN = 200
"""Of findings that are shown as lines of text."""

NAME_WIDTH = 90
"""Characters of a file's name under its picture; of a longer one the middle goes."""

UNSEEN = frozenset({"unreadable"})
"""Kinds whose pictures cannot be shown."""

_WHAT_WAS_DONE: dict[Action, str] = {
    "error": "An error: there is no training until the data are mended or something else is done about it.",
    "exclude": "Left out: pictures marked so are used nowhere.",
    "group": "Kept together: such pictures form derived groups, which no split divides.",
    "warn": "A warning: nothing was changed.",
}


@dataclass(frozen=True)
class Shown:
    """What is known of the pictures beside what the manifest says.

    Attributes:
        manifest: the one that the findings' rows are of.
        splits: where each row stands: train, val, test, "left out"; "" where that is not known.
        sizes: width and height in pixels of each row; empty where they are not known.
        thumbnails: by row; None where the picture cannot be read.
    """

    manifest: Manifest
    splits: Sequence[str]
    sizes: Sequence[tuple[int, int]]
    thumbnails: Mapping[int, Thumbnail | None]


def rows_shown(kinds: Sequence[Found]) -> list[int]:
    """The rows whose thumbnails `finding_section` needs, each once."""
    rows = {
        row
        for found in kinds
        if found.kind not in UNSEEN
        for finding in _with_pictures(found)[:FINDINGS_SHOWN]
        for row in finding.rows[:PICTURES_SHOWN]
    }
    return sorted(rows)


def place_of(found: Found) -> str:
    """The id of its section."""
    return f"{found.kind}-{found.action}"


def finding_section(found: Found, shown: Shown) -> Html:
    """Title, meaning, what was done and how to change that, and the findings."""
    kind = KINDS[found.kind]
    numbers = counted(len(found.findings), "finding")
    if found.pictures:
        numbers += f", {counted(found.pictures, 'picture')}"
    of_a_step = found.kind == "no_region"
    setting = code("without") if of_a_step else code(f"data.check.{found.kind}")
    setting = joined(text("To have something else done, set"), setting)
    where = "for the step that crops" if of_a_step else "in the configuration"
    was = "whole_image" if of_a_step and found.action == "warn" else found.action
    now = joined(text(f"{where}; it is"), code(was), text("now."))
    return section(
        place_of(found),
        joined(text(kind.title), mark(DONE[found.action], found.action), faint(numbers)),
        paragraph(text(kind.meaning)),
        paragraph(text(_WHAT_WAS_DONE[found.action]), setting, now),
        *_findings(found, shown),
    )


def _with_pictures(found: Found) -> list[Finding]:
    return [finding for finding in found.findings if finding.rows]


def _findings(found: Found, shown: Shown) -> Iterator[Html]:
    whole = [finding for finding in found.findings if not finding.rows]
    if whole:
        yield bullets(text(finding.detail) for finding in whole[:LINES_SHOWN])
        yield _limit(len(whole), LINES_SHOWN)
    pictured = _with_pictures(found)
    if not pictured:
        return
    if found.kind in UNSEEN:
        yield _lines(pictured[:LINES_SHOWN], shown.manifest)
        yield _limit(len(pictured), LINES_SHOWN)
        return
    yield block("div", *(_finding(finding, shown) for finding in pictured[:FINDINGS_SHOWN]), style="findings")
    yield _limit(len(pictured), FINDINGS_SHOWN)


def _limit(number: int, limit: int) -> Html:
    if number <= limit:
        return Html("")
    rest = f"The first {limit} of {number:,} are shown;"
    return paragraph(text(rest), code("data_issues.csv"), text(f"lists all, {number - limit:,} more."), style="note")


def _lines(findings: Sequence[Finding], manifest: Manifest) -> Html:
    labels = manifest.table["label"]
    rows = [
        [name(manifest.table["image"][row]), name(labels[row] or "–"), text(finding.detail)]
        for finding in findings
        for row in finding.rows
    ]
    return table(
        text("Files and what is wrong with them"), [text("file"), text("label"), text("reason")], rows, style="words"
    )


def _finding(finding: Finding, shown: Shown) -> Html:
    pictures = [_picture(row, shown) for row in finding.rows[:PICTURES_SHOWN]]
    rest = len(finding.rows) - PICTURES_SHOWN
    lines = [paragraph(text(finding.detail))] if finding.detail else []
    lines.append(block("div", *pictures, style="pictures"))
    if rest > 0:
        lines.append(paragraph(text(f"and {counted(rest, 'more picture')}"), style="faint"))
    return block("div", *lines, style="finding")


def _picture(row: int, shown: Shown) -> Html:
    table = shown.manifest.table
    file, label, finer, group = (table[column][row] for column in ("image", "label", "sublabel", "group"))
    facts = [joined(*(name(part) for part in (label, finer) if part), between=" / ")] if label else []
    facts += [text(shown.splits[row])] if shown.splits[row] else []
    if shown.sizes and min(shown.sizes[row]) > 0:
        facts.append(text(f"{shown.sizes[row][0]}×{shown.sizes[row][1]}"))
    if group:
        facts.append(joined(text("group"), name(group)))
    file = shortened(for_terminal(file), NAME_WIDTH)
    caption = joined(name(file), block("span", joined(*facts, between=" · "), style="faint"))
    return figure(_image(shown.thumbnails[row], f"thumbnail of {file}"), caption)


def _image(thumbnail: Thumbnail | None, alt: str) -> Html:
    if thumbnail is not None:
        return image(thumbnail.jpeg, alt, thumbnail.width, thumbnail.height, enlarged=thumbnail.enlarged)
    return drawing(
        SIDE,
        SIDE,
        f"no {alt}: it cannot be read",
        f'<rect x="1" y="1" width="{SIDE - 2}" height="{SIDE - 2}" fill="#fff" stroke="#767676" stroke-dasharray="5"/>',
        '<path d="M62 52 L98 88 M98 52 L62 88" stroke="#767676" stroke-width="3"/>',
        f'<text x="{SIDE / 2}" y="118" text-anchor="middle" font-size="13" fill="#5f5f5f">cannot be read</text>',
    )
