"""What an export says in a process of its own, which knows nothing of the run but the files.

`python -P -m cervinet.exporters.fresh_process FORMAT EXPORT GIVEN ANSWERS` is that process.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cervinet.errors import CervinetError
from cervinet.exporters.export import Given, Outputs
from cervinet.registry import find

_PIXELS, _FILES, _ANSWERS = "pixels.npy", "files", "answers.npz"


def answers(name: str, export: Path, given: Given) -> dict[str, Outputs]:
    """What each part of an export gives.

    Args:
        name: of the format.
        export: its folder.
        given: pictures.

    Raises:
        CervinetError: the process fails: the files cannot be loaded, or not be called with these pictures.
    """
    with tempfile.TemporaryDirectory(prefix="cervinet-") as room:
        folder = Path(room)
        np.save(folder / _PIXELS, given.pixels)
        (folder / _FILES).mkdir()
        for number, data in enumerate(given.files):
            (folder / _FILES / f"{number:06}").write_bytes(data)
        # -P: a module of the user's in this directory is not to be taken for one of ours.
        command = [sys.executable, "-P", "-m", __name__, name, str(export), room, str(folder / _ANSWERS)]
        environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "2"}
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", env=environment)
        if done.returncode:
            said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
            raise CervinetError(
                f"the export was not kept, for it cannot be used in a process of its own: {said[-1][:300]}"
            )
        return _read(folder / _ANSWERS)


def _read(path: Path) -> dict[str, Outputs]:
    found: dict[str, dict[str, NDArray[np.float32]]] = {}
    with np.load(path) as file:
        for key in file.files:
            output, _, part = key.partition(" ")
            found.setdefault(part, {})[output] = file[key]
    return dict(found)


def _main(name: str, export: str, room: str, to: str) -> None:
    files = [path.read_bytes() for path in sorted((Path(room) / _FILES).iterdir())]
    given = Given(np.load(Path(room) / _PIXELS), files)
    calls = find("exporter", name).traits["reload"](Path(export))
    found = {part: call(given) for part, call in calls.items()}
    np.savez(to, **{f"{output} {part}": value for part, outputs in found.items() for output, value in outputs.items()})


if __name__ == "__main__":
    _main(*sys.argv[1:])
