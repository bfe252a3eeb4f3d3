"""Findings as rows of a table, and as the error that stops a run."""

from pathlib import Path

import pandas as pd
import pytest

from cervinet.data.audit.findings import KINDS, Finding
from cervinet.data.audit.issues import COLUMNS, issue_rows, problem
from cervinet.data.manifest import Manifest, table_of
from cervinet.errors import DataError, LeakageError

WAY = "Correct the data (`cervinet data check` shows the pictures), or set data.check."


@pytest.fixture
def manifest():
    rows = [
        {"image": f"{row}.png", "label": "ab"[row % 2], "split": ("train", "test", None)[row % 3]} for row in range(9)
    ]
    ignored = pd.DataFrame({"image": ["x.txt"], "reason": ["not an image"]}, dtype=object)
    return Manifest(table_of(rows), Path("pictures"), ("a", "b"), ignored)


def rows(manifest, *findings):
    table = issue_rows(manifest, findings)
    assert list(table.columns) == COLUMNS
    return [tuple(row) for row in table.itertuples(index=False)]


IGNORED = ("ignored", "exclude", "x.txt", "", "", "", "not an image")


class TestRows:
    def test_a_picture_alone(self, manifest):
        assert rows(manifest, Finding("dark", "warn", (1,), "97% of it is black")) == [
            ("dark", "warn", "1.png", "b", "test", "", "97% of it is black"),
            IGNORED,
        ]

    def test_copies_name_the_first(self, manifest):
        assert rows(manifest, Finding("duplicate_leaks", "error", (1, 0, 2), "where"))[:-1] == [
            ("duplicate_leaks", "error", "0.png", "a", "train", "1.png", "where"),
            ("duplicate_leaks", "error", "2.png", "a", "", "1.png", "where"),
        ]

    def test_pictures_in_conflict_name_each_other(self, manifest):
        assert rows(manifest, Finding("label_conflicts", "exclude", (0, 1), "equal pixels"))[:-1] == [
            ("label_conflicts", "exclude", "0.png", "a", "train", "1.png", "equal pixels"),
            ("label_conflicts", "exclude", "1.png", "b", "test", "0.png", "equal pixels"),
        ]

    def test_the_whole_data_set(self, manifest):
        assert rows(manifest, Finding("imbalance", "warn", (), "17 times"))[:-1] == [
            ("imbalance", "warn", "", "", "", "", "17 times")
        ]

    def test_nothing_found_and_nothing_ignored(self, manifest):
        assert rows(Manifest(manifest.table, manifest.root)) == []


class TestProblem:
    def test_there_is_none_without_an_error(self, manifest):
        assert problem([Finding("dark", "warn", (1,)), Finding("blurred", "exclude", (2,))], manifest) is None

    def test_pictures_that_cannot_be_read_are_all_named(self, manifest):
        findings = [Finding("unreadable", "error", (row,), f"'{row}.png' is damaged") for row in range(8)]
        error = problem(findings, manifest)
        assert type(error) is DataError
        assert str(error) == "\n".join(
            [
                "8 of 9 pictures cannot be read; replace or remove them, or set data.check.unreadable=exclude:",
                *[f"  '{row}.png' is damaged" for row in range(8)],
            ]
        )

    def test_kinds_are_counted_and_the_first_few_named(self, manifest):
        findings = [Finding("duplicates", "error", (0, row), "equal pixels") for row in range(1, 8)]
        findings += [Finding("imbalance", "error", (), "17 times as many"), Finding("dark", "warn", (3,))]
        error = problem(findings, manifest)
        assert type(error) is DataError
        assert str(error) == "\n".join(
            [
                "The same picture twice: 7. The decoded pixels are equal; a copy adds nothing to learn from. "
                f"{WAY}duplicates=exclude:",
                *[f"  0.png, {row}.png: equal pixels" for row in range(1, 6)],
                "  and 2 more",
                "Unequal classes: 1. The largest class has many times the pictures of the smallest. "
                f"{WAY}imbalance=warn:",
                "  17 times as many",
            ]
        )

    def test_a_leak_decides_the_kind_of_error(self, manifest):
        findings = [
            Finding("near_conflicts", "error", (0, 1), "a and b: turned by 180°; likeness 0.99"),
            Finding("duplicate_leaks", "error", tuple(range(8)), "4 in train, 4 in test"),
        ]
        error = problem(findings, manifest)
        assert type(error) is LeakageError
        conflict, leak = KINDS["near_conflicts"], KINDS["duplicate_leaks"]
        assert str(error) == "\n".join(
            [
                f"{conflict.title}: 1. {conflict.meaning} {WAY}near_conflicts=group:",
                "  0.png, 1.png: a and b: turned by 180°; likeness 0.99",
                f"{leak.title}: 1. {leak.meaning} {WAY}duplicate_leaks=exclude:",
                "  0.png, 1.png, 2.png, 3.png, 4.png, 5.png and 2 more: 4 in train, 4 in test",
            ]
        )

    def test_names_cannot_forge_lines(self, manifest):
        manifest.table["image"] = ["a\nb.png", *manifest.table["image"][1:]]
        error = problem([Finding("dark", "error", (0,), "97% of it\nis black")], manifest)
        assert str(error).splitlines()[1] == r"  a\nb.png: 97% of it\nis black"
