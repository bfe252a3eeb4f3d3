"""Pictures that are equal, or that one was made from the other, in far less than quadratic time.

Equal pictures have equal digests of their decoded pixels. For the others the hashes of all pictures are sorted, once
for each of several random orders of the bits; each picture, in each of its eight orientations, is then compared with
a few neighbours of its place in the order only, which lie there because they share the first bits. A copy is missed
only if it differs early in every order. However many pictures are alike, the work stays proportional to n log n.

Reference: Charikar, "Similarity estimation techniques from rounding algorithms", 2002 (the search by sorted
permutations of the bits).
"""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from cervinet.data.audit.components import Components
from cervinet.data.audit.findings import Pair
from cervinet.data.audit.fingerprint import (
    HASH_BITS,
    ORIENTATIONS,
    fingerprints,
    likeness,
    oriented_signs,
    signs,
)
from cervinet.data.audit.measurements import Measurements
from cervinet.progress import Progress

LIKENESS = 0.93
"""Least correlation of a near-duplicate; docs/decisions/0010-near-duplicates.md says what was measured."""

_ORDERS = 24
_NEIGHBOURS = 4  # on each side
_MOST_BITS = 16  # that differ; see the decision
_CHUNK = 4096
_NOTICEABLE = 4.0  # grey levels of mean brightness; coding changes it by less than one

Rows = NDArray[np.int64]


def find_pairs(measured: Measurements, progress: Progress, *, near: bool = True) -> list[Pair]:
    """Pictures that show the same.

    Equal pictures are each paired with the first of them. Of near-duplicates no more pairs are returned than join
    them: each pair is a near-duplicate itself, but of three alike only two pairs are named. Pictures too flat to be
    recognised are only compared for equality.

    Args:
        measured: n pictures; unreadable ones are in no pair.
        progress: shows the search.
        near: look for near-duplicates too.

    Returns:
        Fewer than n pairs, by first and second row.
    """
    groups = _equal(measured)
    pairs = [Pair(int(rows[0]), int(row), exact=True) for rows in groups for row in rows[1:]]
    if near:
        copies = [row for rows in groups for row in rows[1:]]
        alone = measured.readable
        alone[copies] = False
        pairs += _near(measured, np.flatnonzero(alone), progress)
    return sorted(pairs, key=lambda pair: (pair.first, pair.second))


def _equal(measured: Measurements) -> list[Rows]:
    """Rows with the same pixels, ascending, for every digest that occurs twice."""
    rows = np.flatnonzero(measured.readable)
    digests = np.ascontiguousarray(measured.pixels[rows]).view("V16").ravel()
    _, numbers, counts = np.unique(digests, return_inverse=True, return_counts=True)
    order = np.argsort(numbers, kind="stable")
    groups = np.split(rows[order], np.cumsum(counts)[:-1])
    return [group for group in groups if len(group) > 1]


def _near(measured: Measurements, rows: Rows, progress: Progress) -> list[Pair]:
    prints, flat = fingerprints(measured.thumbnail[rows])
    rows, prints = rows[~flat], prints[~flat]
    joined, pairs = Components(len(rows)), []
    for first, second in progress.track(_candidates(signs(prints)), _ORDERS, "Comparing pictures"):
        labels = joined.labels()
        apart = labels[first] != labels[second]
        for a, b, alike, orientation in _verified(prints, first[apart], second[apart]):
            if joined.join(a, b):
                how = _how(measured, int(rows[a]), int(rows[b]), orientation)
                pairs.append(Pair(int(rows[a]), int(rows[b]), exact=False, how=how, likeness=alike))
    return pairs


def _candidates(bits: NDArray[np.bool_]) -> Iterator[tuple[Rows, Rows]]:
    """For each order of the bits, pairs of rows (first < second) whose hashes are neighbours in it and alike."""
    n = len(bits)
    for order in _orders(bits):
        keys = _packed(bits, order)
        ranked = np.argsort(keys, kind="stable")
        keys = keys[ranked]
        found = []
        for orientation in range(len(ORIENTATIONS)):
            wanted = _packed(oriented_signs(bits, orientation), order)
            places = np.searchsorted(keys, wanted)
            for offset in range(-_NEIGHBOURS, _NEIGHBOURS + 1):
                near = np.clip(places + offset, 0, max(n - 1, 0))
                alike = np.flatnonzero(np.bitwise_count(wanted ^ keys[near]) <= _MOST_BITS)
                other = ranked[near[alike]]
                found.append((np.minimum(alike, other) * n + np.maximum(alike, other))[alike != other])
        codes = np.unique(np.concatenate(found))
        yield codes // max(n, 1), codes % max(n, 1)


def _orders(bits: NDArray[np.bool_]) -> Iterable[NDArray[np.int64]]:
    """Random orders; bits that are the same in nearly all pictures come last, for they part nothing."""
    share = bits.mean(axis=0) if len(bits) else np.zeros(HASH_BITS)
    telling = np.minimum(share, 1 - share) > 0.1
    random = np.random.default_rng(0)
    return [
        np.concatenate([random.permutation(np.flatnonzero(telling)), random.permutation(np.flatnonzero(~telling))])
        for _ in range(_ORDERS)
    ]


def _packed(bits: NDArray[np.bool_], order: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Bits as one number a row, the first bit the most significant."""
    # packbits fills up the last byte with zeros.
    words = np.ascontiguousarray(np.packbits(bits[:, order], axis=1))
    return words.view(">u8").ravel().astype(np.uint64)


def _verified(prints: NDArray[np.float32], first: Rows, second: Rows) -> Iterator[tuple[int, int, float, int]]:
    """Those pairs whose fingerprints agree in some orientation, the likest of each chunk first."""
    for start in range(0, len(first), _CHUNK):
        a, b = first[start : start + _CHUNK], second[start : start + _CHUNK]
        alike, orientation = likeness(prints[a], prints[b])
        for place in np.argsort(-alike, kind="stable"):
            if alike[place] < LIKENESS:
                break
            yield int(a[place]), int(b[place]), min(float(alike[place]), 1.0), int(orientation[place])


def _how(measured: Measurements, first: int, second: int, orientation: int) -> str:
    """What makes the second picture from the first, as far as it can be seen."""
    height, width = int(measured.height[first]), int(measured.width[first])
    before = (width, height) if orientation & 4 else (height, width)
    after = (int(measured.height[second]), int(measured.width[second]))
    brighter = float(measured.brightness[second]) - float(measured.brightness[first])
    changes = [
        ORIENTATIONS[orientation],
        f"resized from {before[0]} × {before[1]} to {after[0]} × {after[1]}" if before != after else "",
        f"{abs(brighter):.0f} grey levels {'brighter' if brighter > 0 else 'darker'}"
        if abs(brighter) >= _NOTICEABLE
        else "",
    ]
    return ", ".join(change for change in changes if change)
