"""Public data sets fetched, checked and unpacked into the layout that a reader knows."""

import json
import operator
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from cervinet.data.fetch.archive_directory import Member, ProtectedArchiveError, contents, is_archive, seven_zip
from cervinet.data.fetch.archives import extract
from cervinet.data.fetch.kaggle_client import Competition, RemoteFile, check_space
from cervinet.errors import DataError, UsageError
from cervinet.escape import for_terminal
from cervinet.files import write_atomically
from cervinet.progress import Progress
from cervinet.registry import did_you_mean

RECORD = ".cervinet-download.json"
_WORK = ".cervinet-download"
_MOST_WORDS = 20


@dataclass(frozen=True)
class Source:
    """Where a data set is, and which reader reads it."""

    competition: str
    reader: str


SOURCES: Mapping[str, Source] = {
    "kaggle-cervix": Source("intel-mobileodt-cervical-cancer-screening", reader="kaggle_cervix"),
}


def download(name: str, folder: Path, progress: Progress, *, keep_archive: bool = False) -> Path:
    """Bring a data set into a folder: download, unpack, check. Called again, it goes on where it stopped.

    The competition's zip archive is downloaded into a hidden folder of `folder` and deleted once every file in it
    was unpacked and has its CRC. An archive of that name that already lies in `folder`, fetched with a browser, is used
    instead, without credentials, and stays.

    Args:
        name: of the data set, one of SOURCES.
        folder: where to; made where it is not there.
        progress: shows the steps.
        keep_archive: keep the zip archive in `folder`.

    Returns:
        The folder, to be given as `data.root`.

    Raises:
        UsageError: an unknown name; credentials or libraries that are missing; rules that were not accepted.
        DataError: no connection, a damaged or unsafe archive, too little space.
    """
    if name not in SOURCES:
        raise UsageError(f"there is no data set '{for_terminal(name)}' to download{did_you_mean(name, SOURCES)}")
    source = SOURCES[name]
    seven_zip()
    if _is_complete(folder):
        progress.say(f"{folder} is complete; nothing to do")
        return folder
    work = folder / _WORK
    try:
        work.mkdir(parents=True, exist_ok=True)
        given = folder / f"{source.competition}.zip"
        archive = given if given.is_file() else _fetch(source, folder, work, progress)
        files = _unpack(archive, folder, work, progress)
        sizes = {file.relative_to(folder).as_posix(): file.stat().st_size for file in files}
        write_atomically(folder / RECORD, json.dumps(sizes).encode())
        if keep_archive and archive != given:
            archive.rename(given)
        shutil.rmtree(work)
    except OSError as error:
        raise DataError(f"{for_terminal(folder)} cannot be written: {error.strerror}; name another folder") from None
    progress.say(f"{len(files)} files in {folder}, each checked; read them with data.reader={source.reader}")
    return folder


def _is_complete(folder: Path) -> bool:
    """Whether every file of a finished download is still there with its size."""
    try:
        sizes: dict[str, int] = json.loads((folder / RECORD).read_bytes())
        return all((folder / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError, AttributeError):
        return False


def _fetch(source: Source, folder: Path, work: Path, progress: Progress) -> Path:
    """The competition's archive; one that an earlier call brought whole is used."""
    whole = work / "whole.zip"
    if not whole.is_file():
        competition = Competition(source.competition, progress)
        files = competition.files()
        announced = sum(file.size for file in files)
        there = sum(file.stat().st_size for file in work.glob("*.zip"))
        needed = _room(files) - there
        check_space(folder, needed, f"downloading and unpacking {source.competition}")
        competition.download(work, announced).rename(whole)
    return whole


def _room(files: list[RemoteFile]) -> int:
    """Bytes for the archive, for what is in it, and for what is in the archives in it.

    Photographs do not shrink, so each is about as large packed as unpacked; every archive's own directory is asked
    again before it is unpacked.
    """
    inner = sum(file.size for file in files if is_archive(PurePosixPath(file.name)))
    return 2 * sum(file.size for file in files) + inner


def _unpack(archive: Path, folder: Path, work: Path, progress: Progress) -> list[Path]:
    """Everything in the competition's archive, and everything in the archives in it."""
    files = extract(archive, folder, progress, only=_is_plain, place=_without_repeat)
    for member in contents(archive):
        if not _is_plain(member):
            only = partial(operator.eq, member)
            [inner] = extract(archive, work / "inner", progress, only=only, place=_name_only)
            files += _unpack_inner(inner, folder, progress)
    return files


def _unpack_inner(inner: Path, folder: Path, progress: Progress) -> list[Path]:
    """One archive of the competition. What is protected and has no password beside it is left packed, and said."""
    for password in (None, *_passwords(inner, folder)):
        try:
            into = _own_folder(inner, contents(inner, password=password))
            files = extract(inner, folder, progress, place=partial(_below, into), password=password)
        except ProtectedArchiveError:
            continue
        inner.unlink()
        return files
    kept = inner.replace(folder / inner.name)
    progress.say(f"{kept} is protected by a password that is not among the files; it was left packed")
    return [kept]


def _passwords(inner: Path, folder: Path) -> list[str]:
    """What `test_stg2_7z_password.txt` may mean for `test_stg2.7z`: all of its text, or one of its words."""
    note = folder / f"{inner.name.replace('.', '_')}_password.txt"
    try:
        text = note.read_text(encoding="utf-8-sig")
    except (OSError, ValueError):
        return []
    return list(dict.fromkeys([text.strip(), *text.split()[:_MOST_WORDS]]))


def _is_plain(member: Member) -> bool:
    return not is_archive(member.path)


def _name_only(path: PurePosixPath) -> PurePosixPath:
    return PurePosixPath(path.name)


def _own_folder(inner: Path, members: list[Member]) -> PurePosixPath:
    """`train.7z` belongs into `train`, unless it brings that folder itself; `labels.csv.zip` into none."""
    if all(member.path.parts[0] == inner.stem for member in members):
        return PurePosixPath()
    return PurePosixPath(inner.stem)


def _below(into: PurePosixPath, path: PurePosixPath) -> PurePosixPath:
    return _without_repeat(into / path)


def _without_repeat(path: PurePosixPath) -> PurePosixPath:
    """`train/train/Type_1/0.jpg`, as Kaggle gives what it unpacked itself, is `train/Type_1/0.jpg`."""
    first = path.parts
    return PurePosixPath(*first[1:]) if len(first) > 2 and first[0] == first[1] else path
