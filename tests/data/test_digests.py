"""Digests are remembered while a file stays the same, and only where that is safe."""

import hashlib
import json
import os
import time

import pytest

from cervinet.data.digests import Digests, digest_of
from cervinet.data.picture import Picture

LONG_AGO = time.time_ns() - 3600 * 10**9


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "pictures"
    root.mkdir()
    for name in "abc":
        write(root / name, name.encode(), LONG_AGO)
    return root


def write(path, data, time_ns):
    path.write_bytes(data)
    os.utime(path, ns=(time_ns, time_ns))


def opened(tmp_path, folder):
    """Digests of all files of the folder, and how many were read for it."""
    digests = Digests(tmp_path / "cache", folder)
    return digests.of(sorted(folder.iterdir())), digests.read


def test_are_blake2b_of_the_content():
    assert digest_of(b"abc") == hashlib.blake2b(b"abc", digest_size=16).hexdigest()


def test_of_unchanged_files_are_remembered(tmp_path, folder):
    first = opened(tmp_path, folder)
    assert first == ([digest_of(b"a"), digest_of(b"b"), digest_of(b"c")], 3)
    assert opened(tmp_path, folder) == (first[0], 0)


@pytest.mark.parametrize(("data", "moved"), [(b"longer", 0), (b"B", 1), (b"B", -5 * 10**9)])
def test_of_a_changed_file_are_made_anew(tmp_path, folder, data, moved):
    opened(tmp_path, folder)
    write(folder / "b", data, LONG_AGO + moved)
    assert opened(tmp_path, folder) == ([digest_of(b"a"), digest_of(data), digest_of(b"c")], 1)
    assert opened(tmp_path, folder)[1] == 0


def test_of_a_file_touched_just_now_are_not_remembered(tmp_path, folder):
    write(folder / "a", b"a", time.time_ns())
    assert opened(tmp_path, folder)[1] == 3
    assert opened(tmp_path, folder)[1] == 1


def test_of_a_file_from_the_future_are_not_remembered(tmp_path, folder):
    write(folder / "a", b"a", time.time_ns() + 10**13)
    opened(tmp_path, folder)
    assert opened(tmp_path, folder)[1] == 1


def test_a_change_within_the_clocks_resolution_is_seen(tmp_path, folder):
    now = time.time_ns()
    write(folder / "a", b"1", now)
    opened(tmp_path, folder)
    write(folder / "a", b"2", now)
    assert opened(tmp_path, folder)[0][0] == digest_of(b"2")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[1, 2", b"[]", b"null", b"5"])
def test_a_damaged_memory_is_made_anew(tmp_path, folder, content):
    expected = opened(tmp_path, folder)[0]
    (file,) = (tmp_path / "cache" / "digests").iterdir()
    file.write_bytes(content)
    assert opened(tmp_path, folder) == (expected, 3)
    assert opened(tmp_path, folder) == (expected, 0)


def test_a_damaged_entry_is_made_anew(tmp_path, folder):
    expected = opened(tmp_path, folder)[0]
    (file,) = (tmp_path / "cache" / "digests").iterdir()
    for damage in (5, None, [], [1, LONG_AGO]):
        file.write_text(json.dumps(dict.fromkeys(json.loads(file.read_text()), damage)))
        assert opened(tmp_path, folder) == (expected, 3)


def test_a_memory_that_cannot_be_written_stops_nothing(tmp_path, folder):
    (tmp_path / "cache").touch()
    assert opened(tmp_path, folder)[0] == [digest_of(b"a"), digest_of(b"b"), digest_of(b"c")]


def test_of_pictures_are_made_while_their_progress_is_shown(tmp_path, folder):
    digests, read = Digests(tmp_path / "cache", folder), []

    def pictures():
        for path in sorted(folder.iterdir()):
            yield Picture(path)
            read.append(digests.read)

    digests.of_pictures(pictures())
    assert read == [1, 2, 3]


def test_each_folder_has_a_memory_of_its_own(tmp_path, folder):
    other = tmp_path / "other"
    other.mkdir()
    write(other / "a", b"x", LONG_AGO)
    opened(tmp_path, folder)
    assert opened(tmp_path, other) == ([digest_of(b"x")], 1)
    assert opened(tmp_path, folder)[1] == 0
    assert len(list((tmp_path / "cache" / "digests").iterdir())) == 2


def test_names_that_are_not_utf_8(tmp_path, folder):
    write(folder / os.fsdecode(b"\xff"), b"x", LONG_AGO)
    assert opened(tmp_path, folder)[1] == 4
    assert opened(tmp_path, folder)[1] == 0


def test_a_file_that_is_gone(tmp_path, folder):
    found = Digests(tmp_path / "cache", folder).of([folder / "gone", folder / "a"])
    assert (str(found[0]), found[1]) == (
        f"'{folder / 'gone'}' must be a picture file, but there is none; check the path",
        digest_of(b"a"),
    )
