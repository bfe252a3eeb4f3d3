"""Each of the real odd or damaged files gets the outcome its INDEX names.

One child process with little memory and little time reads them all in turn, so that a crash, a hang or a huge
allocation shows as the file after which the child's report ends.
"""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from cervinet.data.decode import read_image

ODD = Path(os.environ.get("CERVINET_REAL_DATA", Path(__file__).parents[2] / "../shared/data")) / "odd-images"

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not ODD.is_dir(), reason=f"no real pictures at {ODD}: set CERVINET_REAL_DATA"),
]

# The files were compressed each on its own, and differ by up to 5 grey levels; a mirrored one by 40 and more.
WRONG_TURN = 8

CHILD = """
import json, resource, sys
resource.setrlimit(resource.RLIMIT_AS, (1500 << 20, 1500 << 20))
from cervinet.data.decode import read_image
from cervinet.errors import ImageError
for line in sys.stdin:
    path = line.rstrip()
    try:
        image = read_image(path)
        found = {"outcome": "decode", "shape": image.shape, "type": str(image.dtype), "mean": image.mean()}
    except ImageError as error:
        found = {"outcome": "reject", "sentence": str(error)}
    print(json.dumps({"name": path, **found}), flush=True)
"""


def _index() -> list[dict[str, str]]:
    if not ODD.is_dir():
        return []
    with (ODD / "INDEX.tsv").open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


@pytest.fixture(scope="module")
def report() -> dict[str, dict[str, Any]]:
    names = "".join(f"{ODD / row['name']}\n" for row in _index())
    child = subprocess.run(
        [sys.executable, "-c", CHILD], input=names, capture_output=True, text=True, timeout=60, check=False
    )
    lines = [json.loads(line) for line in child.stdout.splitlines()]
    found = {Path(line["name"]).name: line for line in lines}
    assert child.returncode == 0, f"after {list(found)[-1:]}: {child.stderr[-2000:]}"
    return found


@pytest.mark.parametrize("row", _index(), ids=lambda row: row["name"])
def test_outcome_is_the_one_named(row: dict[str, str], report: dict[str, dict[str, Any]]) -> None:
    found = report[row["name"]]
    expected = row["outcome"].split()[0]
    assert expected in (found["outcome"], "either"), found
    if found["outcome"] == "decode":
        assert found["type"] == "uint8"
        assert found["shape"][2:] == [3]
    else:
        assert found["sentence"].startswith(f"'{ODD / row['name']}' ")
        assert "\n" not in found["sentence"]


def test_the_index_was_read() -> None:
    assert len(_index()) > 80


def test_all_portraits_give_the_same_upright_picture() -> None:
    portraits = [read_image(path).astype(int) for path in sorted(ODD.glob("ori_Portrait_*.jpg"))]
    assert len(portraits) > 1
    for other in portraits[1:]:
        assert other.shape == portraits[0].shape
        assert np.abs(other - portraits[0]).mean() < WRONG_TURN


@pytest.mark.parametrize("number", [3, 5, 6])
def test_turned_pictures_look_like_the_control(number: int) -> None:
    control = read_image(ODD / "pil_hopper.jpg").astype(int)
    turned = read_image(ODD / f"pil_hopper_orientation_{number}.jpg")
    assert np.abs(turned - control).mean() < WRONG_TURN


@pytest.mark.parametrize("name", ["pil_hopper.Lab.tif", "pil_hopper_bigtiff.tif", "pil_hopper_rle8_row_overflow.bmp"])
def test_other_formats_of_the_control_look_like_it(name: str) -> None:
    control = read_image(ODD / "pil_hopper.jpg").astype(int)
    assert np.abs(read_image(ODD / name) - control).mean() < WRONG_TURN


def test_two_formats_turned_alike_give_the_same_picture() -> None:
    png, webp = (read_image(ODD / f"gen_orient6.{kind}") for kind in ("png", "webp"))
    assert png.shape == webp.shape
    assert cv2.PSNR(png, webp) > 30


def test_low_values_in_a_deep_tiff_are_not_black() -> None:
    stored = np.asarray(Image.open(ODD / "pil_12in16bit.tif"))
    top = next(2**bits - 1 for bits in (8, 10, 12, 14, 16) if stored.max() < 2**bits)
    result = read_image(ODD / "pil_12in16bit.tif")
    np.testing.assert_array_equal(result[..., 0], np.round(stored * (255 / top)))
    assert result.max() == 30  # IMREAD_COLOR makes it 0


def test_no_patient_data_is_shown(report: dict[str, dict[str, Any]]) -> None:
    assert "CANARY" not in json.dumps(report)
