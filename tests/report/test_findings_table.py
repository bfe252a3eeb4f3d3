"""The findings of an audit as rows for a terminal."""

from pathlib import Path

import pytest

from cervinet.data.audit.findings import KINDS, Finding
from cervinet.data.manifest import Manifest, table_of
from cervinet.report.findings import by_kind, finding_rows, finding_sentences

COLUMNS = ["finding", "pictures", "done", "example"]


def manifest(*images):
    return Manifest(table_of([{"image": image} for image in images]), Path("root"))


def test_errors_come_first_then_the_order_of_the_kinds():
    findings = [
        Finding("imbalance", "warn", (), "'a' has 100 pictures, 'b' 2: 50 times as many"),
        Finding("blurred", "warn", (1,), "sharpness 3.1"),
        Finding("duplicates", "exclude", (0, 1), "equal pixels"),
        Finding("near_duplicates", "group", (0, 2), "mirrored left to right"),
        Finding("duplicate_leaks", "error", (0, 1)),
        Finding("unreadable", "error", (3,)),
    ]
    assert finding_rows(manifest("a/0.png", "a/1.png", "a/2.png", "a/3.png"), findings) == (
        COLUMNS,
        [
            ["Unreadable pictures", "1", "error", "a/3.png"],
            ["Copies in two splits", "2", "error", "a/0.png, a/1.png"],
            ["The same picture twice", "2", "left out", "a/0.png, a/1.png: equal pixels"],
            ["Nearly the same picture twice", "2", "kept together", "a/0.png, a/2.png: mirrored left to right"],
            ["Blurred pictures", "1", "warning", "a/1.png: sharpness 3.1"],
            ["Unequal classes", "–", "warning", "'a' has 100 pictures, 'b' 2: 50 times as many"],
        ],
    )


def test_a_picture_of_several_findings_counts_once():
    findings = [Finding("duplicates", "exclude", (0, copy)) for copy in range(1, 1200)]
    _, (row,) = finding_rows(manifest(*(f"{number}.png" for number in range(1200))), findings)
    assert row == ["The same picture twice", "1,200", "left out", "0.png, 1.png"]


def test_examples_are_short_whatever_the_names():
    table = manifest("a" * 300 + ".png", "b\n\u202e.png", "c.png", "d.png")
    long = Finding("near_duplicates", "warn", (0, 1, 2, 3), "d" * 60)
    _, (row,) = finding_rows(table, [long])
    assert row[3] == f"{'a' * 15}…{'a' * 12}.png, b\\n\\u202e.png and 2 more"
    whole = Finding("shortcuts", "warn", (), "x" * 300)
    _, (row,) = finding_rows(table, [whole])
    assert row[3] == f"{'x' * 44}…{'x' * 45}"


def test_nothing_found_is_said():
    assert finding_rows(manifest("a.png"), []) == (COLUMNS, [])
    assert finding_sentences([]) == ["Nothing was found."]
    assert finding_sentences([Finding("tiny", "warn", (0,))]) == ["None of this stands in the way of training."]


def test_what_stands_in_the_way_is_said_once_each_with_its_setting():
    findings = [Finding(kind, "error", (0,)) for kind in ("group_leaks", "unreadable", "unreadable")]
    assert finding_sentences([*findings, Finding("dark", "warn", (0,))]) == [
        "Mend the data of every 'error' before training, or have something else done about it: "
        "data.check.unreadable, data.check.group_leaks."
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_row(kind):
    (found,) = by_kind([Finding(kind, "warn", (0,))])
    assert (found.kind, found.action, found.title, found.pictures) == (kind, "warn", KINDS[kind].title, 1)


def test_the_way_out_of_a_picture_without_a_region_is_in_its_step():
    findings = [Finding("no_region", "error", (0,)), Finding("dark", "error", (1,))]
    assert finding_sentences(findings) == [
        "Mend the data of every 'error' before training, or have something else done about it: "
        "`without` of the step that crops, data.check.dark."
    ]
