"""Values of a column as a few parts of the images: texts as they are, many numbers as bands."""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from cervinet.errors import ConfigError, DataError

MOST_NUMBERS = 8
"""More distinct numbers than these are put into three bands."""


def parts_of(column: str, values: Sequence[str], edges: Sequence[float] | None) -> tuple[list[str], list[str]]:
    """The part of each image, and the parts in order: by number, or by text.

    Numbers are banded by `edges`, or by tertiles of the distinct numbers where there are more than 8. A band holds its
    lower end and not its upper.

    Args:
        column: its name, for messages.
        values: a text an image; empty where unknown.
        edges: increasing; None where there are none.

    Returns:
        a label for each image, empty where unknown; the labels that occur.

    Raises:
        ConfigError: the edges do not increase.
        DataError: no image has a value, or there are edges, and a value is not a number.
    """
    known = dict.fromkeys(value for value in values if value)
    if not known:
        raise DataError(
            f"none of the {len(values)} images to judge has a value of '{column}'; fill the column, or make no "
            "subgroups by it"
        )
    numbers = {value: _number(value) for value in known}
    words = [value for value, number in numbers.items() if number is None]
    if edges is not None:
        _check_edges(column, edges)
        if words:
            raise DataError(
                f"the column '{column}' must hold numbers, for evaluation.subgroups gives it edges; got {words[0]!r}"
            )
    elif words:
        return list(values), sorted(known)
    found = {value: number for value, number in numbers.items() if number is not None}
    distinct = sorted(set(found.values()))
    if edges is None:
        if len(distinct) <= MOST_NUMBERS:
            labels = {value: _shown(number) for value, number in found.items()}
            return [labels.get(value, "") for value in values], [_shown(number) for number in distinct]
        edges = [distinct[math.ceil(len(distinct) / 3)], distinct[math.ceil(2 * len(distinct) / 3)]]
    names = _names(edges)
    bands = {value: int(np.searchsorted(edges, number, "right")) for value, number in found.items()}
    labels = {value: names[band] for value, band in bands.items()}
    return [labels.get(value, "") for value in values], [names[band] for band in sorted(set(bands.values()))]


def _number(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _check_edges(column: str, edges: Sequence[float]) -> None:
    shown = ", ".join(map(_shown, edges))
    if not edges or any(not a < b for a, b in pairwise(edges)):
        raise ConfigError(f"the edges of '{column}' in evaluation.subgroups must be increasing numbers; got [{shown}]")


def _names(edges: Sequence[float]) -> list[str]:
    shown = list(map(_shown, edges))
    between = " to " if min(edges) < 0 else "–"
    middle = [f"{low}{between}{high}" for low, high in pairwise(shown)]
    return [f"< {shown[0]}", *middle, f"≥ {shown[-1]}"]


def _shown(number: float) -> str:
    """The shortest text that is the number: 30, not 30.0."""
    number = float(number)
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)
