"""Directories for results, in which nothing is overwritten."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from cervinet.errors import UsageError


def claimed_folder(folder: Path) -> Path:
    """A directory that the user named, absent or empty. Raises UsageError otherwise."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise UsageError(f"{folder} must be absent or empty, so that nothing is overwritten; it has files")
    except OSError as error:
        raise UsageError(f"the directory {folder} cannot be made: {error.strerror}") from None
    return folder


def fresh_folder(parent: Path, label: str) -> Path:
    """A new directory: the time, what it is, and a number where several start in one second."""
    stem = f"{datetime.now():%Y%m%d-%H%M%S}-{label}"
    for name in (stem, *(f"{stem}-{n}" for n in range(2, 1000))):
        try:
            parent.mkdir(parents=True, exist_ok=True)
            (parent / name).mkdir()
        except FileExistsError:
            if parent.is_dir():
                continue
            raise UsageError(f"{parent} must be a folder, but it is a file; move it away") from None
        except OSError as error:
            raise UsageError(f"the directory {parent / name} cannot be made: {error.strerror}") from None
        return parent / name
    raise UsageError(f"{parent} has a thousand directories that begin with {stem}")


@contextmanager
def filled_in_one_step(folder: Path) -> Iterator[Path]:
    """Give a temporary directory beside `folder`, which is empty; what was written there becomes `folder` at the end.

    After an exception `folder` is as empty as before. Raises OSError where it is not empty any more at the end.
    """
    with tempfile.TemporaryDirectory(prefix=".", dir=folder.parent) as room:
        filled = Path(room) / folder.name  # the room itself is for its owner alone, and would stay so
        filled.mkdir()
        yield filled
        os.replace(filled, folder)
