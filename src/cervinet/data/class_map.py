"""Labels of the data made into fewer classes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from cervinet.data.manifest import Manifest
from cervinet.errors import ConfigError
from cervinet.registry import did_you_mean


def mapped(manifest: Manifest, class_map: Mapping[str, Sequence[str]], *, to_learn: bool = True) -> Manifest:
    """The pictures with mapped labels in their class, and their label as sub-class where they have no finer one.

    Args:
        manifest: as a reader made it.
        class_map: class → the labels that become it; others stay as they are.
        to_learn: every label of the map must be there; pictures only to be judged on may have mapped labels already.

    Raises:
        ConfigError: no picture has a label of the map.
    """
    if not class_map:
        return manifest
    table = manifest.table
    owners = {label: name for name, labels in class_map.items() for label in labels}
    found = set(table["label"].dropna()) | set(manifest.classes)
    for label, name in owners.items():
        if to_learn and label not in found:
            raise ConfigError(
                f"`data.class_map.{name}` names '{label}', which no picture has as its label"
                f"{did_you_mean(label, sorted(found))}"
            )
    concerned = table["label"].isin(owners)
    finer = table["sublabel"].where(table["sublabel"].notna() | ~concerned, table["label"])
    labels = pd.Series([owners.get(label, label) for label in table["label"]], table.index, object)
    table = table.assign(label=labels, sublabel=finer)
    classes = tuple(dict.fromkeys(owners.get(name, name) for name in manifest.classes))
    return replace(manifest, table=table, classes=classes)
