"""What a network is to learn: the loss of a config with the head that it asks for, and the sub-classes of that head."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from cervinet.data.manifest import Manifest
from cervinet.data.subclasses import Subclasses, check_sublabels, subclasses_of
from cervinet.models.heads import Head
from cervinet.models.losses import Context, PerPicture
from cervinet.registry import find


@dataclass(frozen=True)
class Objective:
    """What a network is to learn.

    Attributes:
        head: the end of the network.
        loss: of each picture, from its target and the scores.
        subclasses: of the outputs of a hierarchical head in their order, and none of another one.
    """

    head: Head
    loss: PerPicture
    subclasses: Subclasses = ()


def objective_of(manifest: Manifest, name: str, options: Mapping[str, Any]) -> Objective:
    """The loss of this name for divided pictures.

    Raises:
        ConfigError: it does not fit the classes, or there are no sub-classes.
        DataError: a picture to learn from or to validate on has no sub-class, or one sub-class is of two classes.
    """
    objective = _of_labels(manifest.part("train")["label"], manifest, name, options)
    if objective.subclasses:
        check_sublabels(manifest, objective.subclasses)
    return objective


def check_objective(manifest: Manifest, name: str, options: Mapping[str, Any]) -> None:
    """Raises an error of `objective_of` that can be told before the pictures are divided."""
    _of_labels(manifest.table["label"], manifest, name, options)


def _of_labels(labels: pd.Series, manifest: Manifest, name: str, options: Mapping[str, Any]) -> Objective:
    entry = find("loss", name)
    kind, classes = entry.traits["head"], manifest.classes
    subclasses = subclasses_of(manifest.table, classes) if kind == "hierarchical" else ()
    sizes = Counter(label for _, label in subclasses)
    head = Head(kind, len(classes), tuple(sizes[label] for label in classes if subclasses))
    counts = labels.value_counts()
    context = Context(head, tuple(int(counts.get(label, 0)) for label in classes))
    return Objective(head, entry.function(context, **options), subclasses)
