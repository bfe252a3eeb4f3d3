"""Which pictures belong together: by what the data say, by their path, by what they show, or by all of these."""

import re
from collections.abc import Hashable, Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cervinet.data.audit.components import Components

COLUMN, PATTERN, NEAR_DUPLICATES = "column", "pattern", "near-duplicates"


def groups_by_pattern(images: pd.Series, pattern: str) -> pd.Series:
    """What the first bracket of a regular expression finds in each path (all that it finds, without a bracket).

    Args:
        images: paths, str (n,).
        pattern: searched anywhere in the path.

    Returns:
        str or None (n,); None where nothing is found.
    """
    found = [re.search(pattern, image) for image in images]
    groups = [None if match is None else match.group(1 if match.re.groups else 0) for match in found]
    return pd.Series([group or None for group in groups], images.index, object)


def united(images: pd.Series, keys: Iterable[pd.Series | NDArray[np.int64]]) -> pd.Series:
    """Groups of pictures that any of the keys holds together, directly or through others.

    Args:
        images: paths, str (n,).
        keys: of each picture, one value for each way of grouping, (n,) each: names, which mean the same in every key,
            or numbers of clusters. A missing name and a negative number say nothing.

    Returns:
        The names that a group had, joined; where it had none, `like ` and its first picture. None for a picture that
        no key holds together with another and that has no name: str or None (n,).
    """
    components = Components(len(images))
    names: list[list[str]] = [[] for _ in images]
    first: dict[Hashable, int] = {}
    for number, key in enumerate(keys):
        for row, value in enumerate(key):
            if isinstance(value, str):
                names[row].append(value)
            elif value is None or not value >= 0:  # a missing name may be not-a-number
                continue
            components.join(row, first.setdefault(value if isinstance(value, str) else (number, value), row))
    roots = components.labels()
    members = np.bincount(roots, minlength=len(images))
    joined: dict[int, dict[str, None]] = {}
    for row, root in enumerate(roots.tolist()):
        joined.setdefault(root, {}).update(dict.fromkeys(names[row]))
    called = {root: _name(list(known), images.iloc[root], int(members[root])) for root, known in joined.items()}
    return pd.Series([called[root] for root in roots.tolist()], images.index, object)


def _name(known: list[str], first_image: str, members: int) -> str | None:
    """Of a group; a name stands in one group only, so the first is enough to tell groups apart."""
    if not known:
        return f"like {first_image}" if members > 1 else None
    return " + ".join(known) if len(known) < 3 else f"{known[0]} + {len(known) - 1} others"


def described(sources: tuple[str, ...]) -> str:
    """Where groups come from, for a heading: derived groups are called so. Empty where nothing is derived."""
    if NEAR_DUPLICATES not in sources:
        return ""
    if len(sources) == 1:
        return "groups derived from near-duplicates"
    return "groups joined where near-duplicates show that they belong together (derived)"
