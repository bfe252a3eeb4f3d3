"""Every picture is decoded once; a store is whole or not there, and another as soon as a pixel could differ."""

import errno
import os
import shutil
import signal
import stat
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from cervinet.data import store
from cervinet.data.decoding import decode_all
from cervinet.data.picture import Picture
from cervinet.data.preprocess import prepare
from cervinet.data.store import Decoder, default_cache, open_store
from cervinet.errors import DataError, ImageError
from cervinet.progress import Silent

SIZE = (8, 10)
STEPS = (("letterbox", {"fill": 0}),)
NAMES = [f"{label}/{number}.png" for label in "ab" for number in range(3)]


@pytest.fixture
def root(pictures):
    return pictures(NAMES)


@pytest.fixture
def loads(monkeypatch):
    """The paths that were decoded."""
    calls = []
    monkeypatch.setattr(store, "prepare", lambda picture, *more: calls.append(picture.path) or prepare(picture, *more))
    return calls


def opened(root, *, names=NAMES, size=SIZE, steps=STEPS, cache=None):
    pictures = [Picture(root / name) for name in names]
    return open_store(pictures, root, size, steps, cache or root.parent / "cache", Silent())


def expected(root, names=NAMES):
    return np.stack([prepare(Picture(root / name), SIZE, STEPS) for name in names])


def stores(root):
    return sorted(path.name for path in (root.parent / "cache" / "stores").iterdir())


class TestBuilt:
    def test_holds_every_picture_as_the_decoder_gives_it(self, root):
        found = opened(root)
        assert (found.built, found.images.dtype, found.images.shape) == (True, np.uint8, (6, *SIZE, 3))
        np.testing.assert_array_equal(found.images, expected(root))

    def test_rows_in_any_order(self, root):
        rows = np.array([4, 0, 4])
        np.testing.assert_array_equal(opened(root)[rows], expected(root)[rows])

    def test_is_mapped_and_cannot_be_written_to(self, root):
        images = opened(root).images
        assert isinstance(images, np.memmap)
        with pytest.raises(ValueError, match="read-only"):
            images[0] = 0

    def test_only_its_owner_can_look_at_the_pictures(self, root):
        found = opened(root)
        assert stat.S_IMODE(found.path.stat().st_mode) == 0o700
        assert stat.S_IMODE(found.path.parent.stat().st_mode) == 0o700

    def test_without_a_store_the_pixels_are_the_same(self, root):
        decoder = Decoder([Picture(root / name) for name in NAMES], SIZE, STEPS)
        rows = np.array([5, 1])
        np.testing.assert_array_equal(decoder[rows], opened(root)[rows])


class TestReused:
    def test_the_second_time_decodes_nothing(self, root, loads):
        first = opened(root)
        assert len(loads) == len(NAMES)
        loads.clear()
        second = opened(root)
        assert (second.built, second.path, loads) == (False, first.path, [])
        np.testing.assert_array_equal(second.images, first.images)

    def test_for_the_same_content_under_another_name(self, root, tmp_path, loads):
        first = opened(root)
        moved = shutil.copytree(root, tmp_path / "moved é")
        (moved / "a/0.png").rename(moved / "a/zero.png")
        loads.clear()
        second = opened(moved, names=["a/zero.png", *NAMES[1:]])
        assert (second.path, loads) == (first.path, [])

    def test_when_only_the_time_has_changed(self, root, loads):
        opened(root)
        os.utime(root / NAMES[0], (1, 1))
        loads.clear()
        assert (opened(root).built, loads) == (False, [])


class TestAnother:
    @pytest.fixture
    def first(self, root):
        return opened(root).path

    def assert_other(self, first, second):
        assert second.built
        assert second.path != first
        assert first.is_dir()

    def test_for_other_content(self, root, first):
        shutil.copy(root / NAMES[1], root / NAMES[0])
        second = opened(root)
        self.assert_other(first, second)
        np.testing.assert_array_equal(second.images[0], second.images[1])

    def test_for_content_of_the_same_length_and_time(self, root, first):
        path = root / NAMES[0]
        time_ns = path.stat().st_mtime_ns
        data = bytearray(path.read_bytes())
        data[-1] ^= 1  # in the last chunk's checksum: the file is refused, so it was read
        path.write_bytes(bytes(data))
        os.utime(path, ns=(time_ns, time_ns))
        with pytest.raises(DataError, match="1 of 6 pictures cannot be read"):
            opened(root)

    def test_for_another_size(self, root, first):
        self.assert_other(first, opened(root, size=(10, 8)))

    @pytest.mark.parametrize(
        "steps",
        [
            (("letterbox", {"fill": 1}),),
            (("stretch", {}),),
            (("clahe", {}), *STEPS),
            (*STEPS, ("clahe", {})),
        ],
    )
    def test_for_other_steps(self, root, first, steps):
        self.assert_other(first, opened(root, steps=steps))

    def test_for_another_order(self, root, first):
        second = opened(root, names=NAMES[::-1])
        self.assert_other(first, second)
        np.testing.assert_array_equal(second.images, expected(root)[::-1])

    def test_for_fewer_pictures(self, root, first):
        self.assert_other(first, opened(root, names=NAMES[:-1]))

    def test_for_another_version_of_the_decoder(self, root, first, monkeypatch):
        monkeypatch.setattr(store, "DECODER_VERSION", store.DECODER_VERSION + 1)
        self.assert_other(first, opened(root))


class TestFailure:
    def test_all_unreadable_pictures_are_named_and_nothing_stays(self, root):
        (root / NAMES[1]).write_bytes(b"no picture")
        (root / NAMES[4]).write_bytes((root / NAMES[4]).read_bytes()[:-20])
        with pytest.raises(DataError) as caught:
            opened(root)
        lines = str(caught.value).splitlines()
        assert lines[0] == "2 of 6 pictures cannot be read; replace or remove them:"
        assert [line.split("'")[1] for line in lines[1:]] == [str(root / NAMES[1]), str(root / NAMES[4])]
        assert all(line.startswith("  '") for line in lines[1:])
        assert stores(root) == []

    @pytest.mark.parametrize("error", [MemoryError, KeyboardInterrupt, RuntimeError])
    def test_an_exception_leaves_nothing_and_the_next_call_completes(self, root, monkeypatch, error):
        def fail(picture, *more):
            if picture.path.name == "2.png":
                raise error
            return prepare(picture, *more)

        with monkeypatch.context() as patch:
            patch.setattr(store, "prepare", fail)
            with pytest.raises(error):
                opened(root)
        assert stores(root) == []
        np.testing.assert_array_equal(opened(root).images, expected(root))

    def test_a_kill_leaves_no_store_and_the_next_call_completes(self, root, child):
        code = f"""
import os, signal, sys
from pathlib import Path
from cervinet.data import store
from cervinet.data.picture import Picture
from cervinet.progress import Silent
real = store.prepare
def load(picture, *more):
    if picture.path.name == "2.png":
        os.kill(os.getpid(), signal.SIGKILL)
    return real(picture, *more)
store.prepare = load
root = Path(sys.argv[1])
pictures = [Picture(root / name) for name in {NAMES}]
store.open_store(pictures, root, {SIZE}, {STEPS}, root.parent / "cache", Silent())
"""
        assert child(code, str(root)).returncode == -signal.SIGKILL
        (left,) = stores(root)
        assert left.startswith(".building-")
        found = opened(root)
        assert found.built
        np.testing.assert_array_equal(found.images, expected(root))

    def test_a_store_that_lost_its_last_file_is_built_anew(self, root):
        path = opened(root).path
        (path / "store.json").unlink()
        (path / "images.npy").write_bytes(b"half")
        found = opened(root)
        assert (found.built, found.path, stores(root)) == (True, path, [path.name])
        np.testing.assert_array_equal(found.images, expected(root))

    def test_a_store_that_was_cut_short_is_built_anew(self, root):
        first = opened(root)
        pixels, array = first.images[:].copy(), first.path / "images.npy"
        array.write_bytes(array.read_bytes()[:-100])
        again = opened(root)
        assert again.built
        np.testing.assert_array_equal(again.images, pixels)

    def test_too_little_space(self, root, monkeypatch):
        usage = shutil.disk_usage(root)._replace(free=1439)
        monkeypatch.setattr(store.shutil, "disk_usage", lambda path: usage)
        with pytest.raises(DataError) as caught:
            opened(root)
        folder = root.parent / "cache" / "stores"
        assert str(caught.value) == (
            f"preparing 6 pictures needs 0.0 GiB under {folder}, which has 0.0 GiB free; "
            "set data.cache to a larger disk, or data.store=false"
        )
        assert stores(root) == []
        monkeypatch.setattr(store.shutil, "disk_usage", lambda path: usage._replace(free=1440))
        assert opened(root).built

    def test_a_cache_that_cannot_be_made(self, root, tmp_path):
        (tmp_path / "file").touch()
        with pytest.raises(DataError) as caught:
            opened(root, cache=tmp_path / "file")
        assert str(caught.value) == (
            f"the folder of prepared pictures {tmp_path / 'file' / 'stores'} cannot be made: Not a directory; "
            "set data.cache to a folder that can be written to, or data.store=false"
        )

    def test_a_cache_that_cannot_be_written_to(self, root, monkeypatch):
        def refuse(dir, prefix):
            raise PermissionError(errno.EACCES, "Permission denied")

        monkeypatch.setattr(store.tempfile, "mkdtemp", refuse)
        with pytest.raises(DataError) as caught:
            opened(root)
        assert str(caught.value).split(" cannot be made: ")[1] == (
            "Permission denied; set data.cache to a folder that can be written to, or data.store=false"
        )


def test_two_builders_at_once_agree(root, monkeypatch):
    gate = threading.Barrier(2, timeout=30)
    met = threading.local()

    def wait(*arguments):
        if not getattr(met, "once", False):
            met.once = True
            gate.wait()
        return real(*arguments)

    real = store._remove_stale
    monkeypatch.setattr(store, "_remove_stale", wait)
    found = []
    builders = [threading.Thread(target=lambda: found.append(opened(root))) for _ in range(2)]
    for builder in builders:
        builder.start()
    for builder in builders:
        builder.join()
    assert [one.path for one in found] == [found[0].path] * 2
    assert stores(root) == [found[0].path.name]
    np.testing.assert_array_equal(found[1].images, expected(root))


def test_what_killed_processes_left_is_taken_away_after_a_day(root):
    folder = root.parent / "cache" / "stores"
    for name, hours in ((".building-old", 25), (".building-new", 23), ("finished", 1000)):
        (folder / name).mkdir(parents=True)
        (folder / name / "images.npy").touch()
        then = time.time() - hours * 3600
        os.utime(folder / name, (then, then))
    found = opened(root)
    assert stores(root) == sorted([".building-new", "finished", found.path.name])


class TestDecodeAll:
    def test_in_order_with_errors_in_their_place(self):
        def load(path):
            if path.name == "3":
                raise ImageError("broken")
            return np.full((1, 1, 3), int(path.name), np.uint8)

        found = list(decode_all([Path(str(n)) for n in range(40)], load, workers=3))
        assert [path.name for path, _ in found] == [str(n) for n in range(40)]
        assert isinstance(found[3][1], ImageError)
        assert [int(image.flat[0]) for n, (_, image) in enumerate(found) if n != 3] == [n for n in range(40) if n != 3]

    @pytest.mark.parametrize("workers", [1, 2, 5])
    def test_never_runs_further_ahead_than_four_a_worker(self, workers):
        begun = []
        lock = threading.Lock()

        def load(path):
            with lock:
                begun.append(path)
            return np.zeros((1, 1, 3), np.uint8)

        asked = []

        def paths():
            for number in range(100):
                asked.append(number)
                yield Path(str(number))

        for taken, _ in enumerate(decode_all(paths(), load, workers)):
            assert len(asked) - taken <= 4 * workers
            assert len(begun) - taken <= 4 * workers
        assert len(begun) == 100

    def test_stops_when_nobody_takes_any_more(self):
        begun, gate = [], threading.Event()

        def load(path):
            begun.append(path)
            if path.name != "0":
                gate.wait(30)
            return np.zeros((1, 1, 3), np.uint8)

        found = decode_all((Path(str(n)) for n in range(10_000)), load, 2)
        next(found)
        threading.Timer(0.1, gate.set).start()  # while close() waits for the two that have begun
        found.close()
        assert len(begun) <= 3

    def test_another_error_is_not_taken_for_a_broken_picture(self):
        def load(path):
            raise MemoryError

        with pytest.raises(MemoryError):
            list(decode_all([Path("x")], load))


class TestDefaultCache:
    def test_is_where_the_user_keeps_such_things(self, monkeypatch):
        monkeypatch.setenv("CERVINET_CACHE", "/one")
        monkeypatch.setenv("XDG_CACHE_HOME", "/two")
        assert default_cache() == Path("/one")
        monkeypatch.delenv("CERVINET_CACHE")
        assert default_cache() == Path("/two/cervinet")
        monkeypatch.delenv("XDG_CACHE_HOME")
        monkeypatch.setenv("HOME", "/home/three")
        assert default_cache() == Path("/home/three/.cache/cervinet")
