"""Any result as what JSON can say."""

import json
from dataclasses import dataclass, field

import numpy as np
import pytest

from cervinet.evaluation.intervals import Estimate
from cervinet.evaluation.plain_json import plain


@dataclass(frozen=True)
class Leaf:
    value: float
    names: tuple[str, ...] = ("a", "b")


@dataclass(frozen=True)
class Tree:
    array: np.ndarray
    leaves: dict[object, Leaf] = field(default_factory=dict)
    nothing: None = None


class OfItsOwn:
    def to_json(self):
        return {"kept": (1, np.nan)}


def test_dataclasses_arrays_and_tuples_within_each_other():
    tree = Tree(np.array([[1.5, np.nan], [np.inf, -2]]), {7: Leaf(np.float64("nan")), "x": Leaf(0.5, ())})
    assert plain(tree) == {
        "array": [[1.5, None], [None, -2.0]],
        "leaves": {"7": {"value": None, "names": ["a", "b"]}, "x": {"value": 0.5, "names": []}},
        "nothing": None,
    }


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.int64(3), 3),
        (np.bool_(True), True),
        (np.str_("a"), "a"),
        (np.float32(0.5), 0.5),
        (-np.inf, None),
        ("text", "text"),
        (True, True),
        (None, None),
        (range(3), [0, 1, 2]),
        (np.array(2.0), 2.0),
    ],
)
def test_single_values(value, expected):
    found = plain(value)
    assert found == expected
    assert type(found) is type(expected)


def test_a_result_that_writes_itself_is_asked_to_and_is_finite_all_the_same():
    assert plain({"own": [OfItsOwn()]}) == {"own": [{"kept": [1, None]}]}
    estimate = Estimate(0.5, None, None, 0, "percentile", "too few")
    assert plain((estimate,)) == [estimate.to_json()]


def test_what_is_plain_is_json():
    tree = Tree(np.full((2, 2), np.nan), {1: Leaf(float("inf"))})
    assert json.loads(json.dumps(plain(tree), allow_nan=False)) == plain(tree)
