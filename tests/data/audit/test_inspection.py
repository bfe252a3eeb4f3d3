"""What an audit finds, what it is called, and which rows leave or stay together because of it."""

from pathlib import Path

import numpy as np
import pytest

from cervinet.data.audit.findings import KINDS, Finding, Pair
from cervinet.data.audit.inspection import clusters, excluded, inspect
from cervinet.data.audit.measurements import Measurements
from cervinet.data.manifest import Manifest, table_of

WARN = dict.fromkeys(KINDS, "warn")


def manifest(labels):
    rows = [{"image": f"{row}.png", "label": label} for row, label in enumerate(labels)]
    return Manifest(table_of(rows), Path("pictures"), ("a", "b"))


def plain(n):
    """Measurements of n sharp pictures that nothing is the matter with."""
    found = Measurements.empty(n)
    found.height[:], found.width[:], found.sharpness[:] = 100, 100, 200
    return found


def inspected(labels, pairs=(), policies=WARN, measured=None, size=(64, 64)):
    return inspect(manifest(labels), measured or plain(len(labels)), pairs, policies, size)


class TestInspect:
    def test_good_pictures_have_no_findings(self):
        assert inspected("aabb") == []

    def test_unreadable_pictures_with_their_reasons(self):
        measured = plain(3)
        measured.error[1] = "'1.png' cannot be read"
        assert inspected("aab", measured=measured) == [Finding("unreadable", "warn", (1,), "'1.png' cannot be read")]

    def test_pictures_alike_by_kind(self):
        pairs = [
            Pair(0, 1, exact=True),
            Pair(2, 4, exact=True),
            Pair(3, 5, exact=False, how="turned by 180°", likeness=0.987),
            Pair(6, 7, exact=False, likeness=1.0),
        ]
        assert inspected("aaaabbbb", pairs) == [
            Finding("label_conflicts", "warn", (2, 4), "a and b: equal pixels"),
            Finding("near_conflicts", "warn", (3, 5), "a and b: turned by 180°; likeness 0.99"),
            Finding("duplicates", "warn", (0, 1), "equal pixels"),
            Finding("near_duplicates", "warn", (6, 7), "no visible change; likeness 1.00"),
        ]

    def test_every_picture_but_the_first_of_those_alike_is_a_copy_once(self):
        pairs = [Pair(0, 3, exact=False, how="resized", likeness=0.95), Pair(1, 3, exact=False, how="darker")]
        assert inspected("aaaa", pairs) == [
            Finding("near_duplicates", "warn", (0, 3), "resized; likeness 0.95"),
            Finding("near_duplicates", "warn", (3, 1), "the other from it: darker; likeness 1.00"),
        ]

    def test_pictures_without_labels_conflict_with_nothing(self):
        found = inspected(["a", None, None], [Pair(0, 1, exact=True), Pair(0, 2, exact=True)])
        assert [finding.kind for finding in found] == ["duplicates", "duplicates"]

    @pytest.mark.parametrize("policies", [{}, dict.fromkeys(KINDS, "ignore")])
    def test_what_is_ignored_is_not_found(self, policies):
        measured = plain(3)
        measured.error[2] = "gone"
        assert inspected("aab", [Pair(0, 1, exact=True)], policies, measured) == []

    @pytest.mark.parametrize("action", ["error", "exclude", "group", "warn"])
    def test_each_finding_has_the_action_of_its_kind(self, action):
        found = inspected("aab", [Pair(0, 1, exact=True)], WARN | {"duplicates": action})
        assert [finding.action for finding in found] == [action]

    def test_classes_of_very_unequal_size(self):
        assert inspected("a" * 9 + "b") == []
        assert inspected("a" * 25 + "bb") == [
            Finding("imbalance", "warn", (), "'a' has 25 pictures, 'b' 2: 12 times as many")
        ]

    def test_findings_come_in_the_order_of_the_kinds(self):
        measured = plain(40)
        measured.error[30], measured.height[5] = "gone", 20
        pairs = [Pair(0, 1, exact=False), Pair(2, 3, exact=True)]
        found = [finding.kind for finding in inspected("a" * 39 + "b", pairs, measured=measured, size=(200, 200))]
        kinds = sorted(set(found), key=found.index)
        assert kinds == [kind for kind in KINDS if kind in kinds]
        assert {"unreadable", "duplicates", "near_duplicates", "tiny", "odd_shape", "imbalance"} <= set(kinds)


class TestExcluded:
    @pytest.mark.parametrize(
        ("kind", "leaving"),
        [
            ("duplicates", [5, 8]),
            ("near_duplicates", [5, 8]),
            ("group_leaks", [5, 8]),
            ("duplicate_leaks", [5, 8]),
            ("label_conflicts", [2, 5, 8]),
            ("near_conflicts", [2, 5, 8]),
        ],
    )
    def test_the_first_stays_unless_the_label_is_in_doubt(self, kind, leaving):
        assert excluded([Finding(kind, "exclude", (2, 5, 8))]).tolist() == leaving

    @pytest.mark.parametrize("exact", [True, False])
    def test_a_copy_of_a_picture_whose_label_is_in_doubt_leaves_too(self, exact):
        pairs = [Pair(0, 1, exact=True), Pair(0, 2, exact=exact)]
        policies = {"label_conflicts": "exclude", "near_conflicts": "exclude", "duplicates": "group"}
        assert excluded(inspected("aab", pairs, policies)).tolist() == [0, 1, 2]
        assert excluded(inspected("aaa", pairs, policies)).tolist() == []

    def test_only_what_is_to_be_excluded(self):
        actions = ("error", "group", "warn")
        assert excluded([Finding("blurred", action, (row,)) for row, action in enumerate(actions)]).tolist() == []

    def test_each_row_once(self):
        findings = [Finding("dark", "exclude", (3,)), Finding("blurred", "exclude", (3,))]
        findings.append(Finding("imbalance", "exclude", ()))
        found = excluded(findings)
        assert (found.tolist(), found.dtype) == ([3], np.int64)

    def test_of_a_chain_of_copies_the_first_stays(self):
        pairs = [Pair(0, 3, exact=False), Pair(1, 3, exact=False), Pair(1, 2, exact=True)]
        policies = {"near_duplicates": "exclude", "duplicates": "exclude"}
        assert excluded(inspected("aaaa", pairs, policies)).tolist() == [1, 2, 3]


class TestClusters:
    def test_join_what_is_to_be_grouped(self):
        findings = [
            Finding("near_duplicates", "group", (1, 4)),
            Finding("duplicates", "group", (4, 2)),
            Finding("duplicates", "warn", (0, 3)),
        ]
        assert clusters(6, findings).tolist() == [0, 1, 1, 3, 1, 5]

    def test_of_nothing_are_single_rows(self):
        assert clusters(3, []).tolist() == [0, 1, 2]
