"""What a network could learn instead of the disease: size, file type or colour that gives a class or split away."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from cervinet.data.audit.findings import Finding
from cervinet.data.audit.inspection import Policies, with_action
from cervinet.data.audit.measurements import Measurements
from cervinet.data.manifest import SPLITS, Manifest

FORM_AUROC = 0.8
"""From how clear a separation on, size or file type is reported; neither has to do with any disease."""

COLOUR_AUROC = 0.9
"""The same for mean colour between classes, which a disease may well change: blood is red, melanin brown."""

SPLIT_AUROC = 0.8
"""The same for colour between splits, which a random division leaves at 0.5."""

_DEVIATIONS = 4.0  # that it must be beyond what as many pictures give by chance


@dataclass(frozen=True)
class _Clue:
    auroc: float
    words: str


def shortcuts(manifest: Manifest, measured: Measurements, policies: Policies) -> list[Finding]:
    """Classes and splits that size, file type or mean colour alone tells from the others.

    Args:
        manifest: n pictures with labels; those without a split are passed over if others have one.
        measured: of the same n pictures; unreadable ones are passed over.
        policies: what to do about `shortcuts`.

    Returns:
        At most three findings a class and three a split, each for the whole data set (without rows).
    """
    use = measured.readable & manifest.table["label"].notna().to_numpy()
    if manifest.table["split"].notna().any():
        use &= manifest.table["split"].notna().to_numpy()
    table, seen = manifest.table[use], measured.take(np.flatnonzero(use))
    found = [*_told(table["label"], manifest.classes, "class", "classes", COLOUR_AUROC, table, seen)]
    found += _told(table["split"], SPLITS, "split", "splits", SPLIT_AUROC, table, seen)
    return [finding for finding in (with_action(policies, "shortcuts", (), words) for words in found) if finding]


def auroc(values: NDArray[np.float64], positive: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Area under the ROC curve of a value as a score for each of several classes, ties counting half.

    Args:
        values: float (n,).
        positive: bool (classes, n), at least one True and one False in each row.

    Returns:
        float64 (classes,), 0–1.

    Reference: Hanley & McNeil, "The meaning and use of the area under a ROC curve", 1982 (its identity with the
    Mann-Whitney statistic).
    """
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    hits = positive.sum(axis=1)
    area: NDArray[np.float64] = (positive @ ranks - hits * (hits + 1) / 2) / (hits * (len(values) - hits))
    return area


def _told(
    column: pd.Series, names: Sequence[str], one: str, many: str, colour: float, table: pd.DataFrame, seen: Measurements
) -> Iterator[str]:
    """A sentence for each name and each kind of clue that tells it from the others."""
    names = [name for name in names if 0 < int((column == name).sum()) < len(column)]
    if not names:
        return
    positive = np.array([(column == name).to_numpy() for name in names])
    suffixes = [PurePosixPath(str(image)).suffix.lower() or "without suffix" for image in table["image"]]
    sizes = [f"{height} × {width}" for height, width in zip(seen.height, seen.width, strict=True)]
    form: dict[str, ArrayLike] = {
        "height": seen.height,
        "width": seen.width,
        "ratio of width to height": seen.width / seen.height,
    }
    colours = {"mean brightness": seen.brightness} | {
        f"mean {name}": seen.mean[:, channel] for channel, name in enumerate(("red", "green", "blue"))
    }
    others = f"the other {many}" if len(names) > 2 else f"the other {one}"
    clues = [
        (FORM_AUROC, [*_by_value(sizes, positive, names, one, others), *_by_number(form, positive, names, others)]),
        (FORM_AUROC, [*_by_value(suffixes, positive, names, one, others)]),
        (colour, [*_by_number(colours, positive, names, others)]),
    ]
    chance = _chance(positive)
    told = 1 if len(names) == 2 else len(names)  # what tells one of two tells the other
    for limit, kind in clues:
        for place in range(told):
            least = max(limit, 0.5 + _DEVIATIONS * chance[place])
            best = max((clues_of[place] for clues_of in kind), key=lambda clue: clue.auroc, default=None)
            if best and best.auroc >= least:
                yield best.words


def _chance(positive: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Standard deviation of the AUROC of a value that has nothing to do with the classes, (classes,)."""
    n, hits = positive.shape[1], positive.sum(axis=1)
    deviation: NDArray[np.float64] = np.sqrt((n + 1) / (12 * hits * (n - hits)))
    return deviation


def _by_number(
    values: Mapping[str, ArrayLike], positive: NDArray[np.bool_], names: Sequence[str], others: str
) -> Iterator[list[_Clue]]:
    """For each value a clue a name: the larger, or the smaller, the likelier."""
    for what, column in values.items():
        numbers = np.asarray(column, float)
        areas = auroc(numbers, positive)
        clues = []
        for name, area, mine in zip(names, areas, positive, strict=True):
            clear = max(area, 1 - area)
            inside, outside = np.median(numbers[mine]), np.median(numbers[~mine])
            medians = f"medians {inside:.4g} and {outside:.4g}"
            clues.append(_Clue(clear, f"{what} alone tells {name} from {others} (AUROC {clear:.2f}; {medians})"))
        yield clues


def _by_value(
    values: list[str], positive: NDArray[np.bool_], names: Sequence[str], one: str, others: str
) -> Iterator[list[_Clue]]:
    """For each name the value whose presence tells most. The AUROC of a yes or no is (1 + difference of shares) / 2."""
    codes, found = pd.factorize(np.array(values, object))
    counts = np.zeros((len(found), len(names)))
    for place, mine in enumerate(positive):
        counts[:, place] = np.bincount(codes[mine], minlength=len(found))
    total, hits = np.bincount(codes, minlength=len(found)), positive.sum(axis=1)
    inside, outside = counts / hits, (total[:, None] - counts) / (len(values) - hits)
    clues = []
    for place, name in enumerate(names):
        best = int((inside - outside)[:, place].argmax())
        share, elsewhere = inside[best, place], outside[best, place]
        area = (1 + share - elsewhere) / 2
        if share == 1 and elsewhere == 0:
            words = f"all {hits[place]:,} pictures of {name} are {found[best]}, no picture of another {one} is"
        else:
            words = f"{share:.0%} of {name} are {found[best]}, {elsewhere:.0%} of {others} (AUROC {area:.2f})"
        clues.append(_Clue(float(area), words))
    yield clues
