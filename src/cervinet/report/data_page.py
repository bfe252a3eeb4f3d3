"""`data_report.html`: what an audit found, with the pictures side by side, as one file."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np

from cervinet.data.audit.findings import Finding
from cervinet.data.manifest import Manifest
from cervinet.progress import Progress
from cervinet.report.appearance import Measurements, appearance_section
from cervinet.report.data_overview import counted, counts_section, left_out_section
from cervinet.report.finding_sections import Shown, finding_section, place_of, rows_shown
from cervinet.report.findings import DONE, Found, by_kind, finding_sentences
from cervinet.report.html import (
    Html,
    block,
    code,
    joined,
    link,
    mark,
    name,
    paragraph,
    section,
    table,
    text,
    write_page,
)
from cervinet.report.thumbnails import thumbnails

LEFT_OUT = "left out"


def write_data_page(
    path: Path,
    manifest: Manifest,
    findings: Sequence[Finding],
    *,
    used: Manifest | None = None,
    measured: Measurements | None = None,
    config: str = "",
    progress: Progress,
) -> None:
    """Write the page; it needs no network, no script and no other file.

    Args:
        path: where to; replaced in one step.
        manifest: the pictures that were audited, whose row numbers the findings hold.
        findings: what was found.
        used: the pictures that are left, with the groups and splits they will have; None where that was not decided.
        measured: a row for each picture of `manifest`; None leaves sizes and colours out.
        config: name of the config that was checked.
        progress: shows how many thumbnails are made.
    """
    kinds = by_kind(findings)
    splits = _splits(manifest, used)
    sizes = []
    if measured is not None:
        sizes = list(zip(np.asarray(measured.width).tolist(), np.asarray(measured.height).tolist(), strict=True))
    shown = Shown(manifest, splits, sizes, thumbnails(manifest, rows_shown(kinds), progress))
    write_page(path, "Data report", _body(shown, kinds, used, measured, config))


def _splits(manifest: Manifest, used: Manifest | None) -> list[str]:
    """Where each row stands; "left out" where it is not used, "" where it is in no split."""
    images = manifest.table["image"]
    if used is None:
        return [split or "" for split in manifest.table["split"]]
    of = dict(zip(used.table["image"], used.table["split"], strict=True))
    return [(of[image] or "") if image in of else LEFT_OUT for image in images]


def _body(
    shown: Shown, kinds: Sequence[Found], used: Manifest | None, measured: Measurements | None, config: str
) -> Iterator[Html]:
    manifest = shown.manifest
    yield _header(manifest, config)
    yield _summary(kinds)
    yield counts_section(manifest if used is None else used)
    yield left_out_section(manifest, used)
    if measured is not None:
        yield appearance_section(manifest, measured, shown.splits)
    for found in kinds:
        yield finding_section(found, shown)


def _header(manifest: Manifest, config: str) -> Html:
    what = f"{counted(len(manifest), 'picture')}"
    if manifest.classes:
        what += f" in {len(manifest.classes)} classes"
    lines = [Html("<h1>Data report</h1>\n"), paragraph(text(f"{what} under"), name(manifest.root), style="lead")]
    by = f" by the config '{config}'" if config else ""
    lines.append(paragraph(text(f"Checked on {datetime.now():%Y-%m-%d at %H:%M}{by}."), style="faint"))
    if manifest.note:
        lines.append(paragraph(text(f"These are {manifest.note}."), style="note"))
    return block("header", *lines)


def _summary(kinds: Sequence[Found]) -> Html:
    rows = [
        [
            link(place_of(found), text(found.title)),
            text(f"{len(found.findings):,}"),
            text(f"{found.pictures:,}" if found.pictures else "–"),
            mark(DONE[found.action], found.action),
        ]
        for found in kinds
    ]
    sentences = finding_sentences([finding for found in kinds for finding in found.findings])
    parts = [paragraph(text(sentence)) for sentence in sentences]
    if rows:
        columns = [text(head) for head in ("finding", "findings", "pictures", "done")]
        parts.insert(0, table(text("Each kind of finding, errors first"), columns, rows, style="numbers marked"))
        parts.append(
            paragraph(text("Every finding is a line of"), joined(code("data_issues.csv"), text("."), between=""))
        )
    return section("findings", text("What was found"), *parts)
