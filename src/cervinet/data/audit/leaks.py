"""Training pictures that are, or belong to, pictures the network is judged on."""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cervinet.data.audit.components import components
from cervinet.data.audit.findings import Finding, Pair
from cervinet.data.audit.inspection import Policies, with_action
from cervinet.data.manifest import SPLITS


def leaks(table: pd.DataFrame, groups: pd.Series, pairs: Sequence[Pair], policies: Policies) -> list[Finding]:
    """Groups, and pictures that show the same, with a foot in two splits.

    Args:
        table: n rows with the column `split`. A row without a split (one that is left out) leaks nothing, but
            pictures that are alike through it are still alike.
        groups: group of each row, in the order of the table; None where there is none.
        pairs: of `find_pairs`, over the same n rows.
        policies: what to do about `group_leaks` and `duplicate_leaks`.

    Returns:
        A finding a group or cluster. Its first row stands in the split that judges most (test, then val); the other
        rows are those in other splits, which have to leave if the leak is to be closed.
    """
    order = {name: rank for rank, name in enumerate(SPLITS)}
    ranks = np.array([order.get(split, -1) for split in table["split"]], np.int64)
    codes, names = pd.factorize(groups.to_numpy(object))  # -1 where there is none
    alike = components(len(table), ((pair.first, pair.second) for pair in pairs))
    found = [("group_leaks", rows, f"group '{names[codes[rows[0]]]}': {where}") for rows, where in _torn(codes, ranks)]
    found += [("duplicate_leaks", rows, where) for rows, where in _torn(alike, ranks)]
    return [finding for finding in (with_action(policies, *one) for one in found) if finding]


def _torn(parts: NDArray[np.int64], ranks: NDArray[np.int64]) -> Iterator[tuple[tuple[int, ...], str]]:
    """For each part in two splits: one row that judges, then all that must leave; and `2 in train, 1 in test`."""
    rows = np.flatnonzero((ranks >= 0) & (parts >= 0))
    rows = rows[np.argsort(parts[rows], kind="stable")]
    for there in np.split(rows, np.flatnonzero(np.diff(parts[rows])) + 1):
        counts = Counter(ranks[there].tolist())
        if len(counts) > 1:
            judging = ranks[there] == max(counts)
            where = ", ".join(f"{counts[rank]} in {SPLITS[rank]}" for rank in sorted(counts))
            yield (int(there[judging][0]), *there[~judging].tolist()), where
