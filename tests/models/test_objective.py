"""A loss for divided pictures: the head it asks for, what it counts, and what it refuses before training."""

from pathlib import Path

import numpy as np
import pytest

from cervinet import registry
from cervinet.data.manifest import Manifest, table_of
from cervinet.errors import ConfigError
from cervinet.models.heads import Head
from cervinet.models.objective import check_objective, objective_of

OPTIONS = {name: entry.options().model_dump() for name, entry in registry.available("loss").items()}


def manifest(classes: int, finer: bool = False) -> Manifest:
    """Per class: 10, 20, … pictures to learn from, two to validate on; without a split, not divided yet."""
    rows = [
        {"image": f"{c}-{n}.png", "label": "abc"[c], "sublabel": f"{c}{n % 2}" if finer and c else None, "split": s}
        for c in range(classes)
        for s, count in (("train", 10 * (c + 1)), ("val", 2))
        for n in range(count)
    ]
    return Manifest(table_of(rows), Path("x"), tuple("abc"[:classes]))


@pytest.mark.parametrize(
    ("name", "classes", "head"),
    [
        ("cross_entropy", 2, Head("softmax", 2)),
        ("binary_cross_entropy", 2, Head("sigmoid", 2)),
        ("focal", 3, Head("softmax", 3)),
        ("class_balanced", 3, Head("softmax", 3)),
        ("corn", 3, Head("conditional", 3)),
        ("cumulative_link", 3, Head("cumulative", 3)),
    ],
)
def test_the_loss_decides_the_head(name: str, classes: int, head: Head) -> None:
    found = objective_of(manifest(classes), name, OPTIONS[name])
    assert (found.head, found.subclasses) == (head, ())


def test_subclasses_are_outputs_class_after_class() -> None:
    found = objective_of(manifest(3, finer=True), "hierarchical", OPTIONS["hierarchical"])
    assert found.subclasses == (("a", "a"), ("10", "b"), ("11", "b"), ("20", "c"), ("21", "c"))
    assert found.head == Head("hierarchical", 3, (1, 2, 2))


def test_pictures_to_learn_from_are_what_is_counted() -> None:
    loss = objective_of(manifest(2), "class_balanced", {"beta": 0.9, "gamma": 0.0}).loss
    of_each = loss(np.eye(2, dtype="float32"), np.zeros((2, 2), "float32")).numpy()
    assert of_each[0] / of_each[1] == pytest.approx((1 - 0.9**20) / (1 - 0.9**10))


def test_what_does_not_fit_the_classes_is_told_before_the_pictures_are_divided() -> None:
    whole = manifest(3)
    undivided = Manifest(whole.table.assign(split=None), whole.root, whole.classes)
    check_objective(undivided, "cross_entropy", OPTIONS["cross_entropy"])
    with pytest.raises(ConfigError, match=r"^`training.loss`: binary_cross_entropy needs two classes; there are 3: "):
        check_objective(undivided, "binary_cross_entropy", OPTIONS["binary_cross_entropy"])
    with pytest.raises(ConfigError, match=r"^`training.loss`: hierarchical needs sub-classes, and no picture has one"):
        check_objective(undivided, "hierarchical", OPTIONS["hierarchical"])
