"""Tables of pictures as they come: from spreadsheets, scripts and other people."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cervinet.data.readers.table import read_table, table
from cervinet.errors import DataError


@pytest.fixture
def csv(tmp_path):
    def write(text, name="t.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return write


def error(path, **options):
    with pytest.raises(DataError) as caught:
        table(path, **options)
    return str(caught.value)


def columns(manifest, *names):
    return [list(manifest.table[name]) for name in names]


class TestCells:
    def test_labels_stay_the_text_they_were(self, csv):
        labels = ["007", "7", "1e-3", "NA", "NO", "True", "null", "None", "nan", "1.0", " a ", "2001-12-14", "-"]
        path = csv("image,label\n" + "".join(f"{n}.png,{label}\n" for n, label in enumerate(labels)))
        assert columns(table(path), "label") == [labels]

    def test_quotes_commas_newlines_and_letters(self, csv):
        path = csv('image,label\n"a, ""b"".png","x\ny"\né/子.png,ü\n')
        assert columns(table(path), "image", "label") == [['a, "b".png', "é/子.png"], ["x\ny", "ü"]]

    @pytest.mark.parametrize("separator", [",", ";", "\t"])
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
    @pytest.mark.parametrize("end", ["\n", "\r\n"])
    def test_of_any_spreadsheet(self, csv, separator, encoding, end):
        text = end.join(
            separator.join(row) for row in [("image", "label"), ("1,5.png" if separator == ";" else "1.png", "ä")]
        )
        found = table(csv(text, encoding=encoding))
        assert columns(found, "label") == [["ä"]]

    def test_a_comma_decides_against_a_stray_semicolon(self, csv):
        assert columns(table(csv("image,label,a;b\n1.png,x,y;z\n")), "label") == [["x"]]

    def test_empty_cells_are_none_and_empty_lines_nothing(self, csv):
        found = table(csv("image,label,p\n1.png,a,\n\n2.png,,x\n3.png\n\n"), group="p")
        assert columns(found, "image", "label", "group") == [
            ["1.png", "2.png", "3.png"], ["a", None, None], [None, "x", None]
        ]  # fmt: skip

    def test_one_column_only(self, csv):
        assert error(csv("image\n1.png\n")).endswith(
            "has no column 'label' (known: image); set data.reader.table.label"
        )


class TestRoles:
    def test_every_column_can_be_named(self, csv):
        path = csv("file,dx,fine,patient,set,x\nf.png,a,a1,p,val,0\n")
        found = table(path, image="file", label="dx", sublabel="fine", group="patient", split="set")
        assert columns(found, "image", "label", "sublabel", "group", "split") == [
            ["f.png"],
            ["a"],
            ["a1"],
            ["p"],
            ["val"],
        ]

    def test_what_is_not_named_is_not_taken(self, csv):
        found = table(csv("image,label,group,split\n1.png,a,p,train\n"))
        assert columns(found, "group", "split") == [[None], [None]]

    def test_a_suffix_is_put_behind_each_path(self, csv):
        assert columns(table(csv("image,label\nISIC_1,a\nx.y,b\n"), suffix=".jpg"), "image") == [
            ["ISIC_1.jpg", "x.y.jpg"]
        ]

    def test_the_table_itself_or_its_folder(self, csv, tmp_path):
        path = csv("image,label\n1.png,a\n")
        assert table(path).root == table(tmp_path, file="t.csv").root == tmp_path

    def test_the_root_of_paths_may_be_another_folder(self, csv, tmp_path):
        (tmp_path / "labels").mkdir()
        csv("image,label\npictures/1.png,a\n", "labels/t.csv")
        found = table(tmp_path, file="labels/t.csv")
        assert found.paths() == [tmp_path / "pictures/1.png"]


class TestMasks:
    def test_one_several_or_none(self, csv, tmp_path):
        path = csv("image,label,m\n1.png,a,m/1.png\n2.png,a,m\\2.png; /else/3.png ;\n3.png,a,\n")
        found = table(path, mask="m")
        assert columns(found, "masks") == [[("m/1.png",), ("m/2.png", "/else/3.png"), None]]
        assert found.pictures()[1].masks == (tmp_path / "m/2.png", Path("/else/3.png"))

    def test_a_missing_column(self, csv):
        path = csv("image,label,m\n1.png,a,\n")
        assert error(path, mask="lesion") == (
            f"{path} has no column 'lesion' (known: image, label, m); set data.reader.table.mask"
        )


def test_labels_of_two_levels_and_sites(csv):
    path = csv("image,label,sublabel,clinic\n1.png,brain,glioma,7\n2.png,brain,,\n3.png,lung,squamous,07\n")
    found = table(path, sublabel="sublabel", site="clinic")
    assert columns(found, "label", "sublabel", "site") == [
        ["brain", "brain", "lung"], ["glioma", None, "squamous"], ["7", None, "07"]
    ]  # fmt: skip


class TestPaths:
    def test_back_slashes_spaces_accents_and_absolute_ones(self, csv, tmp_path):
        path = csv("image,label\na\\b c\\é.png,x\n/else where/1.png,x\n")
        found = table(path)
        assert columns(found, "image") == [["a/b c/é.png", "/else where/1.png"]]
        assert [os.fspath(p) for p in found.paths()] == [f"{tmp_path}/a/b c/é.png", "/else where/1.png"]

    def test_a_row_without_one(self, csv):
        path = csv("image,label\n1.png,a\n\n,b\n")
        assert error(path) == f"{path}:4 has no path in the column 'image'; fill it or remove the row"


class TestBoxes:
    def test_are_numbers_or_nothing(self, csv):
        found = table(csv("image,label,x,y,w,h\n1.png,a,1,2.5,3e1,4\n2.png,a,,,,\n"), box=("x", "y", "w", "h"))
        boxes = found.table[["box_x", "box_y", "box_w", "box_h"]]
        assert (boxes.dtypes == np.float64).all()
        np.testing.assert_array_equal(boxes.to_numpy(), [[1, 2.5, 30, 4], [np.nan] * 4])

    @pytest.mark.parametrize("cell", ["wide", "1,5", "nan", "NA", "inf", "-inf", "1e999"])
    def test_text_names_its_line_and_column(self, csv, cell):
        path = csv(f'image,label,x,y,w,h\n1.png,a,1,2,3,4\n\n2.png,a,1,2,"{cell}",4\n')
        assert error(path, box=("x", "y", "w", "h")) == f"{path}:4 must have a number in 'w'; got '{cell}'"

    @pytest.mark.parametrize("column", ["w", "h"])
    @pytest.mark.parametrize("side", ["0", "-3"])
    def test_have_a_width_and_a_height(self, csv, column, side):
        cells = {"x": "1", "y": "2", "w": "3", "h": "4"} | {column: side}
        path = csv(f"image,label,x,y,w,h\n1.png,a,,,,\n2.png,a,{','.join(cells.values())}\n")
        assert error(path, box=("x", "y", "w", "h")) == (
            f"{path}:3 must have a number above 0 in '{column}'; got '{side}'"
        )

    def test_are_whole_or_none(self, csv):
        path = csv("image,label,x,y,w,h\n1.png,a,1,2,,4\n")
        assert error(path, box=("x", "y", "w", "h")) == (
            f"{path}:2 must have all of x, y, w, h or none; fill the empty ones"
        )

    def test_a_missing_column(self, csv):
        path = csv("image,label,x,y,w\n1.png,a,1,2,3\n")
        assert error(path, box=("x", "y", "w", "height")) == (
            f"{path} has no column 'height' (known: image, label, x, y, w); set data.reader.table.box"
        )


class TestMistakes:
    @pytest.mark.parametrize(
        ("header", "options", "sentence"),
        [
            ("img,label", {}, "has no column 'image' (did you mean 'img'?); set data.reader.table.image"),
            ("Image,Label", {}, "has no column 'image' (did you mean 'Image'?); set data.reader.table.image"),
            ("image,DX", {"label": "dx"}, "has no column 'dx' (did you mean 'DX'?); set data.reader.table.label"),
            ("image,label", {"group": "patient"},
             "has no column 'patient' (known: image, label); set data.reader.table.group"),
            ("image,image", {}, "has two columns called 'image'; rename one"),
            ("image,label,x,label", {}, "has two columns called 'label'; rename one"),
        ],
    )  # fmt: skip
    def test_columns(self, csv, header, options, sentence):
        path = csv(f"{header}\n{','.join('abcd'[: header.count(',') + 1])}\n")
        assert error(path, **options) == f"{path} {sentence}"

    def test_columns_without_a_name_do_not_matter(self, csv):
        assert columns(table(csv("image,label,,\n1.png,a,,\n")), "label") == [["a"]]

    def test_a_row_that_is_too_long_is_never_shifted(self, csv):
        path = csv("image,label\n1.png,a,\n2.png,b,\n")
        assert error(path) == (
            f"{path} must be a CSV or Parquet table; it cannot be read as one: Expected 2 fields in line 2, saw 3"
        )

    def test_no_file(self, tmp_path):
        path = tmp_path / "t.csv"
        assert error(path) == f"there is no table {path}; check data.root and data.reader.table.file"
        assert error(tmp_path, file="t.csv") == error(path)

    def test_a_folder(self, tmp_path):
        assert error(tmp_path) == f"{tmp_path} is a folder; name the table in it: data.reader.table.file=labels.csv"

    @pytest.mark.parametrize(
        "content", ["image;label\nKöln.jpg;a\n".encode("cp1252"), "image,label\n".encode("utf-16"), b"\x89PNG\0\xff"]
    )
    def test_text_that_is_not_utf_8(self, tmp_path, content):
        path = tmp_path / "t.csv"
        path.write_bytes(content)
        assert error(path) == f"{path} must be a CSV or Parquet table; it is no text in UTF-8: save it as 'CSV UTF-8'"

    @pytest.mark.parametrize("name", ["t.xlsx", "t.XLS", "t.ods"])
    def test_a_spreadsheet(self, tmp_path, name):
        path = tmp_path / name
        path.write_bytes(b"PK\3\4")
        assert error(path) == (
            f"{path} must be a CSV or Parquet table, but it is a spreadsheet; save it as 'CSV UTF-8'"
        )

    def test_an_empty_file(self, csv):
        path = csv("")
        assert error(path) == f"{path} is empty; a header and a row for each picture were expected"

    @pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n\0\0\xff", "image,label\né,a\n".encode("latin-1")])
    def test_something_else(self, tmp_path, content):
        path = tmp_path / "t.parquet"
        path.write_bytes(content)
        start = f"{path} must be a CSV or Parquet table; it cannot be read as one: "
        message = error(path)
        assert message.startswith(start)
        assert len(message) > len(start)
        assert "\n" not in message

    def test_a_header_without_rows(self, csv):
        assert len(table(csv("image,label\n"))) == 0


class TestParquet:
    def test_every_cell_is_text(self, tmp_path):
        path = tmp_path / "t.parquet"
        frame = {"image": ["1.png", "2.png"], "label": [7, 8], "p": ["007", None], "x": [1.5, None]}
        pd.DataFrame(frame, index=[5, 5]).to_parquet(path)
        found = table(path, group="p", box=("x", "x", "x", "x"))
        assert columns(found, "image", "label", "group") == [["1.png", "2.png"], ["7", "8"], ["007", None]]
        np.testing.assert_array_equal(found.table["box_x"], [1.5, np.nan])

    def test_categories_and_times(self, tmp_path):
        path = tmp_path / "t.pq"
        when = pd.to_datetime(["2026-11-20", "2026-11-21"])
        pd.DataFrame({"image": ["1", "2"], "label": pd.Categorical(["a", "b"]), "day": when}).to_parquet(path)
        assert columns(table(path, group="day"), "label", "group") == [
            ["a", "b"], ["2026-11-20 00:00:00", "2026-11-21 00:00:00"]
        ]  # fmt: skip

    def test_an_empty_path_names_its_row(self, tmp_path):
        path = tmp_path / "t.parquet"
        pd.DataFrame({"image": ["1.png", None], "label": ["a", "b"]}).to_parquet(path)
        assert error(path) == f"{path}:3 has no path in the column 'image'; fill it or remove the row"


def test_rows_are_numbered_by_their_line(csv):
    assert list(read_table(csv("a,b\n1,2\n\n\n3,4\n")).index) == [2, 5]
