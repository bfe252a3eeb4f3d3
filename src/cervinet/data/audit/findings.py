"""What an audit can find in a data set, and what was done about it."""

from dataclasses import dataclass
from typing import Literal

Action = Literal["error", "exclude", "group", "warn"]


@dataclass(frozen=True)
class Kind:
    """One kind of finding.

    Attributes:
        title: as the heading of a list of such findings.
        meaning: one sentence: what is wrong and why it matters.
        leak: training pictures and judging pictures are not apart; the exit code is 4 instead of 3.
    """

    title: str
    meaning: str
    leak: bool = False


# The names are the settings of `data.check`, which say what is done about each.
KINDS = {
    "unreadable": Kind("Unreadable pictures", "The file is missing, damaged or no picture."),
    "label_conflicts": Kind(
        "The same picture under two labels", "The decoded pixels are equal, so at least one of the labels is wrong."
    ),
    "near_conflicts": Kind(
        "Nearly the same picture under two labels",
        "Either one of the labels is wrong, or the pictures differ in what matters: look at them.",
    ),
    "duplicates": Kind("The same picture twice", "The decoded pixels are equal; a copy adds nothing to learn from."),
    "near_duplicates": Kind(
        "Nearly the same picture twice",
        "One was re-encoded, resized, mirrored, turned or brightened from the other, or taken a moment later.",
    ),
    "group_leaks": Kind(
        "A group in two splits", "The network is judged on patients that it was trained on.", leak=True
    ),
    "duplicate_leaks": Kind(
        "Copies in two splits", "The network is judged on pictures that it was trained on.", leak=True
    ),
    "no_region": Kind("Pictures without a region", "There is no box, or the mask is empty, so nothing can be cropped."),
    "blurred": Kind("Blurred pictures", "Far less fine detail than the other pictures have."),
    "dark": Kind("Dark pictures", "Nearly everything is black."),
    "overexposed": Kind("Overexposed pictures", "Large parts are white and hold no detail."),
    "tiny": Kind("Tiny pictures", "Smaller than what the network is to see, so detail is made up by enlarging."),
    "odd_shape": Kind("Oddly shaped pictures", "Far longer than wide, or wider than long, than the others."),
    "shortcuts": Kind(
        "Possible shortcuts",
        "Size or colour alone tells the classes or splits apart: the network may learn that instead of the disease.",
    ),
    "imbalance": Kind("Unequal classes", "The largest class has many times the pictures of the smallest."),
}


@dataclass(frozen=True)
class Finding:
    """Something found.

    Attributes:
        kind: key of KINDS.
        action: what is done about it.
        rows: row numbers of the manifest that the audit was given, of the pictures concerned; the first is the
            one that the others are copies of, where there is such a one. Empty where it concerns the whole data set.
        detail: what is special about this one, a few words: "mirrored left to right, 0.998 alike".
    """

    kind: str
    action: Action
    rows: tuple[int, ...]
    detail: str = ""


@dataclass(frozen=True)
class Pair:
    """Two pictures that show the same.

    Attributes:
        first: row number.
        second: row number, larger.
        exact: the decoded pixels are equal.
        how: what makes the second from the first, as in "mirrored left to right" or "turned by 90°"; "" for neither.
        likeness: correlation of their grey values at small size, 0 to 1.
    """

    first: int
    second: int
    exact: bool
    how: str = ""
    likeness: float = 1.0
