"""Sub-classes: the finer labels of an image table, each of one class.

A class none of whose pictures has a finer label is a sub-class of its own.
"""

from collections.abc import Sequence

import pandas as pd

from cervinet.data.manifest import Manifest
from cervinet.errors import ConfigError, DataError

Subclasses = tuple[tuple[str, str], ...]
"""(sub-class, class) of each output: the classes in their order, the sub-classes of each in alphabetical order."""


def subclasses_of(table: pd.DataFrame, classes: Sequence[str]) -> Subclasses:
    """The sub-classes of all pictures.

    Raises:
        ConfigError: no picture has a finer label.
        DataError: a sub-class of two classes.
    """
    known = table[table["sublabel"].notna()]
    if known.empty:
        raise ConfigError(
            "`training.loss`: hierarchical needs sub-classes, and no picture has one; read them by the reader "
            "(sublabels: true, or a column sublabel), or name them by data.class_map"
        )
    found: list[tuple[str, str]] = []
    for label in classes:
        finer = sorted(known["sublabel"][known["label"] == label].unique()) or [label]
        found += [(name, label) for name in finer]
    owners: dict[str, str] = {}
    for name, label in found:
        if owners.setdefault(name, label) != label:
            raise DataError(
                f"the sub-class '{name}' is of two classes, '{owners[name]}' and '{label}'; "
                "give it another name in one of them"
            )
    return tuple(found)


def sublabels(table: pd.DataFrame, subclasses: Subclasses) -> pd.Series:
    """The sub-class of each picture, str or None (n,), where classes without finer labels are their own."""
    own = {name for name, label in subclasses if name == label}
    found = [
        label if finer is None and label in own else finer
        for finer, label in zip(table["sublabel"], table["label"], strict=True)
    ]
    return pd.Series(found, table.index, object)


def check_sublabels(manifest: Manifest, subclasses: Subclasses) -> None:
    """Raises a DataError where a picture to learn from or to validate on has no sub-class."""
    part = manifest.table[manifest.table["split"].isin(["train", "val"])]
    missing = part["image"][sublabels(part, subclasses).isna()]
    if len(missing):
        raise DataError(
            f"{len(missing)} of {len(part)} pictures in train and val have no sub-class, the first is "
            f"{missing.iloc[0]}; give them one, or use another loss than hierarchical"
        )


def unlearnt(manifest: Manifest, subclasses: Subclasses) -> list[str]:
    """Sub-classes without a picture to learn from."""
    learnt = set(sublabels(manifest.part("train"), subclasses))
    return [name for name, _ in subclasses if name not in learnt]
