"""Unpacking zip and 7z archives from elsewhere: nothing outside the target, nothing unchecked, nothing half written.

Each file is written beside its place, compared with the size and CRC-32 that the archive gives, and renamed. Unpacking
again therefore goes on where it stopped: a file that is there with the right size and CRC is passed over.
"""

import os
import shutil
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from cervinet.data.fetch.archive_directory import GIB, Limits, Member, contents, in_words, open_7z, open_zip
from cervinet.errors import DataError
from cervinet.escape import for_terminal
from cervinet.progress import Progress, Steps

_CHUNK = 2**20


def extract(
    archive: Path,
    folder: Path,
    progress: Progress,
    *,
    only: Callable[[Member], bool] | None = None,
    place: Callable[[PurePosixPath], PurePosixPath] | None = None,
    limits: Limits | None = None,
    password: str | None = None,
) -> list[Path]:
    """Unpack an archive into a folder.

    Args:
        archive: a zip or 7z file.
        folder: where to; no file is written outside of it, not even through a link that lies in it.
        progress: shows the unpacking.
        only: which files; all by default.
        place: from the path in the archive to the path in the folder.
        limits: what the archive may ask for.
        password: for a protected archive.

    Returns:
        The files, those that were there already included, in the archive's order.

    Raises:
        DataError: an unsafe, damaged or too large archive, or too little space on the disk.
        ProtectedArchiveError: a password is needed, or another one.
        UsageError: a 7z archive without py7zr.
    """
    members = [m for m in contents(archive, limits=limits, password=password) if only is None or only(m)]
    targets = _targets(archive, members, folder, place)
    steps = progress.steps(len(members), f"Unpacking {for_terminal(archive.name)}")
    try:
        with in_words(archive):
            waiting = [member for member in members if not _is_there(member, targets[member.name])]
        for _ in range(len(members) - len(waiting)):
            steps.advance("")
        _check_space(archive, folder, sum(member.size for member in waiting))
        if waiting:
            _write(archive, waiting, targets, password, steps)
    finally:
        steps.close()
    return [targets[member.name] for member in members]


def _targets(
    archive: Path, members: list[Member], folder: Path, place: Callable[[PurePosixPath], PurePosixPath] | None
) -> dict[str, Path]:
    """Where each member goes, by its name in the archive."""
    paths = {member.name: place(member.path) if place else member.path for member in members}
    folders = {parent for path in paths.values() for parent in path.parents}
    seen: set[PurePosixPath] = set()
    inside: dict[Path, bool] = {}
    root = folder.resolve()
    for member in members:
        path = paths[member.name]
        if path in seen or path in folders:
            also = "twice" if path in seen else "as a file and as a folder"
            raise DataError(f"{for_terminal(archive)} is refused: it has '{for_terminal(path)}' {also}")
        seen.add(path)
        parent = folder / path.parent
        if parent not in inside:
            inside[parent] = _lies_in(parent, root)
        if not inside[parent]:
            raise DataError(
                f"{for_terminal(archive)} is not unpacked: {for_terminal(parent)} is a link that leads out of "
                f"{for_terminal(folder)}; remove the link"
            )
    return {name: folder / path for name, path in paths.items()}


def _lies_in(folder: Path, root: Path) -> bool:
    try:
        return folder.resolve().is_relative_to(root)
    except (OSError, RuntimeError):  # a link to itself
        return False


def _is_there(member: Member, target: Path) -> bool:
    if member.crc is None or target.is_symlink() or not target.is_file() or target.stat().st_size != member.size:
        return False
    crc = 0
    with target.open("rb") as file:
        while chunk := file.read(_CHUNK):
            crc = zlib.crc32(chunk, crc)
    return crc == member.crc


def _check_space(archive: Path, folder: Path, needed: int) -> None:
    with in_words(archive):
        folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise DataError(
            f"unpacking {for_terminal(archive)} needs {needed / GIB:.1f} GiB under {for_terminal(folder)}, which has "
            f"{free / GIB:.1f} GiB free; make room and try again, what is done is kept"
        )


class _Part:
    """One file on its way: written beside its place, and renamed once its size and CRC are right."""

    def __init__(self, archive: Path, member: Member, target: Path) -> None:
        self._archive, self._member, self._target = archive, member, target
        self.done = False
        target.parent.mkdir(parents=True, exist_ok=True)
        self._temporary = target.with_name(f".{target.name[-200:]}.part")
        self._temporary.unlink(missing_ok=True)  # of a killed process; a link of this name must not be followed
        self._file = self._temporary.open("xb")
        self._size = self._crc = 0

    def write(self, data: bytes) -> int:
        self._size += len(data)
        if self._size > self._member.size:
            raise self._wrong(f"holds more than the {self._member.size} bytes it announces")
        self._crc = zlib.crc32(data, self._crc)
        return self._file.write(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Asked for by py7zr before it closes a file; there is nothing to go back to."""
        return offset

    def close(self) -> None:
        """Check the file and put it in its place."""
        if self._size != self._member.size:
            raise self._wrong(f"holds {self._size} bytes and announces {self._member.size}")
        if self._member.crc is not None and self._crc != self._member.crc:
            raise self._wrong("has another CRC than the archive says")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        os.replace(self._temporary, self._target)
        self.done = True

    def discard(self) -> None:
        self._file.close()
        self._temporary.unlink(missing_ok=True)

    def _wrong(self, what: str) -> DataError:
        return DataError(
            f"{for_terminal(self._archive)} is damaged: its entry '{for_terminal(self._member.name)}' {what}; "
            "remove the archive and fetch it again"
        )


class _Parts:
    """The files of one archive. py7zr asks it for a writer by the path that the file would have under `root`."""

    def __init__(
        self, archive: Path, root: Path, members: list[Member], targets: Mapping[str, Path], steps: Steps
    ) -> None:
        self._archive, self._root, self._targets, self._steps = archive, root, targets, steps
        self._waiting = {member.path: member for member in members}
        self._current: tuple[_Part, Member] | None = None

    def create(self, filename: str) -> _Part:
        return self.start(self._waiting[PurePosixPath(Path(filename).relative_to(self._root).as_posix())])

    def start(self, member: Member) -> _Part:
        self._finish()
        part = _Part(self._archive, member, self._targets[member.name])
        self._current = part, member
        return part

    @contextmanager
    def all_or_error(self) -> Iterator[None]:
        """Leave no half-written file behind, even after an interrupt, and let none be missing in silence."""
        try:
            yield
        finally:
            self._finish()
        if self._waiting:
            missing = next(iter(self._waiting.values()))
            raise DataError(
                f"{for_terminal(self._archive)} did not give its entry '{for_terminal(missing.name)}'; "
                "update what reads it: pip install -U 'cervinet[kaggle]'"
            )

    def _finish(self) -> None:
        if self._current:
            part, member = self._current
            part.discard()
            if part.done:
                del self._waiting[member.path]
                self._steps.advance("")
            self._current = None


def _write(
    archive: Path, members: list[Member], targets: Mapping[str, Path], password: str | None, steps: Steps
) -> None:
    # py7zr insists on a folder to build names from; nothing is written there, for every file is opened by _Part.
    root = archive.parent.resolve()
    parts = _Parts(archive, root, members, targets, steps)
    if archive.suffix.lower() == ".zip":
        with open_zip(archive) as opened, parts.all_or_error():
            for member in members:
                part = parts.start(member)
                with opened.open(member.name) as packed:
                    shutil.copyfileobj(packed, part, _CHUNK)
                part.close()
    else:
        with open_7z(archive, password) as opened, parts.all_or_error():
            opened.extract(root, targets=[member.name for member in members], factory=parts)
