"""Findings as rows of data_issues.csv, and as the error that stops a run."""

from collections.abc import Iterable, Sequence

import pandas as pd

from cervinet.data.audit.findings import KINDS, Finding
from cervinet.data.audit.inspection import FIRST_STAYS
from cervinet.data.manifest import Manifest
from cervinet.errors import CervinetError, DataError, LeakageError
from cervinet.escape import for_terminal

COLUMNS = ["finding", "action", "image", "label", "split", "of", "detail"]

_SHOWN = 5
_WAY_OUT = {"near_conflicts": "group", "near_duplicates": "group", "shortcuts": "warn", "imbalance": "warn"}


def issue_rows(manifest: Manifest, findings: Iterable[Finding]) -> pd.DataFrame:
    """A row for each picture that a finding concerns, then one for each file that the reader passed over.

    Args:
        manifest: whose rows the findings number.
        findings: in the order in which they are to be listed.

    Returns:
        Text columns: finding (key of KINDS, or "ignored"), action, image, label, split, of (the picture that it is a
        copy of, or shares a group with), detail. A finding about the whole data set has a row without an image.
    """
    images, labels, splits = (_text(manifest.table[column]) for column in ("image", "label", "split"))
    rows: list[tuple[str, ...]] = []
    for finding in findings:
        what = (finding.kind, finding.action)
        if not finding.rows:
            rows.append((*what, "", "", "", "", finding.detail))
        for row, other in _with_other(finding):
            of = "" if other is None else images[other]
            rows.append((*what, images[row], labels[row], splits[row], of, finding.detail))
    for image, reason in zip(manifest.ignored["image"], manifest.ignored["reason"], strict=True):
        rows.append(("ignored", "exclude", str(image), "", "", "", str(reason)))
    return pd.DataFrame(rows, columns=COLUMNS, dtype=object)


def _with_other(finding: Finding) -> list[tuple[int, int | None]]:
    """The rows concerned, each with the one that it is a copy of."""
    first, *others = finding.rows or (None,)
    if first is None:
        return []
    if not others:
        return [(first, None)]
    found: list[tuple[int, int | None]] = [(row, first) for row in others]
    return found if finding.kind in FIRST_STAYS else [(first, others[0]), *found]


def problem(findings: Sequence[Finding], manifest: Manifest) -> CervinetError | None:
    """What stops a run, in one error: a LeakageError where something leaks, else a DataError; None if nothing does."""
    stopping = [finding for finding in findings if finding.action == "error"]
    if not stopping:
        return None
    kinds = list(dict.fromkeys(finding.kind for finding in stopping))
    parts = [_paragraph(kind, [one for one in stopping if one.kind == kind], manifest) for kind in kinds]
    leaking = any(KINDS[kind].leak for kind in kinds)
    return (LeakageError if leaking else DataError)("\n".join(parts))


def _paragraph(kind: str, findings: Sequence[Finding], manifest: Manifest) -> str:
    """A sentence on a kind and the way out, and indented lines: all that cannot be read, the first few of others."""
    way_out = f"data.check.{kind}={_WAY_OUT.get(kind, 'exclude')}"
    if kind == "no_region":
        way_out = "`without: whole_image` for the step that crops"
    if kind == "unreadable":
        count = f"{len(findings):,} of {len(manifest):,} pictures"
        head = f"{count} cannot be read; replace or remove them, or set {way_out}:"
        return "\n".join([head, *(f"  {finding.detail}" for finding in findings)])
    lines = [_line(finding, manifest) for finding in findings[:_SHOWN]]
    if len(findings) > _SHOWN:
        lines.append(f"  and {len(findings) - _SHOWN:,} more")
    what = KINDS[kind]
    head = (
        f"{what.title}: {len(findings):,}. {what.meaning} Correct the data (`cervinet data check` shows the pictures), "
        f"or set {way_out}:"
    )
    return "\n".join([head, *lines])


def _line(finding: Finding, manifest: Manifest) -> str:
    images = [for_terminal(manifest.table["image"].iloc[row]) for row in finding.rows[: _SHOWN + 1]]
    more = len(finding.rows) - len(images)
    names = ", ".join(images) + (f" and {more:,} more" if more else "")
    return f"  {names}: {for_terminal(finding.detail)}" if names else f"  {for_terminal(finding.detail)}"


def _text(column: "pd.Series[str]") -> list[str]:
    return ["" if value is None or value != value else str(value) for value in column]
