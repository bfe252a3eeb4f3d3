"""A file is the old one or the whole new one, whatever goes wrong while it is written."""

import errno
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from cervinet import files
from cervinet.files import replacing, write_atomically


@pytest.fixture
def old(tmp_path):
    path = tmp_path / "metrics.json"
    path.write_bytes(b"old")
    return path


def assert_untouched(path):
    assert path.read_bytes() == b"old"
    assert list(path.parent.iterdir()) == [path]


def fail(error):
    def function(*arguments, **named):
        raise error

    return function


def test_writes_and_replaces(tmp_path):
    path = tmp_path / "deep" / "er" / "x.bin"
    for data in (b"\0" * 100_000, b"", b"new"):
        write_atomically(path, data)
        assert path.read_bytes() == data
        assert list(path.parent.iterdir()) == [path]


def test_the_temporary_file_is_beside_it_with_its_suffix(tmp_path):
    with replacing(str(tmp_path / "x.tar.gz")) as temporary:
        assert (temporary.parent, temporary.suffixes[-2:]) == (tmp_path, [".tar", ".gz"])
        assert temporary.name.startswith(".")
        temporary.write_bytes(b"1")
    assert (tmp_path / "x.tar.gz").read_bytes() == b"1"


@pytest.mark.parametrize("name", ["é" * 120, "x" * 240 + ".json", "a b\n.json", b"\xff\xfe.json"])
def test_awkward_names(tmp_path, name):
    path = tmp_path / os.fsdecode(name)
    write_atomically(path, b"1")
    assert path.read_bytes() == b"1"


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_exception_leaves_the_old_file(old, error):
    def write():
        with replacing(old) as temporary:
            temporary.write_bytes(b"half")
            raise error

    with pytest.raises(error):
        write()
    assert_untouched(old)


@pytest.mark.parametrize("name", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_file(old, monkeypatch, name):
    monkeypatch.setattr(files.os, name, fail(OSError(errno.ENOSPC, "No space left on device")))
    with pytest.raises(OSError, match="No space left"):
        write_atomically(old, b"new")
    monkeypatch.undo()
    assert_untouched(old)


def test_a_disk_that_fills_up_while_writing_leaves_the_old_file(old, monkeypatch):
    def half(path, data):
        with open(path, "wb") as file:
            file.write(data[:1])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(old, b"new")
    monkeypatch.undo()
    assert_untouched(old)


def test_nothing_written_is_an_error_and_leaves_the_old_file(old):
    with pytest.raises(FileNotFoundError), replacing(old):
        pass
    assert_untouched(old)


def test_the_content_is_on_the_disk_before_the_name(old, monkeypatch):
    calls = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(files.os, name, lambda *a, name=name, real=real: calls.append(name) or real(*a))
    write_atomically(old, b"new")
    assert calls == ["fsync", "replace"]


def test_a_kill_leaves_the_old_file(old, child):
    code = """
import os, signal, sys
from cervinet.files import replacing
with replacing(sys.argv[1]) as temporary:
    temporary.write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    assert child(code, str(old)).returncode == -signal.SIGKILL
    assert old.read_bytes() == b"old"


def test_permissions_are_the_usual_ones(tmp_path):
    path, plain = tmp_path / "x", tmp_path / "plain"
    write_atomically(path, b"1")
    plain.write_bytes(b"1")
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


def test_readers_never_see_half_a_file(tmp_path, child):
    path = tmp_path / "x"
    sizes = {10, 1_000_000}
    path.write_bytes(b"0" * 10)
    code = """
import sys
from pathlib import Path
from cervinet.files import write_atomically
for turn in range(30):
    write_atomically(Path(sys.argv[1]), b"x" * (10, 1_000_000)[turn % 2])
"""
    environment = os.environ | {"PYTHONPATH": str(Path(files.__file__).parents[1])}
    with subprocess.Popen([sys.executable, "-c", code, str(path)], env=environment) as writer:
        seen = set()
        while writer.poll() is None:
            seen.add(len(path.read_bytes()))
    assert writer.returncode == 0
    assert seen <= sizes
