"""Labels made into fewer classes: which picture gets which, what stays known, and wrong maps."""

from pathlib import Path

import pytest

from cervinet.auditing import read_rows
from cervinet.config_data import Data
from cervinet.data.class_map import mapped
from cervinet.data.manifest import Manifest, table_of
from cervinet.errors import ConfigError

MAP = {"CIN": ["CIN1", "CIN2"], "cancer": ["SCC"]}


def manifest(*labels, sublabels=None, classes=()):
    sublabels = sublabels or [None] * len(labels)
    rows = [
        {"image": f"{n}.png", "label": label, "sublabel": finer}
        for n, (label, finer) in enumerate(zip(labels, sublabels, strict=True))
    ]
    return Manifest(table_of(rows), Path("x"), classes)


def pairs(made):
    return list(zip(made.table["label"], made.table["sublabel"], strict=True))


def test_a_label_becomes_its_class_and_stays_known_as_the_subclass():
    found = mapped(manifest("CIN1", "normal", "SCC", "CIN2"), MAP)
    assert pairs(found) == [("CIN", "CIN1"), ("normal", None), ("cancer", "SCC"), ("CIN", "CIN2")]


def test_a_finer_label_of_the_data_is_kept():
    found = mapped(manifest("CIN1", "CIN2", "SCC", sublabels=["p16+", None, None]), MAP)
    assert pairs(found) == [("CIN", "p16+"), ("CIN", "CIN2"), ("cancer", "SCC")]


def test_pictures_that_have_the_name_of_the_class_already_are_of_it():
    found = mapped(manifest("CIN", "CIN1", "CIN2", "SCC"), MAP)
    assert pairs(found)[0] == ("CIN", None)
    assert pairs(mapped(manifest("CIN", "CIN1"), {"CIN": ["CIN", "CIN1"]})) == [("CIN", "CIN"), ("CIN", "CIN1")]


def test_classes_that_the_reader_put_in_order_keep_it():
    found = mapped(manifest("CIN1", classes=("normal", "CIN1", "CIN2", "SCC")), MAP)
    assert found.classes == ("normal", "CIN", "cancer")


def test_pictures_without_a_label_and_no_map_change_nothing():
    assert pairs(mapped(manifest(None, "CIN1", "CIN2", "SCC"), MAP))[0] == (None, None)
    given = manifest("a", "b")
    assert mapped(given, {}) is given


def test_a_label_that_no_picture_has_is_named():
    with pytest.raises(ConfigError) as error:
        mapped(manifest("CIN1", "CIN 2", "SCC"), MAP)
    assert str(error.value) == (
        "`data.class_map.CIN` names 'CIN2', which no picture has as its label (did you mean 'CIN 2'?)"
    )


def test_pictures_only_to_be_judged_on_may_have_either_labels():
    found = mapped(manifest("CIN", "CIN2", "cancer"), MAP, to_learn=False)
    assert pairs(found) == [("CIN", None), ("CIN", "CIN2"), ("cancer", None)]


def test_it_holds_for_every_root(pictures):
    root = pictures([f"{label}/{n}.png" for label in ("CIN1", "normal") for n in range(3)])
    test = pictures([f"{label}/{n}.png" for label in ("CIN2", "normal") for n in range(2)], folder="test")
    data = Data.model_validate({"root": root, "class_map": {"CIN": ["CIN1", "CIN2"]}, "split": {"test_root": test}})
    found = read_rows(data, None)
    assert found.classes == ("CIN", "normal")
    assert sorted(set(pairs(found)), key=str) == [("CIN", "CIN1"), ("CIN", "CIN2"), ("normal", None)]
    assert read_rows(data, ["normal", "CIN"]).classes == ("normal", "CIN")
