"""Predictions as CSV, Parquet and submissions: the same in each, written as they come, never half."""

import csv
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from answered import ALL, BROKEN, CARD, CLEAR, REFUSED, UNSURE, said

from cervinet.data.picture import Picture
from cervinet.errors import UsageError
from cervinet.model_card import ModelCard
from cervinet.report import predicted_files
from cervinet.report.predicted_files import check_submission, csv_sink, parquet_sink, submission_sink

PLAIN = ModelCard(("Type_1", "Type_2", "Type_3"), (8, 8), (), "x")
POINTS = [
    f"call_{name}: {rule}"
    for name in ("a", "b|c", "=d")
    for rule in ("sensitivity at least 0.9", "the highest Youden index")
]
COLUMNS = ["class", "why", "p_a", "p_b|c", "p_=d", "psub_a1", "psub_a2", "set", *POINTS, "flags"]


def write(kind, path, predictions, card=CARD):
    with kind(path, card) as sink:
        for prediction in predictions:
            sink(prediction)
    return path


def read(path):
    with path.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        return list(csv.reader(file))


def test_csv_holds_all_and_is_safe_in_a_spreadsheet(tmp_path):
    head, *rows = read(write(csv_sink, tmp_path / "t.csv", ALL))
    assert head == ["image", *COLUMNS, "error"]
    assert rows[0] == ["scans/1.png", "a", "", "0.9", "0.05", "0.05", "0.6", "0.3", "a", *"110000", "small", ""]
    assert rows[1][:3] == ["'=2.png", "", "unsure"]
    assert rows[1][8:] == ["a; b|c; =d", *"111010", "", ""]
    assert rows[2][:4] == ["3.png", "", "not assessed", "0.2"]
    assert rows[2][8:] == ["", *[""] * 6, "dark; unlike", ""]
    assert rows[3] == ["bad\udcff.png", *[""] * len(COLUMNS), "''bad.png' is damaged"[1:]]


def test_parquet_holds_the_same_with_types(tmp_path, monkeypatch):
    monkeypatch.setattr(predicted_files, "_GROUP", 3)  # two row groups
    file = pq.ParquetFile(write(parquet_sink, tmp_path / "t.parquet", ALL))
    assert file.metadata.num_row_groups == 2
    clear, unsure, refused, broken = file.read().to_pylist()
    assert list(clear) == ["image", *COLUMNS, "error"]
    assert (clear["class"], clear["why"], clear["p_a"], clear["set"], clear["flags"]) == (
        "a",
        None,
        0.9,
        ["a"],
        ["small"],
    )
    assert [clear[name] for name in POINTS] == [True, True, False, False, False, False]
    assert (unsure["class"], unsure["why"], unsure["set"], unsure["error"]) == (
        None,
        "unsure",
        ["a", "b|c", "=d"],
        None,
    )
    assert (refused["set"], refused[POINTS[0]], refused["flags"]) == (None, None, ["dark", "unlike"])
    assert broken == {"image": r"bad\xff.png", **dict.fromkeys(COLUMNS), "error": "'bad.png' is damaged"}


@pytest.mark.parametrize("kind", [csv_sink, parquet_sink, submission_sink])
def test_an_old_file_stays_whole_when_the_work_breaks_off(tmp_path, kind):
    path = tmp_path / "old"
    path.write_text("old")

    def broken_off():
        with kind(path, CARD) as sink:
            sink(CLEAR)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken_off()
    assert [one.name for one in tmp_path.iterdir()] == ["old"]
    assert path.read_text() == "old"


def test_nothing_to_write_is_a_header(tmp_path):
    assert read(write(csv_sink, tmp_path / "t.csv", (), PLAIN)) == [
        ["image", "class", "p_Type_1", "p_Type_2", "p_Type_3", "error"]
    ]
    assert pq.read_table(write(parquet_sink, tmp_path / "t.parquet", ())).num_rows == 0


def test_a_submission_is_what_kaggle_takes(tmp_path):
    given = [said(PLAIN, "test/0.jpg", (0.1, 0.7, 0.2)), said(PLAIN, "test/1.jpg", (1 / 3, 1 / 3, 1 / 3))]
    assert write(submission_sink, tmp_path / "s.csv", given, PLAIN).read_text() == (
        "image_name,Type_1,Type_2,Type_3\n"
        "0.jpg,0.1,0.7,0.2\n"
        "1.jpg,0.3333333333333333,0.3333333333333333,0.3333333333333333\n"
    )


def test_a_submission_has_those_that_were_not_assessed_and_is_not_written_without_one(tmp_path):
    path = tmp_path / "s.csv"
    assert len(read(write(submission_sink, path, (CLEAR, UNSURE, REFUSED)))) == 4
    before = path.read_text()
    write(submission_sink, path, (REFUSED, BROKEN, CLEAR))
    assert path.read_text() == before
    write(submission_sink, tmp_path / "other.csv", (BROKEN,))
    assert [one.name for one in tmp_path.iterdir()] == ["s.csv"]


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (
            ["x/1.jpg", "x/2.jpg", "y/1.jpg"],
            "a submission names pictures by their file names alone, and two have the same: x/1.jpg and y/1.jpg; "
            "rename one or leave one out",
        ),
        (
            ["x/=1.jpg"],
            "a submission names pictures as they are, and '=1.jpg' would run as a formula in a spreadsheet; rename it",
        ),
    ],
)
def test_names_that_cannot_stand_in_a_submission(names, sentence):
    check_submission([Picture(Path("x/1.jpg")), Picture(Path("x/2.jpg"))])
    with pytest.raises(UsageError) as caught:
        check_submission([Picture(Path(name)) for name in names])
    assert str(caught.value) == sentence
