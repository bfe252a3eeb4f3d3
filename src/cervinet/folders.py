"""Directories for results, in which nothing is overwritten."""

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
