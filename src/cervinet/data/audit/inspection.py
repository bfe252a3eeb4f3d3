"""What is wrong with a data set, and what follows for its rows.

`inspect` looks at the pictures themselves, before they are divided; `leaks` at the division; `shortcuts` at
what gives classes and splits away. All number the rows as the manifest that was measured does.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cervinet.data.audit.components import components
from cervinet.data.audit.findings import KINDS, Action, Finding, Pair
from cervinet.data.audit.measurements import Measurements
from cervinet.data.audit.quality import flagged
from cervinet.data.manifest import Manifest

Policies = Mapping[str, str]
"""By kind of finding: error, exclude, group, warn, or ignore for what is not looked for."""

IMBALANCE = 10.0
"""How many times the pictures of the smallest class the largest must have; from there on, a network that never names
the smallest is hardly wrong on average."""

FIRST_STAYS = ("duplicates", "near_duplicates", "group_leaks", "duplicate_leaks")
"""Kinds whose findings name first the picture that stays when the others are excluded."""


def inspect(
    manifest: Manifest, measured: Measurements, pairs: Sequence[Pair], policies: Policies, image_size: tuple[int, int]
) -> list[Finding]:
    """Everything that can be said before the pictures are divided.

    Args:
        manifest: n pictures with labels.
        measured: of the same n pictures.
        pairs: of `find_pairs`.
        policies: what to do about each kind; kinds that it lacks or that are "ignore" are not looked for.
        image_size: (height, width) that the network sees.

    Returns:
        Findings in the order of KINDS, then of the rows.
    """
    found = [
        *(("unreadable", (row,), str(measured.error[row])) for row in np.flatnonzero(~measured.readable).tolist()),
        *_alike(manifest.table, pairs),
        *((kind, (row,), detail) for kind, row, detail in flagged(measured, image_size)),
        *_imbalance(manifest),
    ]
    findings = [finding for finding in (with_action(policies, *one) for one in found) if finding]
    return sorted(findings, key=lambda finding: list(KINDS).index(finding.kind))


def with_action(policies: Policies, kind: str, rows: tuple[int, ...], detail: str) -> Finding | None:
    """A finding with what its kind's policy says; None where that is to look away."""
    action: dict[str, Action] = {"error": "error", "exclude": "exclude", "group": "group", "warn": "warn"}
    chosen = action.get(policies.get(kind, "ignore"))
    return Finding(kind, chosen, rows, detail) if chosen else None


def excluded(findings: Iterable[Finding]) -> NDArray[np.int64]:
    """The rows that are left out because a finding's action is "exclude", ascending.

    Of pictures that are the same the first stays. Of pictures that are the same under two labels none does, nor any
    copy of them, for it is not known which label is right. Of leaks the side that is trained on goes.
    """
    findings = list(findings)
    leaving: set[int] = set()
    doubtful: set[int] = set()
    for finding in findings:
        if finding.action == "exclude":
            leaving.update(finding.rows[1:] if finding.kind in FIRST_STAYS else finding.rows)
            doubtful.update(finding.rows if finding.kind in ("label_conflicts", "near_conflicts") else ())
    for finding in findings:
        if finding.kind == "duplicates" and doubtful.intersection(finding.rows):
            leaving.update(finding.rows)
    return np.array(sorted(leaving), np.int64)


def clusters(n: int, findings: Iterable[Finding]) -> NDArray[np.int64]:
    """What must stay together because a finding's action is "group", or "error": what is to be mended is no leak too.

    Returns:
        The smallest row of each row's cluster, int64 (n,); a row that nothing joins is a cluster of its own.
    """
    grouped = [finding.rows for finding in findings if finding.action in ("group", "error")]
    return components(n, ((rows[0], other) for rows in grouped for other in rows[1:]))


def _alike(table: pd.DataFrame, pairs: Sequence[Pair]) -> Iterator[tuple[str, tuple[int, ...], str]]:
    """One a pair: (a row, its copy), so that every picture but the first of those alike is a copy once."""
    labels = table["label"].to_numpy()
    for row, copy, pair in _from_the_first(pairs):
        conflict = labels[row] != labels[copy] and labels[row] is not None and labels[copy] is not None
        if pair.exact:
            kind, detail = "label_conflicts" if conflict else "duplicates", "equal pixels"
        else:
            kind = "near_conflicts" if conflict else "near_duplicates"
            how = pair.how or "no visible change"
            detail = f"{how if row == pair.first else f'the other from it: {how}'}; likeness {pair.likeness:.2f}"
        yield kind, (row, copy), f"{labels[row]} and {labels[copy]}: {detail}" if conflict else detail


def _from_the_first(pairs: Sequence[Pair]) -> Iterator[tuple[int, int, Pair]]:
    """Each pair as (nearer to the first picture of those alike, further from it, the pair)."""
    beside: dict[int, list[Pair]] = {}
    for pair in pairs:
        beside.setdefault(pair.first, []).append(pair)
        beside.setdefault(pair.second, []).append(pair)
    seen: set[int] = set()
    for start in sorted(beside):
        waiting = [] if start in seen else [start]
        seen.add(start)
        for row in waiting:
            for pair in beside[row]:
                other = pair.second if pair.first == row else pair.first
                if other not in seen:
                    seen.add(other)
                    waiting.append(other)
                    yield row, other, pair


def _imbalance(manifest: Manifest) -> Iterator[tuple[str, tuple[int, ...], str]]:
    counts = manifest.table["label"].value_counts()
    counts = counts[counts > 0]
    if len(counts) > 1 and counts.iloc[0] >= IMBALANCE * counts.iloc[-1]:
        yield (
            "imbalance",
            (),
            f"'{counts.index[0]}' has {counts.iloc[0]:,} pictures, '{counts.index[-1]}' {counts.iloc[-1]:,}: "
            f"{counts.iloc[0] / counts.iloc[-1]:.0f} times as many",
        )
