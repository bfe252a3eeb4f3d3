"""The run directory: the only module that knows a file name inside it.

runs/20261120-101500-cervix-cnn/
  config.yaml  environment.json  status.json
  data.json  splits.csv  data_issues.csv  data_report.html
  history.csv  progress.png  checkpoints/best.weights.h5  checkpoints/step-00000123/  .lock
  model.keras  model.onnx  heat.onnx  likeness.npz  model.json
  predictions_val.csv  predictions_test.csv  metrics.json  plots/  cam/
  report.html  model_card.md
  evaluations/20261121-090000-test/      what `cervinet evaluate` found later
  exports/20261121-090000-litert/        what `cervinet export` wrote

An ensemble's has no model.keras but members/1/ with the model files, model.json and splits.csv, members/2/, …; one of
cross-validation has fold-1/, … (repeat-1/fold-1/, …), each a run, and config.yaml  crossval.json  folds.csv
predictions_oof.csv  metrics.json  plots/  status.json.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from cervinet.errors import CervinetError, UsageError
from cervinet.files import sha256, write_json
from cervinet.folders import claimed_folder, fresh_folder
from cervinet.model_card import ModelCard

RUNS = Path("runs")
State = Literal["running", "finished", "failed", "interrupted"]


class Run:
    """Paths and small files of one run directory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config = path / "config.yaml"
        self.environment = path / "environment.json"
        self.splits = path / "splits.csv"
        self.issues = path / "data_issues.csv"
        self.data_page = path / "data_report.html"
        self.data = path / "data.json"
        self.status_file = path / "status.json"
        self.history = path / "history.csv"
        self.progress_plot = path / "progress.png"
        self.best = path / "checkpoints" / "best.weights.h5"
        self.checkpoints = path / "checkpoints"
        self.tensorboard = path / "tensorboard"
        self.model = path / "model.keras"
        self.onnx = path / "model.onnx"
        self.heat = path / "heat.onnx"
        self.likeness = path / "likeness.npz"
        self.card = path / "model.json"
        self.metrics = path / "metrics.json"
        self.report = path / "report.html"
        self.cam = path / "cam"
        self.plots = path / "plots"
        self.evaluations = path / "evaluations"
        self.exports = path / "exports"
        self.crossval = path / "crossval.json"
        self.folds = path / "folds.csv"
        self._seconds: dict[str, float] = {}
        self._marked = time.perf_counter()

    def predictions(self, split: str) -> Path:
        return self.path / f"predictions_{split}.csv"

    def member(self, folder: str) -> "Run":
        """A network of an ensemble."""
        return Run(self.path / folder)

    def all_splits(self) -> list[Path]:
        """The splits that this run, or any member of this ensemble, was trained by."""
        return [self.splits, *sorted(self.path.glob(f"members/*/{self.splits.name}"))]

    def fold(self, number: int, repeat: int | None) -> "Run":
        """A fold of a cross-validation; `repeat` is None where there is one repeat only."""
        return Run((self.path / f"repeat-{repeat}" if repeat else self.path) / f"fold-{number}")

    @classmethod
    def create(cls, path: Path | None, name: str) -> "Run":
        """A new run directory, claimed by this process. Raises UsageError where one is already."""
        run = cls(claimed_folder(path) if path else fresh_folder(RUNS, name))
        try:
            # Exclusive creation decides between two processes that were given the same empty directory.
            os.close(os.open(run.status_file, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        except FileExistsError:
            raise UsageError(f"another run has just taken {run.path}; choose another --run-dir") from None
        run.set_status("running")
        return run

    @classmethod
    def open(cls, path: Path | None) -> "Run":
        """A finished run: the given one, or the newest under `runs/`."""
        if path is None:
            # Of cross-validation the status is finished too, but it has no network of its own.
            known = [run for run in map(cls, RUNS.glob("*")) if run.card.is_file()]
            finished = [run for run in known if run.status() == "finished"]
            if not finished:
                raise UsageError("there is no finished run under runs/; train one, or name the directory of one")
            return max(finished, key=lambda run: run.status_file.stat().st_mtime_ns)
        run = cls(path)
        if not path.is_dir():
            raise UsageError(f"there is no run directory {path}")
        if run.crossval.is_file():
            raise UsageError(f"{path} is a cross-validation, which has no network of its own; name a fold in it")
        if not run.card.is_file():
            raise UsageError(f"{path} must be the directory of a finished run; it has no {run.card.name}")
        return run

    @classmethod
    def unfinished(cls, path: Path | None) -> "Run":
        """A run to go on with: the given one, finished or not, or the newest unfinished one under `runs/`."""
        if path is None:
            begun = [run for run in map(cls, RUNS.glob("*")) if run.config.is_file() and run.status_file.is_file()]
            unfinished = [run for run in begun if run.status() != "finished" and not run.of_several()]
            if not unfinished:
                raise UsageError("there is no unfinished run under runs/; name the directory of one")
            return max(unfinished, key=lambda run: run.status_file.stat().st_mtime_ns)
        run = cls(path)
        if not path.is_dir():
            raise UsageError(f"there is no run directory {path}")
        if not run.config.is_file():
            raise UsageError(f"{path} must be the directory of a run; it has no {run.config.name}: train anew")
        if run.crossval.is_file():
            raise UsageError(f"{path} is a cross-validation; start the command again that began it")
        if run.of_several():
            raise UsageError(f"{path} is an ensemble, which is not trained; make it anew by `cervinet ensemble`")
        return run

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Have the run for this process alone; the system gives it free when the process ends, however it ends.

        Raises:
            UsageError: another process has it.
        """
        with (self.path / ".lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UsageError(f"another process is training in {self.path}; wait for it, or end it first") from None
            except OSError:
                pass  # a disk without locks
            yield

    def sweep(self) -> None:
        """Remove the files that a killed process was writing."""
        for folder in (self.path, self.plots):
            for path in folder.glob(".????????-*"):
                with suppress(OSError):
                    path.unlink()

    def set_status(self, state: State, reason: str = "") -> None:
        status: dict[str, Any] = {"state": state, "pid": os.getpid(), "time": f"{datetime.now().astimezone():%FT%T%z}"}
        write_json(self.status_file, status | {"seconds": self._seconds} | ({"reason": reason} if reason else {}))

    def mark(self, phase: str) -> None:
        """Note how long a phase took: the time since the last mark, for the next status."""
        now = time.perf_counter()
        self._seconds[phase], self._marked = round(now - self._marked, 2), now

    def status(self) -> str:
        try:
            return str(json.loads(self.status_file.read_text())["state"])
        except (OSError, ValueError, KeyError, TypeError):
            return "unknown"

    def groups_from(self) -> tuple[str, ...]:
        """Where the groups of `splits.csv` come from. Raises CervinetError where `data.json` is not whole."""
        try:
            return tuple(json.loads(self.data.read_text(encoding="utf-8"))["groups_from"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CervinetError(
                f"{self.data} must say where the run's groups come from; it cannot be read: {error}"
            ) from None

    def of_several(self) -> bool:
        """Whether it is a cross-validation or an ensemble."""
        return self.crossval.is_file() or self.member("members").path.is_dir()

    def begun_folds(self) -> list[Path]:
        return [*self.path.glob("fold-*"), *self.path.glob("repeat-*/fold-*")]

    def new_evaluation(self, label: str) -> Path:
        return fresh_folder(self.evaluations, label)

    def write_card(self, card: ModelCard) -> None:
        """Write `model.json` with the hash of each model file that there is; of an ensemble, of its members' cards."""
        files = [self.member(member.folder).card for member in card.members] or self.model_files()
        hashes = {self._name(file): sha256(file) for file in files}
        write_json(self.card, asdict(card) | {"hashes": hashes})

    def read_card(self) -> ModelCard:
        """What `model.json` says; `verified` checks a file by it before it is used."""
        try:
            return ModelCard.from_json(json.loads(self.card.read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CervinetError(f"{self.card} must be the card of a model; it cannot be read as one: {error}") from None

    def verified(self, card: ModelCard, file: Path) -> Path:
        """A model file, after its hash was checked. Raises CervinetError where it is not the one that was saved."""
        of_ensemble = card.members or self.path.parent.name == "members"
        again = "make the ensemble again" if of_ensemble else "train again"
        if not file.is_file():
            raise CervinetError(f"{file} is not there; the run is incomplete: {again}")
        if card.hashes.get(self._name(file)) != sha256(file):
            raise CervinetError(
                f"{file} is not the file that this run saved (its SHA-256 is not the one in {self.card.name}); "
                f"bring the original back, or {again}"
            )
        return file

    def verified_member(self, card: ModelCard, folder: str) -> "Run":
        """A member of this ensemble, after its card was checked, by which its own files are."""
        member = self.member(folder)
        self.verified(card, member.card)
        return member

    def model_files(self) -> list[Path]:
        """What a network is used by, as far as it is there."""
        return [file for file in (self.model, self.onnx, self.heat, self.likeness) if file.is_file()]

    def _name(self, file: Path) -> str:
        return file.relative_to(self.path).as_posix()
