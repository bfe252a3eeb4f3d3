import errno
import os
import shutil
import stat
import sys
import zipfile
import zlib
from collections import namedtuple
from pathlib import PurePosixPath

import pytest
from packed import renamed_7z, seven_zipped, tree, zipped, zipped_link

from cervinet.data.fetch import archives
from cervinet.data.fetch.archive_directory import Limits, Member, ProtectedArchiveError, contents
from cervinet.data.fetch.archives import extract
from cervinet.errors import DataError, UsageError
from cervinet.progress import Silent

FILES = {"train/Type_1/0.jpg": os.urandom(3000), "train/Type_2/é 1.jpg": os.urandom(200_000), "empty.csv": b""}
MAKERS = {".zip": zipped, ".7z": seven_zipped}
EACH = pytest.mark.parametrize("suffix", MAKERS)
Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def pack(tmp_path):
    """`pack(".7z", files)` writes an archive of the files."""
    return lambda suffix, files=FILES, **options: MAKERS[suffix](tmp_path / f"set{suffix}", files, **options)


def unpack(archive, folder, **options):
    return extract(archive, folder, Silent(), **options)


def refusal(archive, folder, **options):
    """What is said of an archive, of which nothing may be written."""
    with pytest.raises(DataError) as caught:
        unpack(archive, folder, **options)
    assert not folder.exists() or not tree(folder)
    return str(caught.value)


@EACH
def test_every_file_comes_out_as_it_went_in(pack, tmp_path, suffix):
    files = unpack(pack(suffix), tmp_path / "out")
    assert tree(tmp_path / "out") == FILES
    assert sorted(files) == sorted(tmp_path / "out" / name for name in FILES)


@EACH
def test_the_directory_gives_sizes_and_checksums(pack, suffix):
    expected = {Member(name, PurePosixPath(name), len(data), zlib.crc32(data)) for name, data in FILES.items()}
    assert set(contents(pack(suffix))) == expected


@EACH
def test_only_some_files_are_unpacked_where_they_are_wanted(pack, tmp_path, suffix):
    only = unpack(
        pack(suffix),
        tmp_path / "out",
        only=lambda member: member.path.suffix == ".jpg",
        place=lambda path: PurePosixPath("new", *path.parts[1:]),
    )
    assert len(only) == 2
    assert set(tree(tmp_path / "out")) == {"new/Type_1/0.jpg", "new/Type_2/é 1.jpg"}


@EACH
def test_unpacking_goes_on_where_it_stopped(pack, tmp_path, suffix):
    archive, out = pack(suffix), tmp_path / "out"
    unpack(archive, out)
    kept, cut, changed = out / "train/Type_1/0.jpg", out / "train/Type_2/é 1.jpg", out / "empty.csv"
    os.utime(kept, (1, 1))
    cut.write_bytes(cut.read_bytes()[:-1] + b"!")  # the right size, the wrong content
    changed.write_bytes(b"x")
    unpack(archive, out)
    assert tree(out) == FILES
    assert kept.stat().st_mtime == 1


@EACH
def test_the_bar_counts_every_file_once(pack, tmp_path, suffix):
    class Counting(Silent):
        def __init__(self):
            self.totals, self.done = [], 0

        def steps(self, total, label, done=0):
            self.totals.append((total, label))
            return self

        def advance(self, note):
            self.done += 1

        def close(self):
            pass

    archive, out = pack(suffix), tmp_path / "out"
    for _ in ("all are new", "one is missing"):
        progress = Counting()
        extract(archive, out, progress)
        assert (progress.totals, progress.done) == ([(3, f"Unpacking set{suffix}")], 3)
        (out / "empty.csv").unlink()


@EACH
def test_an_interrupt_leaves_no_half_written_file(pack, tmp_path, monkeypatch, suffix):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(archives.os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        unpack(pack(suffix), tmp_path / "out")
    assert tree(tmp_path / "out") == {}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../evil", "lies outside the folder it is unpacked to"),
        ("a/../../evil", "lies outside the folder it is unpacked to"),
        ("/evil", "lies outside the folder it is unpacked to"),
        ("C:/evil", "has a back-slash or a colon in its name"),
        ("..\\evil", "has a back-slash or a colon in its name"),
        ("./", "has no usable name"),
    ],
)
def test_a_name_outside_the_folder_refuses_the_whole_zip(tmp_path, name, reason):
    archive = zipped(tmp_path / "set.zip", {"good.jpg": b"1", name: b"evil"})
    assert refusal(archive, tmp_path / "out") == f"{archive} is refused: its entry '{name}' {reason}"
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../evil1", "lies outside the folder it is unpacked to"),
        ("/tm/evil", "lies outside the folder it is unpacked to"),
        ("C:/evil1", "has a back-slash or a colon in its name"),
        ("..\\evil1", "lies outside the folder it is unpacked to"),  # read as a slash in 7z archives
    ],
)
def test_a_name_outside_the_folder_refuses_the_whole_7z(tmp_path, name, reason):
    archive = renamed_7z(tmp_path / "set.7z", "b/name12", name)
    read = name.replace("\\", "/")
    assert refusal(archive, tmp_path / "out") == f"{archive} is refused: its entry '{read}' {reason}"
    assert not (tmp_path / "evil1").exists()


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_devices_are_refused_in_a_zip(tmp_path, kind):
    archive = zipped_link(tmp_path / "set.zip", "a.jpg", "/etc/passwd", kind)
    assert refusal(archive, tmp_path / "out") == f"{archive} is refused: its entry 'a.jpg' is a link or a device"


def test_links_are_refused_in_a_7z(tmp_path):
    import py7zr

    (tmp_path / "a.jpg").symlink_to("/etc/hostname")
    archive = tmp_path / "set.7z"
    with py7zr.SevenZipFile(archive, "w") as written:
        written.write(tmp_path / "a.jpg", "a.jpg")
    assert refusal(archive, tmp_path / "out") == f"{archive} is refused: its entry 'a.jpg' is a link or a device"


@EACH
def test_a_link_in_the_target_is_not_followed_out_of_it(pack, tmp_path, suffix):
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    out.mkdir()
    elsewhere.mkdir()
    (out / "train").symlink_to(elsewhere)
    archive = pack(suffix)
    with pytest.raises(DataError) as caught:
        unpack(archive, out)
    assert str(caught.value) == (
        f"{archive} is not unpacked: {out}/train/Type_1 is a link that leads out of {out}; remove the link"
    )
    assert not tree(elsewhere)


def test_a_link_to_itself_and_a_folder_in_place_of_a_file(pack, tmp_path):
    archive, out = pack(".zip"), tmp_path / "out"
    (out / "empty.csv").mkdir(parents=True)
    with pytest.raises(DataError) as caught:
        unpack(archive, out)
    assert str(caught.value) == f"{archive} cannot be unpacked: Is a directory ({out}/.empty.csv.part)"
    shutil.rmtree(out)
    out.mkdir()
    (out / "train").symlink_to(out / "train")
    with pytest.raises(DataError) as caught:
        unpack(archive, out)
    assert str(caught.value) == (
        f"{archive} is not unpacked: {out}/train/Type_1 is a link that leads out of {out}; remove the link"
    )


def test_a_reader_that_never_closes_a_file_does_not_pass_for_done(pack, tmp_path, monkeypatch):
    import py7zr.io

    monkeypatch.setattr(py7zr.io.MemIO, "close", lambda self: None)
    archive, out = pack(".7z", {"a.jpg": b"1"}), tmp_path / "out"
    for _ in ("nothing there", "an old file there"):
        with pytest.raises(DataError) as caught:
            unpack(archive, out)
        assert str(caught.value) == (
            f"{archive} did not give its entry 'a.jpg'; update what reads it: pip install -U 'cervinet[kaggle]'"
        )
        (out / "a.jpg").write_bytes(b"2")


def test_a_link_in_place_of_a_file_is_replaced_and_not_written_through(pack, tmp_path):
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    out.mkdir()
    elsewhere.write_bytes(b"mine")
    (out / "empty.csv").symlink_to(elsewhere)
    (out / ".empty.csv.part").symlink_to(elsewhere)
    (tmp_path / "same").write_bytes(FILES["train/Type_1/0.jpg"])
    (out / "train/Type_1").mkdir(parents=True)
    (out / "train/Type_1/0.jpg").symlink_to(tmp_path / "same")
    unpack(pack(".zip"), out)
    assert not any(path.is_symlink() for path in out.rglob("*"))
    assert elsewhere.read_bytes() == b"mine"
    assert tree(out) == FILES


def test_the_same_place_twice_is_refused(tmp_path):
    archive = zipped(tmp_path / "set.zip", {"a.jpg": b"1", "./a.jpg": b"2"})
    assert refusal(archive, tmp_path / "out") == f"{archive} is refused: it has 'a.jpg' twice"
    archive = zipped(tmp_path / "set.zip", {"a": b"1", "a/b": b"2"})
    assert refusal(archive, tmp_path / "out") == f"{archive} is refused: it has 'a' as a file and as a folder"


@EACH
def test_limits_on_count_size_and_ratio(pack, tmp_path, suffix):
    options = {"compression": zipfile.ZIP_DEFLATED} if suffix == ".zip" else {}
    archive, out = pack(suffix, {"a": bytes(2**20), "b": bytes(2**20)}, **options), tmp_path / "out"
    assert refusal(archive, out, limits=Limits(members=1)) == f"{archive} has 2 entries; at most 1 are allowed"
    assert refusal(archive, out, limits=Limits(total=2**20)) == (
        f"{archive} unpacks to 0.0 GiB; at most 0.0 GiB are allowed"
    )
    ratio = 2 * 2**20 / archive.stat().st_size
    assert refusal(archive, out, limits=Limits(small=0)) == (
        f"{archive} unpacks to {ratio:.0f} times its size; at most 100 times is allowed, for pictures hardly shrink"
    )
    assert len(unpack(archive, out)) == 2


def test_a_bomb_is_refused_by_the_limits_that_hold_without_asking(pack, tmp_path):
    bomb = pack(".zip", {"bomb.jpg": bytes(80 * 2**20)}, compression=zipfile.ZIP_DEFLATED)
    assert "times its size; at most 100 times is allowed" in refusal(bomb, tmp_path / "out")


@EACH
def test_a_file_larger_than_announced_is_stopped_while_it_is_written(pack, tmp_path, monkeypatch, suffix):
    true = archives.contents

    def lying(*arguments, **options):
        return [Member(m.name, m.path, m.size // 2, m.crc) for m in true(*arguments, **options)]

    monkeypatch.setattr(archives, "contents", lying)
    archive = pack(suffix, {"a.jpg": os.urandom(1000)})
    assert refusal(archive, tmp_path / "out") == (
        f"{archive} is damaged: its entry 'a.jpg' holds more than the 500 bytes it announces; "
        "remove the archive and fetch it again"
    )


@pytest.mark.parametrize(("suffix", "error"), [(".zip", "BadZipFile"), (".7z", "CrcError")])
def test_a_flipped_byte_is_found(pack, tmp_path, suffix, error):
    files = {"a.jpg": os.urandom(5000)}
    archive = pack(suffix, files)
    raw = bytearray(archive.read_bytes())
    raw[2000] ^= 1
    archive.write_bytes(raw)
    assert refusal(archive, tmp_path / "out") == f"{archive} is damaged ({error}); remove it and fetch it again"


@EACH
@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_a_cut_archive_is_called_damaged(pack, tmp_path, suffix, share):
    archive = pack(suffix)
    raw = archive.read_bytes()
    archive.write_bytes(raw[: int(share * len(raw))])
    message = refusal(archive, tmp_path / "out")
    assert message.startswith(f"{archive} is damaged (")
    assert message.endswith("); remove it and fetch it again")


@pytest.mark.slow
@EACH
def test_no_damage_gives_anything_but_a_sentence(pack, tmp_path, suffix):
    """Every 7th byte of a small archive flipped in turn: unpacked as it was, or refused."""
    archive = pack(suffix, {"a.jpg": os.urandom(50), "b/c.jpg": b"abc" * 20})
    whole = archive.read_bytes()
    expected = None
    for place in range(0, len(whole), 7):
        archive.write_bytes(whole[:place] + bytes([whole[place] ^ 0x41]) + whole[place + 1 :])
        out = tmp_path / str(place)
        try:
            unpack(archive, out)
        except DataError:
            continue
        contents_now = sorted(tree(out).values())
        expected = expected or contents_now
        assert contents_now == expected, place


@pytest.mark.parametrize("hidden", [False, True])
def test_a_password_is_asked_for_and_checked(pack, tmp_path, hidden):
    archive, out = pack(".7z", password="right", hidden=hidden), tmp_path / "out"
    with pytest.raises(ProtectedArchiveError) as caught:
        unpack(archive, out)
    assert str(caught.value) == f"{archive} is protected by a password; unpack it yourself"
    with pytest.raises(ProtectedArchiveError) as caught:
        unpack(archive, out, password="wrong")
    assert str(caught.value) == f"{archive} is damaged, or its password is another one"
    assert not out.exists() or not any(tree(out).values())
    unpack(archive, out, password="right")
    assert tree(out) == FILES


def test_too_little_space_is_said_before_anything_is_written(pack, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(2**30, 2**30, 0))
    archive, out = pack(".zip"), tmp_path / "out"
    assert refusal(archive, out) == (
        f"unpacking {archive} needs 0.0 GiB under {out}, which has 0.0 GiB free; "
        "make room and try again, what is done is kept"
    )


@EACH
def test_a_disk_that_fills_up_meanwhile(pack, tmp_path, monkeypatch, suffix):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(archives.os, "fsync", full)
    archive = pack(suffix)
    assert refusal(archive, tmp_path / "out") == f"{archive} cannot be unpacked: No space left on device"


def test_a_missing_archive_and_a_missing_library(tmp_path, pack, monkeypatch):
    assert refusal(tmp_path / "no.zip", tmp_path / "out") == f"there is no archive {tmp_path}/no.zip"
    archive = pack(".7z")
    monkeypatch.setitem(sys.modules, "py7zr", None)
    with pytest.raises(UsageError) as caught:
        unpack(archive, tmp_path / "out")
    assert str(caught.value) == "7z archives are read by py7zr, which is not installed: pip install 'cervinet[kaggle]'"
