"""Results as JSON says them."""

import json
from dataclasses import dataclass

import numpy as np

from cervinet.evaluation.plain_json import plain


@dataclass(frozen=True, eq=False)
class Inner:
    values: np.ndarray
    limit: float


@dataclass(frozen=True)
class Own:
    number: int

    def to_json(self):
        return {"twice": 2 * self.number}


def test_arrays_are_lists_and_what_is_not_finite_is_null():
    given = {
        "inner": Inner(np.array([[0.5, np.nan], [np.inf, 1]]), float("inf")),
        "own": (Own(2),),
        3: np.int64(4),
        "bool": np.bool_(True),
        "number": np.float64("nan"),
        "text": "nan",
        "none": None,
    }
    found = plain(given)
    assert found == {
        "inner": {"values": [[0.5, None], [None, 1.0]], "limit": None},
        "own": [{"twice": 4}],
        "3": 4,
        "bool": True,
        "number": None,
        "text": "nan",
        "none": None,
    }
    assert json.loads(json.dumps(found, allow_nan=False)) == found
