"""What a data set holds: pictures and groups of each class in each split, and what was passed over."""

from collections.abc import Iterable

import pandas as pd

from cervinet.data.manifest import SPLITS, Manifest
from cervinet.report.html import Html, faint, joined, name, paragraph, section, table, text

NO_LABEL = "no label"

_SOURCES = {
    "column": "the data",
    "pattern": "the paths of the files",
    "near-duplicates": "near-duplicates",
}


def counts_section(used: Manifest) -> Html:
    """A table of pictures and groups, and where the groups come from.

    Args:
        used: the pictures that are left to train and judge on.
    """
    splits = [split for split in SPLITS if (used.table["split"] == split).any()]
    if used.table["split"].isna().any():
        splits = splits and [*splits, ""]
    parts = (
        [] if not splits else [(split or "not divided", used.table["split"].fillna("") == split) for split in splits]
    )
    everything = ("all", pd.Series(True, index=used.table.index))
    columns = [text("class"), *(text(head) for head, _ in [*parts, everything])]
    groups = used.groups() if used.has_groups() else None
    word = "groups" if "partly" in groups_word(used) else groups_word(used)
    rows = [
        [
            label,
            *(_cell(used.table.index[chosen & part], groups, word) for _, part in [*parts, everything]),
        ]
        for label, chosen in _classes(used)
    ]
    caption = "Pictures" if groups is None else f"Pictures, and {groups_word(used)} that they are from"
    sentences = [_groups_sentence(used)]
    if not splits:
        sentences.append("The pictures are not divided into training, validation and test parts yet.")
    return section(
        "counts",
        text("Pictures of each class"),
        table(text(caption), columns, rows, ruled=len(rows) - 1),
        *map(paragraph, map(text, sentences)),
    )


def left_out_section(manifest: Manifest, used: Manifest | None) -> Html:
    """How many pictures were excluded, and the files that the reader passed over, by reason; nothing without any."""
    excluded = 0 if used is None else len(manifest) - len(used)
    if not excluded and manifest.ignored.empty:
        return Html("")
    parts = []
    if excluded:
        parts.append(paragraph(text(f"{counted(excluded, 'picture')} of {len(manifest):,} left out after the check.")))
    if not manifest.ignored.empty:
        rows = [
            [text(reason), text(f"{len(files):,}"), name(files["image"].iloc[0])]
            for reason, files in manifest.ignored.groupby("reason", sort=True)
        ]
        total = counted(len(manifest.ignored), "file")
        columns = [text("reason"), text("files"), text("example")]
        parts.append(table(text(f"{total} passed over while reading"), columns, rows, style="words"))
    return section("left-out", text("What is not used"), *parts)


def counted(number: int, noun: str) -> str:
    """`1 picture`, `1,200 pictures`."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def groups_word(manifest: Manifest) -> str:
    """What to call the groups: those that nobody named are called derived."""
    if "near-duplicates" not in manifest.groups_from:
        return "groups"
    return "derived groups" if len(manifest.groups_from) == 1 else "partly derived groups"


def sources_in_words(sources: Iterable[str]) -> str:
    """Where groups come from, of the values of `Manifest.groups_from`: "the data and near-duplicates"."""
    return " and ".join(_SOURCES[source] for source in sources)


def _classes(used: Manifest) -> Iterable[tuple[Html, "pd.Series[bool]"]]:
    labels = used.table["label"]
    for label in used.classes or sorted(labels.dropna().unique()):
        yield name(label), labels == label
    if labels.isna().any():
        yield text(NO_LABEL), labels.isna()
    yield text("all"), pd.Series(True, index=labels.index)


def _cell(rows: pd.Index, groups: pd.Series | None, word: str) -> Html:
    pictures = text(f"{len(rows):,}")
    if groups is None:
        return pictures
    number = groups.loc[rows].nunique()
    return joined(pictures, faint(f"{number:,} {word if number != 1 else word.removesuffix('s')}"))


def _groups_sentence(manifest: Manifest) -> str:
    if not manifest.has_groups():
        return "No groups: several pictures of one patient, if there are any, may stand in different splits."
    sources = sources_in_words(manifest.groups_from or ("column",))
    joint = ", united where they overlap" if len(manifest.groups_from) > 1 else ""
    derived = ""
    if "near-duplicates" in manifest.groups_from:
        derived = " Those from near-duplicates are derived: pictures of nearly the same are taken for one patient's."
    return (
        f"Groups come from {sources}{joint}, and are never divided between splits.{derived} "
        "A picture without a group counts as one of its own."
    )
