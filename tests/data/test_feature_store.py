"""Rows of features on the disk: there whole or not at all, whoever writes them; and which view an epoch takes."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from cervinet.data.feature_store import FeatureFile, Features
from cervinet.errors import DataError

SOURCE = Path(__file__).parents[2] / "src"
ALL = np.arange(10)
VALUES = np.random.default_rng(0).normal(size=(10, 4)).astype(np.float32)
VALUES[3] = 0  # what a hole in a file reads as


@pytest.fixture
def file(tmp_path: Path) -> FeatureFile:
    found = FeatureFile(tmp_path / "features" / "key.f32", 10, 4)
    found.check_space(10)
    return found


def missing(file: FeatureFile) -> list[int]:
    return file.missing(ALL).tolist()


def test_rows_are_there_once_they_are_written_and_no_others(file: FeatureFile) -> None:
    assert missing(file) == ALL.tolist()
    some = np.array([3, 7, 2])
    file.write(some, VALUES[some])
    assert missing(file) == [0, 1, 4, 5, 6, 8, 9]
    rest = file.missing(ALL)
    file.write(rest, VALUES[rest])
    assert missing(file) == []
    np.testing.assert_array_equal(file.mapped(), VALUES)


def test_a_row_that_was_written_in_part_or_spoilt_is_missing(file: FeatureFile) -> None:
    file.write(ALL, VALUES)
    with file.path.open("r+b") as opened:
        opened.seek(5 * 16 + 8)
        opened.write(b"\0" * 8)
    assert missing(file) == [5]
    sums = file.path.with_suffix(".crc")
    sums.write_bytes(sums.read_bytes()[:-4] + b"\0" * 4)
    assert missing(file) == [5, 9]


@pytest.mark.parametrize("suffix", [".f32", ".crc"])
def test_a_file_that_was_cut_off_is_filled_again(file: FeatureFile, suffix: str) -> None:
    file.write(ALL, VALUES)
    cut = file.path.with_suffix(suffix)
    cut.write_bytes(cut.read_bytes()[:-6])
    assert missing(file) == ALL.tolist()
    file.write(ALL[-1:], VALUES[-1:])
    # What was whole before is whole again: only its end was lost.
    assert set(missing(file)) <= {8, 9}
    file.write(ALL, VALUES)
    np.testing.assert_array_equal(file.mapped(), VALUES)


def test_two_processes_may_fill_one_file(file: FeatureFile) -> None:
    code = f"""
import sys
import numpy as np
from pathlib import Path
from cervinet.data.feature_store import FeatureFile
file = FeatureFile(Path({str(file.path)!r}), 10, 4)
values = np.frombuffer(bytes.fromhex({VALUES.tobytes().hex()!r}), np.float32).reshape(10, 4)
order = np.arange(10)[:: int(sys.argv[1])]
sys.stdin.readline()
for turn in range(200):
    for row in order:
        file.write(row[None], values[row][None])
"""
    command = [sys.executable, "-c", code]
    both = [
        subprocess.Popen([*command, step], stdin=subprocess.PIPE, env={"PYTHONPATH": str(SOURCE)})
        for step in ("1", "-1")
    ]
    for process in both:
        process.communicate(b"go\n", timeout=60)
        assert process.returncode == 0
    assert missing(file) == []
    np.testing.assert_array_equal(file.mapped(), VALUES)


def test_too_little_space_is_told_before_anything_is_computed(file: FeatureFile, monkeypatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda folder: type("Usage", (), {"free": 159}))
    with pytest.raises(DataError) as error:
        file.check_space(10)
    assert str(error.value) == (
        f"the features of 10 pictures (0.0 MiB) cannot be kept under {file.path.parent}: No space left on device; "
        "set data.cache to another disk, or training.feature_cache=false"
    )
    file.check_space(9)


def test_a_cache_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    (tmp_path / "features").write_text("in the way")
    file = FeatureFile(tmp_path / "features" / "key.f32", 3_000, 2_048)
    words = f"the features of 3,000 pictures (23.4 MiB) cannot be kept under {tmp_path / 'features'}: %s; "
    with pytest.raises(DataError) as error:
        file.check_space(1)
    assert str(error.value).startswith(words % "File exists")
    with pytest.raises(DataError) as error:
        file.write(np.array([0]), np.zeros((1, 2_048), np.float32))
    assert str(error.value).startswith(words % "Not a directory")


@pytest.fixture
def features() -> Features:
    """Three views of ten pictures; every number says 10 × view + row."""
    return Features(tuple(np.repeat(10 * view + ALL, 2).reshape(10, 2).astype(np.float32) for view in range(3)))


def views(features: Features, rows: np.ndarray, *, seed: int = 1, epoch: int = 0, copies=None) -> list[int]:
    copies = np.zeros_like(rows) if copies is None else copies
    drawn = features.drawn(rows, seed=seed, epoch=epoch, copies=copies)
    assert (drawn.dtype, drawn.shape) == (np.float32, (len(rows), 2))
    np.testing.assert_array_equal(drawn[:, 0] % 10, rows)
    return (drawn[:, 0] // 10).astype(int).tolist()


def test_the_view_of_a_picture_follows_from_seed_epoch_and_row_alone(features: Features) -> None:
    everything = views(features, ALL)
    assert views(features, ALL) == everything
    assert views(features, ALL[::-1][:4]) == everything[::-1][:4]
    assert views(features, ALL, epoch=1) != everything
    assert views(features, ALL, seed=2) != everything


def test_over_the_epochs_every_view_comes_equally_often(features: Features) -> None:
    came = Counter(view for epoch in range(300) for view in views(features, ALL, epoch=epoch))
    # 3,000 draws, each view one in three: within five standard deviations, 26 each.
    assert set(came) == {0, 1, 2}
    assert all(abs(count - 1000) < 130 for count in came.values())


def test_copies_of_a_picture_in_one_epoch_have_different_views(features: Features) -> None:
    assert sorted(views(features, np.full(3, 4), copies=np.arange(3))) == [0, 1, 2]


def test_in_order_and_with_one_view_the_pictures_are_as_they_are(features: Features) -> None:
    rows = np.array([8, 1])
    np.testing.assert_array_equal(features[rows], [[8, 8], [1, 1]])
    one = Features(features.views[:1])
    np.testing.assert_array_equal(one.drawn(rows, seed=1, epoch=0, copies=np.array([0, 5])), features[rows])
