"""Tables of pixels as Kaggle has them, and what people do to them."""

import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from cervinet.data.readers.pixel_table import pixel_table
from cervinet.errors import DataError

REAL = Path(os.environ.get("CERVINET_REAL_DATA", "nowhere")) / "hmnist_28_28_RGB.csv.gz"


def write(path, pixels, labels=None, *, names=None, zipped=False):
    """A table of uint8 (rows, columns) pixels."""
    names = names or [f"pixel{n:04d}" for n in range(pixels.shape[1])]
    labels = [n % 2 for n in range(len(pixels))] if labels is None else labels
    rows = [",".join(map(str, [*row, label])) for row, label in zip(pixels.tolist(), labels, strict=True)]
    text = "\n".join([",".join([*names, "label"]), *rows]) + "\n"
    path.write_bytes(gzip.compress(text.encode()) if zipped else text.encode())
    return path


def noise(rows, columns):
    return np.random.default_rng(columns).integers(0, 256, (rows, columns), np.uint8)


def error(path, **options):
    with pytest.raises(DataError) as caught:
        pixel_table(path, **options)
    return str(caught.value)


def edited(tmp_path, edit, columns=12):
    """A table of 3 small pictures whose cells, header first, were edited as lists."""
    path = write(tmp_path / "p.csv", noise(3, columns))
    cells = [line.split(",") for line in path.read_text().splitlines()]
    edit(cells)
    path.write_text("\n".join(",".join(row) for row in cells) + "\n")
    return path


class TestPixels:
    @pytest.mark.parametrize("side", [8, 28])
    @pytest.mark.parametrize("channels", [1, 3])
    @pytest.mark.parametrize("zipped", [False, True])
    def test_go_row_by_row_column_by_column_and_channel_by_channel(self, tmp_path, side, channels, zipped):
        pixels = noise(5, side * side * channels)
        found = pixel_table(write(tmp_path / ("p.csv" + ".gz" * zipped), pixels, zipped=zipped))
        assert (found.pixels.dtype, found.pixels.shape) == (np.uint8, (5, side, side, 3))
        for picture in range(5):
            for row, column, channel in [(0, 0, 0), (0, 1, 2), (1, 0, 1), (side - 1, side - 1, 2)]:
                at = (row * side + column) * channels + (channel if channels == 3 else 0)
                assert found.pixels[picture, row, column, channel] == pixels[picture, at]

    def test_the_picture_is_called_by_its_line(self, tmp_path):
        path = write(tmp_path / "p.csv", noise(2, 12))
        assert list(pixel_table(path).table["image"]) == ["p.csv:2", "p.csv:3"]
        (tmp_path / "deep").mkdir()
        path = write(tmp_path / "deep/q.csv", noise(1, 12))
        assert list(pixel_table(tmp_path, file="deep/q.csv").table["image"]) == ["deep/q.csv:2"]

    def test_rows_of_more_than_one_block_keep_their_order(self, tmp_path, monkeypatch):
        monkeypatch.setattr("cervinet.data.readers.pixel_table._BLOCK_BYTES", 5000)
        pixels = noise(300, 192)
        found = pixel_table(write(tmp_path / "p.csv", pixels))
        np.testing.assert_array_equal(found.pixels.reshape(300, -1), pixels)

    def test_a_gzipped_file_is_known_by_its_content(self, tmp_path):
        assert len(pixel_table(write(tmp_path / "p.csv", noise(2, 12), zipped=True))) == 2


class TestColumns:
    def test_classes_by_number(self, tmp_path):
        path = write(tmp_path / "p.csv", noise(3, 12), [1, 0, 1])
        found = pixel_table(path, names=["nv", "mel"])
        assert (list(found.table["label"]), found.classes) == (["mel", "nv", "mel"], ("nv", "mel"))
        assert list(pixel_table(path).table["label"]) == ["1", "0", "1"]

    @pytest.mark.parametrize("label", ["2", "-1", "1.0", "mel"])
    def test_a_number_without_a_name(self, tmp_path, label):
        path = write(tmp_path / "p.csv", noise(2, 12), [0, label])
        assert error(path, names=["nv", "mel"]) == (
            f"{path}:3 must have a whole number from 0 to 1 in 'label', for data.reader.pixel_table.names has 2 names; "
            f"got '{label}'"
        )

    def test_a_name_twice(self, tmp_path):
        path = write(tmp_path / "p.csv", noise(2, 12))
        assert error(path, names=["nv", "nv"]) == (
            "data.reader.pixel_table.names must name each class once; got 'nv' twice"
        )

    def test_groups_and_what_is_not_read(self, tmp_path):
        def edit(cells):
            for row, more in zip(cells, (["patient", "age"], ["007", "1"], ["", "2"], ["7", "3"]), strict=True):
                row.extend(more)

        found = pixel_table(edited(tmp_path, edit), group="patient")
        assert list(found.table["group"]) == ["007", None, "7"]
        assert found.remarks == ("p.csv has columns that are not read: age",)

    def test_a_wrong_one(self, tmp_path):
        path = write(tmp_path / "p.csv", noise(2, 12))
        assert error(path, label="labels") == (
            f"{path} has no column 'labels' (did you mean 'label'?); set data.reader.pixel_table.label"
        )

    @pytest.mark.parametrize(("at", "name"), [(3, "pixel0000"), (3, "label")])
    def test_one_twice(self, tmp_path, at, name):
        path = edited(tmp_path, lambda cells: cells[0].__setitem__(at, name))
        assert error(path) == f"{path} has two columns called '{name}'; rename one"

    def test_no_header(self, tmp_path):
        path = edited(tmp_path, lambda cells: cells.pop(0))
        assert error(path) == (
            f"{path} has no header: its first line must name the columns, pixel0000, pixel0001, … and label; "
            f"it begins with '{noise(3, 12)[0, 0]}'"
        )

    def test_2351_pixel_columns(self, tmp_path):
        path = write(tmp_path / "p.csv", noise(1, 2351))
        assert error(path) == (
            f"{path} has 2,351 pixel columns, which make no square picture; side × side for grey or side × side × 3 "
            "for RGB were expected, such as 27×27×3 = 2,187"
        )

    def test_none(self, tmp_path):
        path = write(tmp_path / "p.csv", noise(1, 3), names=["a", "b", "c"])
        assert error(path) == f"{path} has no pixel columns; pixel0000, pixel0001, … were expected in its header"

    def test_out_of_order(self, tmp_path):
        def edit(cells):
            cells[0][4:6] = cells[0][5:3:-1]

        path = edited(tmp_path, edit)
        assert error(path) == (
            f"{path} must have its pixel columns in the order of their numbers; got 'pixel0005' after 'pixel0003'"
        )


class TestCells:
    @pytest.mark.parametrize("cell", ["300", "256", "-1", "12.5", "12.0", "", "x", "1e2", "NA", "²"])
    def test_that_are_no_pixel_values_are_named(self, tmp_path, cell):
        path = edited(tmp_path, lambda cells: cells[2].__setitem__(4, cell))
        assert error(path) == (f"{path}:3 must have a whole number from 0 to 255 in column 'pixel0004'; got '{cell}'")

    def test_in_a_gzipped_table(self, tmp_path):
        path = edited(tmp_path, lambda cells: cells[1].__setitem__(0, "300"))
        zipped = tmp_path / "p.csv.gz"
        zipped.write_bytes(gzip.compress(path.read_bytes()))
        assert error(zipped) == (f"{zipped}:2 must have a whole number from 0 to 255 in column 'pixel0000'; got '300'")

    def test_a_row_of_another_length(self, tmp_path):
        path = edited(tmp_path, lambda cells: cells[2].pop())
        assert error(path) == f"{path}:3 has 12 cells; the header has 13"

    def test_an_empty_line(self, tmp_path):
        path = edited(tmp_path, lambda cells: cells.insert(2, []))
        assert error(path) == f"{path}:3 is an empty line; remove it"


class TestFiles:
    def test_not_there(self, tmp_path):
        path = tmp_path / "p.csv"
        assert error(path) == f"there is no table {path}; check data.root and data.reader.pixel_table.file"

    def test_a_folder(self, tmp_path):
        assert error(tmp_path) == (
            f"{tmp_path} is a folder; name the table in it: data.reader.pixel_table.file=hmnist_28_28_RGB.csv"
        )

    def test_a_cut_archive(self, tmp_path):
        path = write(tmp_path / "p.csv.gz", noise(400, 192), zipped=True)
        path.write_bytes(path.read_bytes()[:-5000])
        message = error(path)
        assert message.startswith(f"{path}")
        assert "\n" not in message

    def test_something_else(self, tmp_path):
        path = tmp_path / "p.csv"
        path.write_bytes(b"\x89PNG\r\n\x1a\n\0\xff")
        assert error(path).startswith(f"{path} must be a CSV file, plain or gzipped; it cannot be read as one: ")

    def test_a_header_without_rows(self, tmp_path):
        assert len(pixel_table(write(tmp_path / "p.csv", noise(0, 12)))) == 0


@pytest.mark.slow
def test_the_size_of_the_whole_of_ham10000(tmp_path):
    pixels = noise(10_015, 2352)
    path = write(tmp_path / "p.csv", pixels)
    found = pixel_table(path)
    np.testing.assert_array_equal(found.pixels.reshape(10_015, -1), pixels)


@pytest.mark.real
@pytest.mark.skipif(not REAL.is_file(), reason=f"no real pictures at {REAL}: set CERVINET_REAL_DATA")
def test_the_real_table():
    found = pixel_table(REAL, names=["akiec", "bcc", "bkl", "df", "nv", "vasc", "mel"])
    assert found.pixels.shape == (2661, 28, 28, 3)
    assert found.table["label"].value_counts().to_dict() == {
        "nv": 1000, "bkl": 583, "mel": 491, "bcc": 264, "akiec": 183, "vasc": 80, "df": 60
    }  # fmt: skip
