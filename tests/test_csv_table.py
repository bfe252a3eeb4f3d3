"""Cells come back as they were written, and no spreadsheet runs them; mistakes name their line."""

import csv
import errno
import math
import os

import numpy as np
import pytest

from cervinet import files
from cervinet.csv_table import escape, read_table, unescape, write_table
from cervinet.errors import DataError

CELLS = [
    *("plain", "", " ", "a,b", 'a "b"', "a\nb", "a\rb", "a\r\nb", "é 子宮", "\u202eabc", "=1+1", "+1", "-1", "@x"),
    *(
        "\t=1",
        "\r=1",
        "'",
        "''",
        "'=1",
        "''=1",
        "'a",
        "＝1",
        "＋1",
        "－1",
        "＠1",
        "#",
        os.fsdecode(b"\xff\xfe"),
        "\ufeffx",
    ),
]


@pytest.fixture
def error(tmp_path):
    def message(content):
        path = tmp_path / "x.csv"
        path.write_bytes(content)
        with pytest.raises(DataError) as caught:
            read_table(path)
        return str(caught.value).replace(str(path), "x.csv")

    return message


class TestEscape:
    @pytest.mark.parametrize("cell", CELLS)
    def test_is_undone_exactly(self, cell):
        assert unescape(escape(cell)) == cell

    @pytest.mark.parametrize("cell", CELLS)
    def test_no_cell_begins_like_a_formula(self, cell):
        assert not escape(cell).startswith(tuple("=+-@\t\r＝＋－＠"))

    @pytest.mark.parametrize("cell", ["plain", "", "'", "'a", "1-1", " =1"])
    def test_leaves_what_is_harmless(self, cell):
        assert escape(cell) == cell


class TestRoundTrip:
    def test_any_cells(self, tmp_path):
        path = tmp_path / "x.csv"
        write_table(path, [["a", "b"], *([escape(cell), escape(cell[::-1])] for cell in CELLS)])
        found = read_table(path)
        assert found.text("a") == CELLS
        assert found.text("b") == [cell[::-1] for cell in CELLS]
        assert found.text("c") == [""] * len(CELLS)

    def test_numbers_bit_for_bit(self, tmp_path):
        values = np.random.default_rng(0).normal(0, 1e5, (50, 2)).tolist()
        values += [[math.inf, -0.0], [5e-324, 1.7976931348623157e308], [0.1 + 0.2, 1e22]]
        write_table(tmp_path / "x.csv", [["a", "b"], *values])
        found = read_table(tmp_path / "x.csv").numbers(["b", "a"])
        assert found.tobytes() == np.array(values)[:, ::-1].tobytes()

    def test_other_readers_agree(self, tmp_path):
        rows = [["image", "label"], ["a,b", 'x "y"'], ["line\nbreak", "é"]]
        write_table(tmp_path / "x.csv", rows)
        with open(tmp_path / "x.csv", encoding="utf-8", newline="") as file:
            assert list(csv.reader(file)) == rows


class TestRead:
    @pytest.mark.parametrize("end", ["\n", "\r\n"])
    def test_byte_order_mark_line_ends_and_empty_lines(self, tmp_path, end):
        path = tmp_path / "x.csv"
        path.write_bytes(b"\xef\xbb\xbf" + end.join(["a,b", "1,2", "", '"x\ny",4', "5,6", ""]).encode())
        found = read_table(path)
        assert (found.header, found.rows) == (["a", "b"], [["1", "2"], ["x\ny", "4"], ["5", "6"]])
        assert found.lines == [2, 5, 6]

    def test_only_some_rows(self, tmp_path):
        path = tmp_path / "x.csv"
        path.write_text("a\n1\n2\n3\n")
        found = read_table(path).where([True, False, True])
        assert (found.lines, found.rows) == ([2, 4], [["1"], ["3"]])

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"", "x.csv is empty; a header and a row for each image were expected"),
            (b"\n\n", "x.csv is empty; a header and a row for each image were expected"),
            (b"a,b\n", "x.csv has a header but no rows; a row for each image was expected"),
            (b"a,b,a\n1,2,3\n", "x.csv has two columns named 'a'"),
            (b"a,b\n1,2\n\n1\n", "x.csv:4 has 1 cells; the header has 2"),
            (b"a,b\n1,2,3\n", "x.csv:2 has 3 cells; the header has 2"),
            (b'a,b\n"1,2\n', "x.csv:2 is not CSV: unexpected end of data"),
            (b'a,b\n"1"2,3\n', "x.csv:2 is not CSV: ',' expected after '\"'"),
        ],
    )
    def test_mistakes(self, error, content, message):
        assert error(content) == message

    def test_a_missing_file(self, tmp_path):
        with pytest.raises(DataError) as caught:
            read_table(tmp_path / "x.csv")
        assert str(caught.value) == f"{tmp_path / 'x.csv'} cannot be read: No such file or directory"

    def test_text_where_a_number_belongs(self, tmp_path):
        path = tmp_path / "x.csv"
        path.write_text("a,b\n1,2\n\n3,high\n")
        with pytest.raises(DataError) as caught:
            read_table(path).numbers(["a", "b"])
        assert str(caught.value) == f"{path}:4 must hold a number in column 'b'; got 'high'"


def test_a_full_disk_leaves_the_old_table(tmp_path, monkeypatch):
    path = tmp_path / "x.csv"
    write_table(path, [["a"], ["old"]])

    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(files.os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            write_table(path, [["a"], ["new"]])
    assert read_table(path).text("a") == ["old"]
    assert list(tmp_path.iterdir()) == [path]


def test_rows_that_fail_half_way_leave_the_old_table(tmp_path):
    path = tmp_path / "x.csv"
    write_table(path, [["a"], ["old"]])

    def rows():
        yield ["a"]
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_table(path, rows())
    assert read_table(path).text("a") == ["old"]
    assert list(tmp_path.iterdir()) == [path]
