"""The weights of the best epoch, and states that a run goes on from: each whole or not there at all.

checkpoints/
  best.weights.h5
  step-00000123/           after that step; `step-00000123-judged` once its epoch was judged, too
    state.json             where the run stands, and of what it is made
    variables.npz          every variable of the network and its optimizer, in the order of `Learner.variables`
    best.weights.h5        of the best epoch by then, a hard link where the disk has such
    manifest.json          the SHA-256 of each of these
"""

import errno
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from cervinet.errors import TrainingError
from cervinet.files import replacing, sha256
from cervinet.training.state import State

_STATE, _VARIABLES, _BEST, _MANIFEST = "state.json", "variables.npz", "best.weights.h5", "manifest.json"
_KEPT = 2


@dataclass(frozen=True)
class Saved:
    """A state that was found whole.

    Attributes:
        folder: where it lies.
        state: the plain values.
        facts: of what the run is made, as they were given to `save`.
        digest: of all its files.
    """

    folder: Path
    state: State
    facts: dict[str, Any]
    digest: str

    def put_into(self, variables: Sequence[Any]) -> None:
        """Give variables, in the order in which they were saved, their values back. Raises TrainingError."""
        with np.load(self.folder / _VARIABLES, allow_pickle=False) as arrays:
            if [arrays[name].shape for name in arrays.files] != [tuple(one.shape) for one in variables]:
                raise TrainingError(
                    f"the checkpoint {self.folder} is of another network or optimizer than this version makes; go on "
                    "with the versions that began the run, which its environment.json names"
                )
            for variable, name in zip(variables, arrays.files, strict=True):
                variable.assign(arrays[name])


class Checkpoints:
    """The states of one run; only the process that holds the run's lock may use it.

    Args:
        folder: of the checkpoints.
        best: the weights of the best epoch.
    """

    def __init__(self, folder: Path, best: Path) -> None:
        self._folder, self._best = folder, best

    def save(self, state: State, variables: Sequence[Any], facts: dict[str, Any], *, keep: int = _KEPT) -> None:
        """Write a state beside the ones before it, then remove all but the newest `keep`. Raises OSError."""
        target = self._folder / f"step-{state.steps:08d}{'' if state.step else '-judged'}"
        if not target.is_dir():
            temporary = self._folder / f".{secrets.token_hex(4)}-{target.name}"
            temporary.mkdir(parents=True)
            try:
                self._fill(temporary, state, variables, facts)
                os.rename(temporary, target)
            except BaseException:
                shutil.rmtree(temporary, ignore_errors=True)
                raise
            _sync(self._folder)
        for folder in self._folders()[:-keep]:
            shutil.rmtree(folder, ignore_errors=True)

    def newest(self, say: Callable[[str], None]) -> Saved | None:
        """The newest whole state, after saying of newer ones what is wrong with them; None where there is none."""
        for folder in reversed(self._folders()):
            try:
                return _read(folder)
            except (OSError, ValueError, KeyError, TypeError) as error:
                say(f"Warning: the checkpoint {folder} is damaged ({_words(error)}); looking for an older one.")
        return None

    def go_back_to(self, saved: Saved | None) -> None:
        """Remove what is newer or unfinished, and put the best weights of that time back."""
        for folder in self._folders():
            if saved is None or folder.name > saved.folder.name:
                shutil.rmtree(folder)
        for unfinished in self._folder.glob(".*"):
            shutil.rmtree(unfinished) if unfinished.is_dir() else unfinished.unlink()
        if saved and (saved.folder / _BEST).exists():
            with replacing(self._best) as temporary:
                _link(saved.folder / _BEST, temporary)

    def _fill(self, folder: Path, state: State, variables: Sequence[Any], facts: dict[str, Any]) -> None:
        (folder / _STATE).write_text(json.dumps({"state": state.as_json(), "facts": facts}, indent=1), "utf-8")
        with (folder / _VARIABLES).open("wb") as file:
            np.savez(file, **{f"{place:06d}": variable.numpy() for place, variable in enumerate(variables)})
        if state.tracker.best_epoch:
            _link(self._best, folder / _BEST)
        hashes = {path.name: sha256(path) for path in sorted(folder.iterdir())}
        (folder / _MANIFEST).write_text(json.dumps(hashes, indent=1), "utf-8")
        for path in (*folder.iterdir(), folder):
            _sync(path)

    def _folders(self) -> list[Path]:
        """Oldest first."""
        return sorted(path for path in self._folder.glob("step-*") if path.is_dir())


def save_weights(model: keras.Model, path: Path) -> None:
    """Write the weights of a network, whole or not at all, without the optimizer's two to three times as many."""
    # Keras truncates its target in place: a full disk would destroy the best weights so far.
    with replacing(path) as temporary:
        model.save_weights(temporary, overwrite=True)


def load_weights(model: keras.Model, path: Path) -> None:
    """Put weights that `save_weights` wrote back into a network."""
    model.load_weights(path)


@contextmanager
def saving(what: str, run: Path) -> Iterator[None]:
    """Give what the disk refuses a sentence. Raises TrainingError."""
    try:
        yield
    except OSError as error:
        # HDF5 tells the number in its text alone.
        full = error.errno == errno.ENOSPC or os.strerror(errno.ENOSPC) in str(error)
        why = "the disk is full" if full else str(error.strerror or error)
        raise TrainingError(
            f"{what} could not be saved under {run}: {why}; the checkpoints before it are whole: make room and go on "
            f"with `cervinet train --resume {run}`"
        ) from None


def _read(folder: Path) -> Saved:
    hashes = json.loads((folder / _MANIFEST).read_text("utf-8"))
    for name in {_STATE, _VARIABLES, *hashes}:
        if sha256(folder / name) != hashes[name]:
            raise ValueError(f"{name} is not as it was written")
    values = json.loads((folder / _STATE).read_text("utf-8"))
    return Saved(folder, State.from_json(values["state"]), dict(values["facts"]), sha256(folder / _MANIFEST))


def _words(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return f"{Path(error.filename).name} is missing"
    return str(error) if isinstance(error, ValueError) else repr(error)


def _link(source: Path, target: Path) -> None:
    """A second name of the same file, or a copy where the disk has no such names."""
    with suppress(OSError):
        os.link(source, target)
        return
    shutil.copyfile(source, target)


def _sync(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk and not in memory alone."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
