"""Groups and copies with a foot in two splits."""

import pandas as pd
import pytest

from cervinet.data.audit.findings import Finding, Pair
from cervinet.data.audit.inspection import excluded
from cervinet.data.audit.leaks import leaks
from cervinet.data.manifest import table_of

WARN = {"group_leaks": "warn", "duplicate_leaks": "warn"}


def found(splits, groups=None, pairs=(), policies=WARN):
    table = table_of([{"image": f"{row}.png", "split": split} for row, split in enumerate(splits)])
    groups = pd.Series(groups or [None] * len(table), dtype=object)
    return leaks(table, groups, [Pair(first, second, exact=True) for first, second in pairs], policies)


def test_nothing_leaks():
    assert found(["train", "train", "val", "test"], ["p", "p", "q", None], [(0, 1)]) == []


def test_a_group_in_two_splits():
    splits = ["train", "val", "train", "train", "val", "test"]
    assert found(splits, ["p", "q", "p", "q", "q", None]) == [
        Finding("group_leaks", "warn", (1, 3), "group 'q': 1 in train, 2 in val")
    ]


def test_pictures_without_a_group_are_not_one():
    assert found(["train", "test"], [None, None]) == []


def test_copies_in_three_splits_leave_to_the_one_that_judges_most():
    assert found(["val", "train", "train", "test"], pairs=[(0, 1), (1, 2), (1, 3)]) == [
        Finding("duplicate_leaks", "warn", (3, 0, 1, 2), "2 in train, 1 in val, 1 in test")
    ]


def test_copies_of_one_picture_are_alike_though_it_was_left_out():
    assert found([None, "train", "test"], pairs=[(0, 1), (0, 2)]) == [
        Finding("duplicate_leaks", "warn", (2, 1), "1 in train, 1 in test")
    ]


def test_each_cluster_is_one_finding():
    splits = ["train", "test", "train", "val"]
    assert [finding.rows for finding in found(splits, pairs=[(0, 1), (2, 3)])] == [(1, 0), (3, 2)]


def test_excluding_closes_every_leak():
    splits = ["train", "val", "train", "test", "test", "val"]
    groups, pairs = ["p", "p", "q", "q", "r", "r"], [(0, 4), (1, 2)]
    policies = dict.fromkeys(WARN, "exclude")
    leaving = excluded(found(splits, groups, pairs, policies))
    for row in leaving:
        splits[row] = None
    assert found(splits, groups, pairs) == []
    assert splits == [None, "val", None, "test", "test", None]


@pytest.mark.parametrize("policies", [{}, {"group_leaks": "ignore", "duplicate_leaks": "ignore"}])
def test_what_is_ignored_is_not_found(policies):
    assert found(["train", "test"], ["p", "p"], [(0, 1)], policies) == []


def test_without_splits_nothing_leaks():
    assert found([None, None], ["p", "p"], [(0, 1)]) == []
