"""What a zip or 7z archive holds, read and judged before anything of it is written.

An archive from elsewhere may name files outside the target, hide links, or unpack to more than the disk holds. Its
directory is read first, and the whole archive is refused for one bad entry: half an archive helps nobody.
"""

import errno
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import Any

from cervinet.errors import CervinetError, DataError, UsageError
from cervinet.escape import for_terminal

GIB = 2**30
_ENCRYPTED = 0x1  # bit of a zip entry's flags


class ProtectedArchiveError(DataError):
    """The archive needs a password, or another one."""


@dataclass(frozen=True)
class Limits:
    """What an archive may ask for; an archive beyond is taken for a bomb.

    Photographs hardly shrink and tables shrink ten- to twentyfold, so a far higher ratio is no data set. A small
    archive may have any ratio: what it unpacks to cannot fill a disk.
    """

    members: int = 250_000
    total: int = 256 * GIB
    ratio: float = 100.0
    small: int = 64 * 2**20


@dataclass(frozen=True)
class Member:
    """A file in an archive: its name there, its checked relative path, its size in bytes and its CRC-32 if given."""

    name: str
    path: PurePosixPath
    size: int
    crc: int | None


def is_archive(path: Path | PurePosixPath) -> bool:
    return path.suffix.lower() in (".zip", ".7z")


def seven_zip() -> Any:
    """The module py7zr. Raises UsageError where it is not installed."""
    try:
        return import_module("py7zr")
    except ImportError:
        raise UsageError(
            "7z archives are read by py7zr, which is not installed: pip install 'cervinet[kaggle]'"
        ) from None


def contents(archive: Path, *, limits: Limits | None = None, password: str | None = None) -> list[Member]:
    """The files of an archive in its own order; folders are left out, for they follow from the files.

    Args:
        archive: a zip or 7z file, told apart by its suffix.
        limits: what it may ask for.
        password: for a protected archive.

    Raises:
        DataError: an entry that is unsafe, given twice or no plain file; an archive beyond the limits or damaged.
        ProtectedArchiveError: a password is needed.
        UsageError: a 7z archive without py7zr.
    """
    limits = limits or Limits()
    if archive.suffix.lower() == ".zip":
        with open_zip(archive) as opened:
            members = _of_zip(archive, opened, limits)
    else:
        with open_7z(archive, password) as opened:
            members = _of_7z(archive, opened, limits)
    _check_totals(archive, members, limits)
    return members


@contextmanager
def open_zip(archive: Path) -> Iterator[zipfile.ZipFile]:
    with in_words(archive), zipfile.ZipFile(archive) as opened:
        yield opened


@contextmanager
def open_7z(archive: Path, password: str | None) -> Iterator[Any]:
    """A `py7zr.SevenZipFile`.

    It is given the open file, not its name: with a name it unpacks in threads of its own, which an interrupt or an
    error does not stop.
    """
    module = seven_zip()
    with in_words(archive, password), archive.open("rb") as file:
        opened = module.SevenZipFile(file, password=password)
        if opened.needs_password() and password is None:
            raise ProtectedArchiveError(_protected(archive))
        yield opened


@contextmanager
def in_words(archive: Path, password: str | None = None) -> Iterator[None]:
    """Turn whatever the two libraries raise for a damaged archive or a full disk into one sentence."""
    shown = for_terminal(archive)
    try:
        yield
    except CervinetError:
        raise
    except FileNotFoundError:
        raise DataError(f"there is no archive {shown}") from None
    except Exception as error:
        # A position read from a damaged header gives EINVAL; every other number is of the disk.
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            where = f" ({for_terminal(error.filename)})" if error.filename else ""
            raise DataError(f"{shown} cannot be unpacked: {error.strerror}{where}") from None
        if type(error).__name__ == "PasswordRequired":
            raise ProtectedArchiveError(_protected(archive)) from None
        if password is not None:
            raise ProtectedArchiveError(f"{shown} is damaged, or its password is another one") from None
        raise DataError(f"{shown} is damaged ({type(error).__name__}); remove it and fetch it again") from None


def _of_zip(archive: Path, opened: zipfile.ZipFile, limits: Limits) -> list[Member]:
    _check_count(archive, len(opened.infolist()), limits)
    members = []
    for info in opened.infolist():
        kind = stat.S_IFMT(info.external_attr >> 16)
        path = _safe_path(archive, info.filename)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise _unsafe(archive, info.filename, "is a link or a device")
        if info.is_dir():
            continue
        if info.flag_bits & _ENCRYPTED:
            raise ProtectedArchiveError(_protected(archive))
        members.append(Member(info.filename, path, info.file_size, info.CRC))
    return members


def _of_7z(archive: Path, opened: Any, limits: Limits) -> list[Member]:
    files = list(opened.files)
    _check_count(archive, len(files), limits)
    members = []
    for file in files:
        path = _safe_path(archive, file.filename)
        if file.is_symlink or file.is_junction or not (file.is_file or file.is_directory):
            raise _unsafe(archive, file.filename, "is a link or a device")
        if not file.is_directory:
            # An empty file has no data, and so no CRC, in a 7z archive.
            crc = 0 if file.emptystream else file.crc32
            members.append(Member(file.filename, path, file.uncompressed, crc))
    return members


def _safe_path(archive: Path, name: str) -> PurePosixPath:
    """The name as a relative path. A colon is a drive or a hidden stream on Windows, a back-slash its separator."""
    path = PurePosixPath(name)
    if not name or "\0" in name or not path.parts:
        raise _unsafe(archive, name, "has no usable name")
    if path.is_absolute() or ".." in path.parts:
        raise _unsafe(archive, name, "lies outside the folder it is unpacked to")
    if "\\" in name or ":" in name:
        raise _unsafe(archive, name, "has a back-slash or a colon in its name")
    return path


def _check_count(archive: Path, count: int, limits: Limits) -> None:
    if count > limits.members:
        raise DataError(f"{for_terminal(archive)} has {count} entries; at most {limits.members} are allowed")


def _check_totals(archive: Path, members: list[Member], limits: Limits) -> None:
    total, packed = sum(member.size for member in members), archive.stat().st_size
    shown = for_terminal(archive)
    if total > limits.total:
        raise DataError(f"{shown} unpacks to {total / GIB:.1f} GiB; at most {limits.total / GIB:.1f} GiB are allowed")
    if total > limits.small and total > limits.ratio * packed:
        raise DataError(
            f"{shown} unpacks to {total / packed:.0f} times its size; at most {limits.ratio:.0f} times "
            "is allowed, for pictures hardly shrink"
        )


def _unsafe(archive: Path, name: str, reason: str) -> DataError:
    return DataError(f"{for_terminal(archive)} is refused: its entry '{for_terminal(name)}' {reason}")


def _protected(archive: Path) -> str:
    return f"{for_terminal(archive)} is protected by a password; unpack it yourself"
