"""Content hashes of files, remembered while size and modification time stay the same.

Reading 100,000 photographs only to learn that none has changed would take longer than an epoch, so a digest is kept
beside the size and time it was made at, as git's index does. A file changed within the clock's resolution of its
hashing could be missed; a digest made less than two seconds after the last change is therefore not remembered.
"""

import hashlib
import json
import os
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cervinet.data.decode import read_bytes
from cervinet.data.picture import Picture
from cervinet.errors import ImageError
from cervinet.files import write_atomically

_RACY_NS = 2_000_000_000


def digest_of(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()


class Digests:
    """Digests of one folder's files, kept in one JSON file of a cache directory."""

    def __init__(self, cache: Path, root: Path) -> None:
        self._file = cache / "digests" / f"{digest_of(os.fsencode(root.resolve()))}.json"
        try:
            found = json.loads(self._file.read_text())
        except (OSError, ValueError):
            found = {}
        self._known: dict[str, object] = found if isinstance(found, dict) else {}
        self.read = 0  # files hashed since, for the tests of the promise above

    def of(self, contents: Iterable[Path | NDArray[np.uint8]]) -> list[str | ImageError]:
        """The digest of each file or array of pixels, or why it cannot be read."""
        digests: list[str | ImageError] = []
        changed = False
        now = time.time_ns()
        for path in contents:
            if isinstance(path, np.ndarray):
                digests.append(digest_of(path.tobytes()))
                continue
            key = os.fspath(path)
            try:
                stat = path.stat()
                known = self._known.get(key)
                if isinstance(known, list) and len(known) == 3 and known[:2] == [stat.st_size, stat.st_mtime_ns]:
                    digests.append(str(known[2]))
                    continue
            except (OSError, ValueError):
                pass  # read_bytes says it in words
            try:
                digest = digest_of(read_bytes(path))
            except ImageError as error:
                digests.append(error)
                continue
            self.read += 1
            digests.append(digest)
            if now - stat.st_mtime_ns > _RACY_NS:
                self._known[key], changed = [stat.st_size, stat.st_mtime_ns, digest], True
        if changed:
            with suppress(OSError):  # a memory only saves time; a run must not end for want of it
                # The names of the pictures are in it, and may be those of patients.
                self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                write_atomically(self._file, json.dumps(self._known).encode())
        return digests

    def of_pictures(self, pictures: Iterable[Picture]) -> list[str | ImageError]:
        """The same for pictures, whose pixels may be at hand; masks and boxes are no part of it."""
        return self.of(picture.path if picture.pixels is None else picture.pixels for picture in pictures)
