"""Cross-validation: a run for each fold, and one evaluation of what every picture got while it was for the test."""

import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cervinet import assessing, workflow
from cervinet.assembly import check_alone, with_whole_paths
from cervinet.assessing import Judged
from cervinet.config import Config, check, load_config
from cervinet.csv_table import read_table, write_table
from cervinet.data.split_file import read_splits
from cervinet.errors import DataError, UsageError
from cervinet.evaluation.constants import prior_log_losses, uniform_log_loss
from cervinet.evaluation.prediction_tables import read_predictions
from cervinet.files import write_atomically, write_json
from cervinet.folders import claimed_folder, fresh_folder
from cervinet.holding import status_kept
from cervinet.progress import Progress
from cervinet.report.write import write_assessment
from cervinet.reporting import material_of
from cervinet.resuming import changes
from cervinet.run import RUNS, Run
from cervinet.yaml_source import read_yaml

OUT_OF_FOLD = "out-of-fold"
OWN_THRESHOLDS = "each fold has its own, chosen on its own validation pictures"


@dataclass(frozen=True)
class Plan:
    """What is to be done, and where.

    Attributes:
        config: of the first fold of the first repeat.
        repeats: how often the pictures are divided anew.
        run: holds the runs of the folds, and the results of all of them.
    """

    config: Config
    repeats: int
    run: Run

    def folds(self) -> Iterator["Fold"]:
        data = self.config.data
        for repeat in range(1, self.repeats + 1):
            for number in range(1, (data.split.folds or 0) + 1):
                split = data.split.model_copy(update={"fold": number, "repeat": repeat})
                config = self.config.model_copy(update={"data": data.model_copy(update={"split": split})})
                run = self.run.fold(number, repeat if self.repeats > 1 else None)
                yield Fold(repeat, number, config, run)


@dataclass(frozen=True)
class Fold:
    """One division of the pictures, and the run that learns by it."""

    repeat: int
    number: int
    config: Config
    run: Run


@dataclass(frozen=True)
class CrossValidated:
    """The evaluation of all folds together, and a row of `folds.csv` for each."""

    judged: Judged
    folds: pd.DataFrame
    constants: dict[str, float]


def plan(path: Path, overrides: Iterable[str], folds: int, repeats: int, run_dir: Path | None) -> Plan:
    """A new directory for a cross-validation, or the one of an earlier start of the same.

    Raises:
        ConfigError: the config, also where it settles the test part in another way.
        UsageError: the directory holds something else, or was begun with other settings; or several processes are to
            work together.
    """
    check_alone("cross-validation")
    split = [f"data.split.folds={folds}", "data.split.fold=1", "data.split.repeat=1"]
    config = with_whole_paths(load_config(path, [*overrides, *split]))
    run = Run(run_dir or fresh_folder(RUNS, f"{config.name}-crossval"))
    if run.crossval.is_file():
        if run.begun_folds():
            _check_same(config, repeats, run)
    else:
        claimed_folder(run.path)
    write_atomically(run.config, config.to_yaml().encode())
    write_json(run.crossval, {"folds": folds, "repeats": repeats})
    return Plan(config, repeats, run)


def cross_validate(plan: Plan, progress: Progress) -> CrossValidated:
    """Train what is not trained yet, fold by fold, then judge all out-of-fold predictions together."""
    with plan.run.locked(), status_kept(plan.run):
        folds = list(plan.folds())
        for fold in folds:
            _train(fold, plan, progress)
            _check_same_pictures(folds[0], fold)
        return _judge(plan, folds)


def _train(fold: Fold, plan: Plan, progress: Progress) -> None:
    import keras

    repeat = f"Repeat {fold.repeat} of {plan.repeats}, fold" if plan.repeats > 1 else "Fold"
    name = f"{repeat} {fold.number} of {fold.config.data.split.folds}"
    if fold.run.status() == "finished":
        progress.say(f"{name}: finished before, in {fold.run.path}")
        return
    progress.say(f"{name}:")
    if fold.run.config.is_file():  # begun, and then stopped by something
        workflow.resume(fold.run, check(read_yaml(fold.run.config)), progress)
    else:
        shutil.rmtree(fold.run.path, ignore_errors=True)
        workflow.train(fold.config, fold.run.path, progress)
    keras.utils.clear_session()  # else the networks of all folds stay in memory


def _judge(plan: Plan, folds: list[Fold]) -> CrossValidated:
    run, config = plan.run, plan.config
    write_out_of_fold(plan, folds)
    predictions = read_predictions(run.predictions("oof"))
    rows, prior = _rows(folds)
    constants = {
        "uniform_log_loss": uniform_log_loss(len(predictions.classes)),
        "prior_log_loss": float(prior.mean()),
    }
    note = _note(folds[0], plan)
    found = assessing.assessed(config, predictions, None, OWN_THRESHOLDS, calibration_of(folds))
    material = material_of(run, found, note, assessing.resampling(config))
    more = {"folds": config.data.split.folds, "constants": constants}
    write_assessment(material, run.path, report=config.evaluation.report, more=more)
    table = pd.DataFrame(rows) if plan.repeats > 1 else pd.DataFrame(rows).drop(columns="repeat")
    write_atomically(run.folds, table.to_csv(index=False).encode())
    judged = Judged(run.path, run.path, found, note, predictions.unreadable)
    return CrossValidated(judged, table, constants)


def calibration_of(folds: Iterable[Fold]) -> str:
    """The method by which the folds were calibrated; "none" where it could be fitted in none of them."""
    methods = {fold.run.read_card().calibration.get("method", "none") for fold in folds}
    return " or ".join(sorted(methods))


def write_out_of_fold(plan: Plan, folds: Iterable[Fold]) -> None:
    """The test predictions of all folds in one table, each with its fold, and with its repeat where there are some.

    A column that some folds lack, such as a site that none of their pictures has, is empty there.
    """
    tables = [(fold, read_table(fold.run.predictions("test"))) for fold in folds]
    header = list(dict.fromkeys(name for _, table in tables for name in table.header))
    place = header.index("split")
    numbered = ["fold", *(["repeat"] if plan.repeats > 1 else [])]
    rows = [[*header[:place], "split", *numbered, *header[place + 1 :]]]
    for fold, table in tables:
        numbers = [str(fold.number), *([str(fold.repeat)] if plan.repeats > 1 else [])]
        for row in table.rows:
            cells = dict(zip(table.header, row, strict=True))
            found = [cells.get(name, "") for name in header]
            rows.append([*found[:place], OUT_OF_FOLD, *numbers, *found[place + 1 :]])
    write_table(plan.run.predictions("oof"), rows)


def _rows(folds: Iterable[Fold]) -> tuple[list[dict[str, Any]], NDArray[np.float64]]:
    """What is said of each fold, and the log-loss of every picture had it got the shares of the training pictures."""
    rows, priors = [], []
    for fold in folds:
        found = read_predictions(fold.run.predictions("test"))
        splits = read_splits(fold.run.splits)
        train = splits["label"][splits["split"] == "train"].to_list()
        priors.append(prior_log_losses(train, [found.classes[label] for label in found.labels]))
        metrics = json.loads(fold.run.metrics.read_text(encoding="utf-8"))["metrics"]
        row: dict[str, Any] = {"repeat": fold.repeat, "fold": fold.number, "n": len(found.images)}
        row |= {name: metrics[name]["value"] for name in ("log_loss", "accuracy", "auroc_macro")}
        row["best_epoch"] = _best_epoch(fold)
        row |= {"uniform_log_loss": uniform_log_loss(len(found.classes)), "prior_log_loss": float(priors[-1].mean())}
        rows.append(row)
    return rows, np.concatenate(priors)


def _best_epoch(fold: Fold) -> int:
    history, monitor = pd.read_csv(fold.run.history), fold.config.training.monitor
    scores = history[monitor].to_numpy(np.float64) * (-1 if monitor.endswith("loss") else 1)
    return int(history["epoch"].to_numpy()[np.nanargmax(scores)])


def _note(fold: Fold, plan: Plan) -> str:
    """What the folds say of their pictures, and that the counts are sums where they are."""
    said = json.loads(fold.run.metrics.read_text(encoding="utf-8")).get("note", "")
    return ", ".join(filter(None, (said, f"{plan.repeats} repeats" if plan.repeats > 1 else "")))


def _check_same(config: Config, repeats: int, run: Run) -> None:
    then, now = check(read_yaml(run.config)).model_dump(mode="json"), config.model_dump(mode="json")
    then["--repeat"], now["--repeat"] = json.loads(run.crossval.read_text(encoding="utf-8"))["repeats"], repeats
    differing = [f"  {key}: {old} then, {new} now" for key, old, new in changes(then, now)]
    if differing:
        lines = "\n".join(differing)
        raise UsageError(
            f"{run.path} was begun with other settings; go on with those, or name another --run-dir:\n{lines}"
        )


def _check_same_pictures(first: Fold, fold: Fold) -> None:
    """Folds of one division are disjoint. Raises a DataError where the data changed between two of them."""
    then, now = (
        set(read_splits(one.run.splits)[["image", "label", "group", "digest"]].itertuples(index=False, name=None))
        for one in (first, fold)
    )
    if then != now:
        name = min(image for image, *_ in then ^ now)
        raise DataError(
            f"{fold.run.path} was made from other pictures than {first.run.path}, or with other labels or groups, the "
            f"first is {name}; bring the old data back, or begin anew with another --run-dir"
        )
