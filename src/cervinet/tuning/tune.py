"""`cervinet tune`, step by step: many trials of one config, of which the best becomes a config."""

import shlex
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cervinet.config import Config
from cervinet.errors import TrainingError
from cervinet.folders import claimed_folder, fresh_folder
from cervinet.progress import Progress
from cervinet.run import Run
from cervinet.tuning.outcome import draw, write_best, write_trials
from cervinet.tuning.search import FEWEST_FOR_IMPORTANCE, Report, Search, Tried, find_optuna, opened
from cervinet.tuning.space import config_of_trial, load_tuned, written

Trial = Callable[[Config, Path, Report], float]
"""(config, folder of its own, report) → best monitored value; calls report after each epoch."""

DATABASE = "tune.db"
_SEARCHES = Path("searches")


@dataclass(frozen=True)
class Tuned:
    """What a search found, and where it lies."""

    folder: Path
    monitor: str
    tried: list[Tried]
    best: Tried
    importances: dict[str, float]
    config: Path


def tune(
    path: Path,
    overrides: Sequence[str],
    wanted: int,
    folder: Path | None,
    trial_of: Callable[[Config, Progress], Trial],
    progress: Progress,
) -> Tuned:
    """Search until `wanted` trials are over, those of an earlier search in the same folder included.

    Args:
        path: the config, which holds `tune`.
        overrides: `key=value` pairs.
        wanted: trials in all.
        folder: of a search to go on with, or absent or empty; None makes a new one.
        trial_of: makes what trains one config, out of the config before the search.
        progress: told after each trial.

    Raises:
        ConfigError: `tune` is missing or wrong.
        UsageError: the folder holds something else, another process searches in it, or Optuna is not installed.
        TrainingError: no trial came to its end.
    """
    config, space = load_tuned(path, overrides)
    find_optuna()
    folder = _folder(folder, config.name)
    monitor, keys = config.training.monitor, list(space.space)
    epochs = sum(phase.epochs for phase in config.phases())
    made_of = config.to_yaml()
    with (
        Run(folder).locked(),
        opened(folder / DATABASE, space, monitor=monitor, seed=config.seed, epochs=epochs, made_of=made_of) as search,
    ):

        def over(one: Tried) -> None:
            write_trials(search.tried(), monitor, keys, folder / "trials.csv")
            progress.say(_said(one, wanted, monitor, search.best()))

        if len(search.tried()) < wanted:
            trial = trial_of(config, progress)
            try:
                search.run(wanted, _objective(path, overrides, folder, trial), over)
            except KeyboardInterrupt:
                over_now = len(search.tried())
                progress.say(
                    f"{over_now} of {wanted} trials are over; the same command with --run-dir {folder} goes on."
                )
                raise KeyboardInterrupt from None  # a trial has nothing that `train --resume` could go on from
        return _finish(search, path, overrides, config, folder)


def _folder(folder: Path | None, name: str) -> Path:
    if folder is None:
        return fresh_folder(_SEARCHES, name)
    return folder if (folder / DATABASE).is_file() else claimed_folder(folder)


def _objective(path: Path, overrides: Sequence[str], folder: Path, trial: Trial) -> Callable[..., float]:
    def objective(number: int, values: dict[str, Any], report: Report) -> float:
        own = folder / "trials" / f"{number:03d}"
        shutil.rmtree(own, ignore_errors=True)  # of the same trial, killed
        return trial(config_of_trial(path, overrides, values), own, report)

    return objective


def _finish(search: Search, path: Path, overrides: Sequence[str], config: Config, folder: Path) -> Tuned:
    tried, best = search.tried(), search.best()
    assert config.tune
    monitor = config.training.monitor
    write_trials(tried, monitor, list(config.tune.space), folder / "trials.csv")
    if best is None:
        reasons = [one.reason for one in tried if one.reason]
        raise TrainingError(
            f"none of {len(tried)} trials came to its end; {folder / 'trials.csv'} says why each failed, the last: "
            f"{reasons[-1].splitlines()[0]}"
        )
    importances = draw(search, config.tune, monitor, folder / "importance.png")
    found = config_of_trial(path, overrides, best.values)
    words = [
        "cervinet",
        "tune",
        "--config",
        str(path),
        "--trials",
        str(len(tried)),
        "--run-dir",
        str(folder),
        *overrides,
    ]
    write_best(found, config, best, len(tried), shlex.join(words), folder / "best.yaml")
    return Tuned(folder, monitor, tried, best, importances, folder / "best.yaml")


def _said(one: Tried, wanted: int, monitor: str, best: Tried | None) -> str:
    values = ", ".join(f"{key.rpartition('.')[2]} {written(value)}" for key, value in one.values.items())
    result = f"{monitor} {one.value:.4f}" if one.value is not None else f"failed: {one.reason}"
    stopped = f", stopped after epoch {one.epochs}" if one.state == "stopped" else ""
    leader = f"; best: trial {best.number}, {best.value:.4f}" if best and best.number != one.number else ""
    mark = "; the best so far" if best and best.number == one.number else ""
    return f"Trial {one.number}/{wanted} ({values}): {result}{stopped}{mark}{leader}"


def importance_rows(tuned: Tuned) -> tuple[list[str], list[list[str]], str]:
    """A row a setting, its best value and its share of what mattered; and why shares are missing, where they are."""
    order = sorted(tuned.best.values, key=lambda key: -tuned.importances.get(key, 0.0))
    shares = {key: f"{share:.0%}" for key, share in tuned.importances.items()}
    rows = [[key, written(tuned.best.values[key]), shares.get(key, "–")] for key in order]
    few = f"what mattered is said once {FEWEST_FOR_IMPORTANCE} trials have finished"
    return ["setting", "best", "share of what mattered"], rows, "" if tuned.importances else few
