"""What is said before the first epoch."""

import pytest

from cervinet.data.imbalance import class_weights, effective_counts, none, oversample
from cervinet.progress import Silent
from cervinet.report.announce import announce_emphasis, announce_unlearnt


@pytest.mark.parametrize(
    ("emphasis", "rows"),
    [
        (oversample({"a": 3, "b": 12}), [["a", "3", "12", "1", "12.0"], ["b", "12", "12", "1", "12.0"]]),
        (class_weights({"a": 3, "b": 12}), [["a", "3", "3", "2.5", "7.5"], ["b", "12", "12", "0.625", "7.5"]]),
        (none({"a": 3, "b": 12}), None),
    ],
    ids=["oversample", "class_weights", "none"],
)
def test_what_became_of_the_classes_is_said_where_anything_did(emphasis, rows, monkeypatch) -> None:
    shown: list[object] = []
    monkeypatch.setattr(Silent, "table", lambda self, *table: shown.append(table))
    announce_emphasis(Silent(), effective_counts(emphasis, ["a", "b"]), "the way")
    columns = ["class", "pictures", "in an epoch", "weight of each", "effective count"]
    assert shown == ([("Training pictures after `the way`", columns, rows)] if rows else [])


def test_subclasses_that_nothing_can_be_learnt_of_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(Silent, "say", lambda self, text: said.append(text))
    announce_unlearnt(Silent(), [])
    assert said == []
    announce_unlearnt(Silent(), ["x", "y z"])
    assert said == ["Warning: no picture in train is of the sub-class 'x', 'y z': nothing can be learnt of it"]
