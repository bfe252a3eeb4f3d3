"""Sub-classes of an image table: their order, classes that are their own, and what must not be."""

from pathlib import Path

import pytest

from cervinet.data.manifest import Manifest, table_of
from cervinet.data.subclasses import check_sublabels, subclasses_of, sublabels, unlearnt
from cervinet.errors import ConfigError, DataError


def manifest(*rows):
    """Rows of label, sub-class and split."""
    named = [{"image": f"{n}.png", "label": a, "sublabel": b, "split": c} for n, (a, b, c) in enumerate(rows)]
    return Manifest(table_of(named), Path("x"), ("b", "a"))


GIVEN = manifest(("a", "y", "train"), ("b", "q", "train"), ("a", "x", "val"), ("a", "y", "train"), ("b", "q", "test"))


def test_stand_class_after_class_each_in_alphabetical_order():
    assert subclasses_of(GIVEN.table, ("b", "a")) == (("q", "b"), ("x", "a"), ("y", "a"))
    assert subclasses_of(GIVEN.table, ("a", "b")) == (("x", "a"), ("y", "a"), ("q", "b"))


def test_a_class_without_finer_labels_is_its_own():
    given = manifest(("a", "y", "train"), ("b", None, "train"), ("a", None, "val"))
    found = subclasses_of(given.table, given.classes)
    assert found == (("b", "b"), ("y", "a"))
    assert sublabels(given.table, found).tolist() == ["y", "b", None]


def test_pictures_of_one_class_only_some_of_which_have_one():
    given = manifest(("a", "y", "train"), ("b", None, "train"), ("a", None, "val"), ("a", None, "test"))
    with pytest.raises(DataError) as error:
        check_sublabels(given, subclasses_of(given.table, given.classes))
    assert str(error.value) == (
        "1 of 3 pictures in train and val have no sub-class, the first is 2.png; give them one, or use another loss "
        "than hierarchical"
    )
    learnt = given.take(given.table.index[given.table["image"] != "2.png"].to_numpy())
    check_sublabels(learnt, subclasses_of(learnt.table, learnt.classes))


def test_one_that_is_not_in_train_is_told():
    found = subclasses_of(GIVEN.table, GIVEN.classes)
    check_sublabels(GIVEN, found)
    assert unlearnt(GIVEN, found) == ["x"]


def test_one_of_two_classes_is_refused():
    with pytest.raises(DataError) as error:
        subclasses_of(manifest(("a", "normal", "train"), ("b", "normal", "train")).table, ("a", "b"))
    assert str(error.value) == (
        "the sub-class 'normal' is of two classes, 'a' and 'b'; give it another name in one of them"
    )


def test_none_at_all_is_no_data_to_learn_them_from():
    with pytest.raises(ConfigError) as error:
        subclasses_of(manifest(("a", None, "train"), ("b", None, "val")).table, ("a", "b"))
    assert str(error.value) == (
        "`training.loss`: hierarchical needs sub-classes, and no picture has one; read them by the reader "
        "(sublabels: true, or a column sublabel), or name them by data.class_map"
    )
