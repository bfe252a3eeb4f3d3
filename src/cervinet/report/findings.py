"""What an audit found, kind by kind: for the terminal, and for the heads of the page's sections."""

from collections.abc import Sequence
from dataclasses import dataclass

from cervinet.data.audit.findings import KINDS, Action, Finding
from cervinet.data.manifest import Manifest
from cervinet.escape import for_terminal
from cervinet.report.names import shortened

DONE: dict[Action, str] = {"error": "error", "exclude": "left out", "group": "kept together", "warn": "warning"}
"""In the order in which findings are shown: what must be settled comes first."""

WORDS = ("done", "example")
"""Columns of the table that are no numbers."""

_NAME_WIDTH = 32
_EXAMPLE_WIDTH = 90


@dataclass(frozen=True)
class Found:
    """All findings of one kind with which the same was done, in the order in which they were found."""

    kind: str
    action: Action
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        return KINDS[self.kind].title

    @property
    def pictures(self) -> int:
        """How many pictures are concerned, each counted once; 0 for what concerns the whole data set."""
        return len({row for finding in self.findings for row in finding.rows})


def by_kind(findings: Sequence[Finding]) -> list[Found]:
    """What was found, errors first, then in the order of `KINDS`."""
    kinds: dict[tuple[str, Action], list[Finding]] = {}
    for finding in findings:
        kinds.setdefault((finding.kind, finding.action), []).append(finding)
    actions, names = list(DONE), list(KINDS)
    order = sorted(kinds, key=lambda key: (actions.index(key[1]), names.index(key[0])))
    return [Found(kind, action, tuple(kinds[kind, action])) for kind, action in order]


def finding_rows(manifest: Manifest, findings: Sequence[Finding]) -> tuple[list[str], list[list[str]]]:
    """Columns and a row a kind: what was found, of how many pictures, what is done about it, and the first one."""
    rows = [
        [found.title, f"{found.pictures:,}" if found.pictures else "–", DONE[found.action], _example(manifest, found)]
        for found in by_kind(findings)
    ]
    return ["finding", "pictures", "done", "example"], rows


def finding_sentences(findings: Sequence[Finding]) -> list[str]:
    """What the table comes to: what stands in the way of training and how to let it pass, or that nothing does."""
    if not findings:
        return ["Nothing was found."]
    stopping = list(dict.fromkeys(found.kind for found in by_kind(findings) if found.action == "error"))
    if not stopping:
        return ["None of this stands in the way of training."]
    settings = ", ".join(
        "`without` of the step that crops" if kind == "no_region" else f"data.check.{kind}" for kind in stopping
    )
    return [f"Mend the data of every 'error' before training, or have something else done about it: {settings}."]


def _example(manifest: Manifest, found: Found) -> str:
    """`a.jpg, b.jpg: mirrored left to right`; the detail is left out where it does not fit beside the names."""
    finding = found.findings[0]
    detail = for_terminal(finding.detail)
    if not finding.rows:
        return shortened(detail, _EXAMPLE_WIDTH)
    images = manifest.table["image"]
    names = ", ".join(shortened(for_terminal(images[row]), _NAME_WIDTH) for row in finding.rows[:2])
    if len(finding.rows) > 2:
        names += f" and {len(finding.rows) - 2:,} more"
    return f"{names}: {detail}" if detail and len(names) + 2 + len(detail) <= _EXAMPLE_WIDTH else names
