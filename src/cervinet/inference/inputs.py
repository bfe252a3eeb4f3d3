"""What a user names on the command line → the pictures it means."""

import glob
import os
from collections.abc import Iterable
from pathlib import Path

from cervinet.data.folders import scan
from cervinet.data.picture import Picture
from cervinet.errors import UsageError
from cervinet.escape import for_terminal


def pictures_named(names: Iterable[str | Path]) -> list[Picture]:
    """Files as they are, folders searched with their subfolders, patterns filled in; each picture once, in order.

    A single file that is not there or is no picture is kept: its prediction will say so. Raises UsageError for a
    folder or a pattern without any picture.
    """
    found: dict[Path, None] = {}
    for path in map(Path, names):
        name = str(path)
        if path.is_dir():
            pictures = [picture for picture, reason in scan(path) if not reason]
            missing = f"the folder {for_terminal(name)} has no pictures in it; name another"
        elif glob.has_magic(name) and not os.path.lexists(name):
            pictures = [Path(match) for match in sorted(glob.glob(name, recursive=True)) if not Path(match).is_dir()]
            missing = f"no file matches {for_terminal(name)}; check the pattern and the folder it is run in"
        else:
            pictures, missing = [path], ""
        if not pictures:
            raise UsageError(missing)
        found |= dict.fromkeys(pictures)
    return [Picture(path) for path in found]
