"""Which pictures are shown."""

import numpy as np
import pytest

from cervinet.evaluation.cases import choose_cases, worst_errors
from cervinet.evaluation.predictions import Predictions


def predictions(rows, groups=None, repeats=None):
    """Rows of (label, probabilities)."""
    images = tuple(f"{n}.jpg" for n in range(len(rows)))
    return Predictions(
        images=images if repeats is None else tuple(f"{n % (len(rows) // 2)}.jpg" for n in range(len(rows))),
        groups=tuple(groups or images),
        labels=np.array([label for label, _ in rows], np.int64),
        probabilities=np.array([p for _, p in rows], float),
        classes=("a", "b", "c"),
        split="test",
        repeats=repeats,
    )


RIGHT, SURE, WRONG, UNSURE = (0, [0.7, 0.2, 0.1]), (0, [0.05, 0.9, 0.05]), (0, [0.2, 0.7, 0.1]), (0, [0.4, 0.35, 0.25])


def kinds(found):
    return [one.kind for one in found]


def test_kinds():
    found = choose_cases(predictions([RIGHT, SURE, WRONG, UNSURE, (1, [0.4, 0.35, 0.25])]), 9)
    assert {one.row: one.kind for one in found} == {
        0: "right",
        1: "wrong and sure",
        2: "wrong",
        3: "unsure",
        4: "unsure",
    }


def test_the_bounds_of_the_kinds():
    rows = [(0, [0.2, 0.8, 0.0]), (0, [0.15, 0.75, 0.1]), (0, [0.5, 0.3125, 0.1875]), (0, [0.5625, 0.34375, 0.09375])]
    assert {one.row: one.kind for one in choose_cases(predictions(rows), 9)} == {
        0: "wrong and sure",
        1: "wrong",
        2: "unsure",
        3: "right",
    }


def test_kinds_take_turns_and_what_one_lacks_goes_to_the_others():
    found = choose_cases(predictions([RIGHT] * 20 + [SURE] * 20 + [WRONG]), 8)
    assert {kind: kinds(found).count(kind) for kind in set(kinds(found))} == {
        "wrong and sure": 4,
        "wrong": 1,
        "right": 3,
    }


def test_classes_take_turns():
    rows = [RIGHT] * 10 + [(1, [0.1, 0.8, 0.1])] * 10 + [(2, [0.1, 0.1, 0.8])]
    given = predictions(rows)
    labels = [int(given.labels[one.row]) for one in choose_cases(given, 5)]
    assert sorted(labels) == [0, 0, 1, 1, 2]


def test_a_group_comes_again_only_when_no_other_is_left():
    given = predictions([SURE] * 6, groups=["p", "p", "p", "q", "q", "r"])
    assert [given.groups[one.row] for one in choose_cases(given, 3)] == ["p", "q", "r"]
    assert sorted(given.groups[one.row] for one in choose_cases(given, 5)) == ["p", "p", "q", "q", "r"]


def test_the_most_telling_come_first():
    wrong = [(0, [0.02, p, 0.98 - p]) for p in (0.82, 0.97, 0.9)]
    assert choose_cases(predictions(wrong), 1)[0].row == 1
    unsure = [(0, [0.45, 0.3, 0.25]), (0, [0.4, 0.39, 0.21])]
    assert choose_cases(predictions(unsure), 1)[0].row == 1
    # The most ordinary of the right ones, not the surest, which would flatter.
    right = [(0, [p, 0.95 - p, 0.05]) for p in (0.95, 0.7, 0.8)]
    assert choose_cases(predictions(right), 1)[0].row == 2


def test_the_same_each_time_whatever_the_number():
    random = np.random.default_rng(0)
    given = predictions([(int(random.integers(3)), random.dirichlet(np.ones(3))) for _ in range(60)])
    assert choose_cases(given, 12) == choose_cases(given, 12)
    assert {one.row for one in choose_cases(given, 6)} < {one.row for one in choose_cases(given, 12)}


@pytest.mark.parametrize("most", [0, 3])
def test_no_more_than_asked_for_or_there_are(most):
    assert len(choose_cases(predictions([RIGHT, SURE]), most)) == min(most, 2)


def test_an_image_of_several_repeats_is_shown_once():
    given = predictions([SURE] * 6, repeats=np.repeat([0, 1], 3))
    assert len(choose_cases(given, 9)) == len(worst_errors(given, 9)) == 3


def test_worst_errors():
    rows = [RIGHT, (0, [0.1, 0.6, 0.3]), (0, [0.02, 0.97, 0.01]), SURE, (0, [0.3, 0.4, 0.3])]
    found = worst_errors(predictions(rows), 3)
    assert [(one.row, one.kind) for one in found] == [(2, "wrong and sure"), (3, "wrong and sure"), (1, "wrong")]
    assert worst_errors(predictions([RIGHT]), 3) == []
