"""Data that cannot be what was meant: one sentence and exit code 3 each, whatever command meets them."""

import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from world import cervinet

Data = Callable[..., tuple[int, str]]


@pytest.fixture
def checked(tmp_path: Path) -> Data:
    """`checked("root: …")`: exit code and stderr of a check of this data section; 24 pictures of a and b lie in `p`."""
    for number in range(24):
        pixels = np.random.default_rng(number).integers(0, 256, (6, 8, 3), np.uint8)
        path = tmp_path / "p" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), cv2.resize(pixels, (40, 30)))

    def check(data: str, top: str = "") -> tuple[int, str]:
        text = f"data: {{image_size: [28, 28], {data}}}\nmodel: {{architecture: skin_cnn}}\n{top}\n"
        (tmp_path / "c.yaml").write_text(text, encoding="utf-8")
        result = cervinet("data", "check", "c.yaml", "--quiet")
        return result.exit_code, result.stderr

    return check


def pixels(path: Path, columns: int, cell: str = "") -> None:
    rows = [[str((7 * row + column) % 256) for column in range(columns)] for row in range(4)]
    rows[2][17] = cell or rows[2][17]
    head = [f"pixel{column:04}" for column in range(columns)]
    lines = [[*head, "label"], *([*cells, str(row % 2)] for row, cells in enumerate(rows))]
    path.write_text("\n".join(",".join(line) for line in lines) + "\n")


def test_no_root(checked: Data) -> None:
    assert checked("root: gone") == (
        3,
        f"Error: data.root must be a folder; gone is not there (looked for in {Path.cwd()})\n",
    )


def test_a_column_that_is_not_there(checked: Data) -> None:
    Path("p/t.csv").write_text("image,label\na/0.png,a\n")
    assert checked("root: p, reader: {table: {file: t.csv, label: lable}}") == (
        3,
        "Error: p/t.csv has no column 'lable' (did you mean 'label'?); set data.reader.table.label\n",
    )


def test_a_column_that_is_there_twice(checked: Data) -> None:
    Path("p/t.csv").write_text("image,label,label\na/0.png,a,b\n")
    assert checked("root: p, reader: {table: {file: t.csv}}") == (
        3,
        "Error: p/t.csv has two columns called 'label'; rename one\n",
    )


def test_a_label_that_is_no_class(checked: Data) -> None:
    assert checked("root: p", "classes: [a, c]") == (
        3,
        "Error: the data have a class 'b' that `classes` does not name (known: a, c); add it to `classes`, or take its "
        "pictures out\n",
    )


def test_a_pixel_of_300(checked: Data) -> None:
    pixels(Path("t.csv"), 2352, "300")
    assert checked("root: t.csv, reader: pixel_table") == (
        3,
        "Error: t.csv:4 must have a whole number from 0 to 255 in column 'pixel0017'; got '300'\n",
    )


def test_a_pixel_column_too_few(checked: Data) -> None:
    pixels(Path("t.csv"), 2351)
    assert checked("root: t.csv, reader: pixel_table") == (
        3,
        "Error: t.csv has 2,351 pixel columns, which make no square picture; side × side for grey or side × side × 3 "
        "for RGB were expected, such as 27×27×3 = 2,187\n",
    )


@pytest.mark.parametrize("links", [{"p/a/loop": ".."}, {"p/a/loop": "../b", "p/b/loop": "../a"}])
def test_links_that_go_round(checked: Data, links: dict[str, str]) -> None:
    for link, target in links.items():
        Path(link).symlink_to(target)
    first, around = ("p/a/loop", "p") if len(links) == 1 else ("p/a/loop/loop", "p/a")
    assert checked("root: p") == (
        3,
        f"Error: the link {first} leads to {Path.cwd() / around}, a folder around it, and so without end; remove the "
        "link, or name a folder without it\n",
    )


def test_links_that_lead_out(checked: Data, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    Path("elsewhere/x.png").write_bytes(Path("p/a/0.png").read_bytes())
    Path("p/a/out").symlink_to(tmp_path / "elsewhere")
    assert checked("root: p") == (
        3,
        f"Error: 1 pictures or masks are reached by links that lead out of p, the first is a/out/x.png, which is "
        f"{tmp_path}/elsewhere/x.png; copy them there, or set data.outside_links=true\n",
    )
    assert checked("root: p, outside_links: true")[0] == 0


def test_what_is_called_like_a_picture_but_is_none_is_counted(checked: Data) -> None:
    os.mkfifo("p/a/pipe.png")
    Path("p/a/folder.jpg").mkdir()
    assert checked("root: p") == (0, "")
    result = cervinet("data", "check", "c.yaml", "--out", "found")
    assert result.exit_code == 0
    line = "2 files ignored: 1 a folder called like a picture, 1 a pipe, socket or device"
    assert line in result.stdout.splitlines()
    issues = Path("found/data_issues.csv").read_text().splitlines()
    assert sorted(issues[1:]) == [
        "ignored,exclude,a/folder.jpg,,,,a folder called like a picture",
        'ignored,exclude,a/pipe.png,,,,"a pipe, socket or device"',
    ]


def test_a_table_that_names_a_pipe_or_a_folder(checked: Data) -> None:
    os.mkfifo("p/a/pipe.png")
    Path("p/t.csv").write_text("image,label\n" + "".join(f"{'ab'[n % 2]}/{n}.png,{'ab'[n % 2]}\n" for n in range(24)))
    with Path("p/t.csv").open("a") as table:
        table.write("a/pipe.png,a\n")
    assert checked("root: p, reader: {table: {file: t.csv}}") == (
        3,
        "Error: 1 of 25 pictures are not there as files, the first is p/a/pipe.png; "
        "correct the image column or data.root, or bring the files\n",
    )
