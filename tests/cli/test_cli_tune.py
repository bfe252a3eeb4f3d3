"""`cervinet tune` on tiny phantoms: what it prints, what it writes, that its best config gives what it said."""

import csv
import json
import os
import signal
from pathlib import Path

import pytest

from cervinet.config import load_config
from cervinet.run import Run
from cervinet.training.learner import Learner
from world import CONFIG, cervinet

SEARCH = "tune: {startup: 2, space: {training.learning_rate: {log: [1e-4, 1e-2]}}}\n"


@pytest.fixture
def config(world, write):
    return write("search.yaml", CONFIG.format(root=f"'{world.pictures}'") + SEARCH)


def test_trials_are_judged_on_validation_and_the_best_is_printed(world, config):
    result = cervinet("tune", "--config", config, "--trials", "2", "--run-dir", "D")
    assert result.exit_code == 0, result.output
    with open("D/trials.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    best = min(rows, key=lambda row: float(row["val_loss"]))
    shown = result.stdout.splitlines()
    assert shown[0] == f"Best of 2 trials: number {best['trial']}, val_loss {float(best['val_loss']):.4f}"
    assert shown[-1] == "Search: D (trials.csv, importance.png, best.yaml)"
    assert result.stderr.splitlines()[-2:] == ["Next:", "  cervinet train --config D/best.yaml"]
    assert [row["state"] for row in rows] == ["finished"] * 2
    folders = sorted(Path("D/trials").iterdir())
    assert [folder.name for folder in folders] == ["001", "002"]
    for folder in folders:
        assert {path.name for path in folder.iterdir()} == {"config.yaml", "history.csv", "progress.png", "status.json"}
        assert json.loads((folder / "status.json").read_text())["state"] == "finished"


@pytest.mark.slow
def test_the_best_config_gives_what_the_search_said(world, config):
    cervinet("tune", "--config", config, "--trials", "2", "--run-dir", "D", "--quiet")
    best = load_config(Path("D/best.yaml"))
    assert cervinet("train", "--config", "D/best.yaml", "--run-dir", "R", "--quiet").exit_code == 0
    with open("D/trials.csv", newline="") as file:
        said = min((float(row["val_loss"]), float(row["training.learning_rate"])) for row in csv.DictReader(file))
    with open("R/history.csv", newline="") as file:
        found = min(float(row["val_loss"]) for row in csv.DictReader(file))
    assert said == (pytest.approx(found, rel=1e-6), best.training.learning_rate)


def test_quiet_prints_the_result_alone(config):
    result = cervinet("tune", "--config", config, "--trials", "1", "--run-dir", "D", "--quiet")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("Best of 1 trial: number 1, val_loss ")


def test_a_config_without_a_search_is_refused(world):
    result = cervinet("tune", "--config", world.config, "--trials", "1")
    assert result.exit_code == 2
    assert result.stderr == (
        f"Error: `tune` is missing in {world.config}; it says where to look, as in tune: {{space: "
        "{training.learning_rate: {log: [1e-5, 1e-2]}}}\n"
    )
    assert not Path("searches").exists()


def test_an_interrupted_search_tells_how_it_goes_on_not_how_its_trial_would(config, monkeypatch):
    step, taken = Learner.step, []

    def signalled(self, *arguments, **options):
        taken.append(os.kill(os.getpid(), signal.SIGTERM) if not taken else None)
        return step(self, *arguments, **options)

    monkeypatch.setattr(Learner, "step", signalled)
    result = cervinet("tune", "--config", config, "--trials", "1", "--run-dir", "D", "--quiet")
    assert result.exit_code == 130
    assert result.stderr == "Interrupted.\n"


def test_a_search_under_way_is_refused(config):
    Path("D").mkdir()
    Path("D/tune.db").touch()
    with Run(Path("D")).locked():
        result = cervinet("tune", "--config", config, "--trials", "1", "--run-dir", "D")
    assert result.exit_code == 2
    assert result.stderr == "Error: another process is training in D; wait for it, or end it first\n"


def test_no_trials_are_refused(config):
    result = cervinet("tune", "--config", config, "--trials", "0")
    assert result.exit_code == 2
    assert "0 is not in the range x>=1" in result.stderr


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("tune", "--trials", "1", "--run-dir", "D", "--config"), "a search"),
        (("crossval", "--run-dir", "D", "--config"), "cross-validation"),
        (("ensemble", "run", "--to", "D"), "an ensemble"),
    ],
)
def test_several_processes_are_refused(config, monkeypatch, words, what):
    cluster = {"cluster": {"worker": ["127.0.0.1:1", "127.0.0.1:2"]}, "task": {"type": "worker", "index": 0}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(cluster))
    result = cervinet(*words, config)
    assert result.exit_code == 2
    assert result.stderr == (
        f"Error: {what} runs in one process; start it without TF_CONFIG and not by srun with several tasks\n"
    )
