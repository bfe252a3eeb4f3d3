"""The search: the same trials for one seed, whatever stopped it; what it leaves behind; what it refuses."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from cervinet.config import load_config
from cervinet.errors import DataError, TrainingError, UsageError
from cervinet.progress import Silent
from cervinet.tuning.search import Hopeless
from cervinet.tuning.tune import importance_rows, tune

pytestmark = pytest.mark.usefixtures("blank_figures", "no_onnx")

CONFIG = """\
data: {root: pictures}
training: {epochs: 10}
tune:
  startup: 4
  space:
    training.learning_rate: {log: [1e-5, 1e-1]}
    training.batch_size: {range: [8, 64]}
    training.optimizer: {choices: [adam, {sgd: {momentum: 0.9}}]}
"""


def quality(config):
    """The lower the better; best at a rate of 1e-3 with Adam, whatever the size of a batch."""
    from math import log10

    return abs(log10(config.training.learning_rate) + 3) + (config.training.optimizer.name == "sgd")


def fake(config, progress):
    """A training that comes down to its quality in ten epochs."""

    def trial(config, folder, report):
        folder.mkdir(parents=True)
        history = []
        for epoch in range(1, 11):
            history.append({"epoch": epoch, "val_loss": quality(config) + 1 / epoch})
            report(history)
        return history[-1]["val_loss"]

    return trial


class Said(Silent):
    def __init__(self):
        self.lines = []

    def say(self, text):
        self.lines.append(text)


@pytest.fixture(scope="module", autouse=True)
def _without_waiting_for_the_disk():
    """SQLite syncs each commit, which a few hundred trials of no length would spend their time on."""

    def loosened(connection, _):
        connection.execute("PRAGMA synchronous=OFF")

    event.listen(Engine, "connect", loosened)
    yield
    event.remove(Engine, "connect", loosened)


@pytest.fixture(scope="module")
def long(tmp_path_factory):
    """A search of forty trials."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("long"))
        Path("x.yaml").write_text(CONFIG, encoding="utf-8")
        return searched(40)


@pytest.fixture(autouse=True)
def _config(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("x.yaml").write_text(CONFIG, encoding="utf-8")


def searched(wanted, folder="D", *, trial_of=fake, overrides=(), progress=None):
    return tune(Path("x.yaml"), overrides, wanted, Path(folder), trial_of, progress or Silent())


def table(folder="D"):
    with open(f"{folder}/trials.csv", newline="") as file:
        return list(csv.DictReader(file))


def drawn(tuned):
    return [(one.state, one.value, one.values) for one in tuned.tried]


def test_it_finds_what_is_good(long):
    assert long.best.values["training.optimizer"] == "adam"
    assert 5e-4 < long.best.values["training.learning_rate"] < 2e-3
    assert long.best.value == min(one.value for one in long.tried if one.state == "finished")
    assert {one.state for one in long.tried} == {"finished", "stopped"}


def test_what_mattered_most_is_the_rate(long):
    assert sum(long.importances.values()) == pytest.approx(1)
    columns, rows, why = importance_rows(long)
    assert columns == ["setting", "best", "share of what mattered"]
    assert [row[0] for row in rows] == list(long.importances)
    assert next(iter(long.importances)) == "training.learning_rate"
    assert list(long.importances.values()) == sorted(long.importances.values(), reverse=True)
    assert not why


def test_what_mattered_is_not_said_of_few_trials():
    _, rows, why = importance_rows(searched(4))
    assert {row[2] for row in rows} == {"–"}
    assert why == "what mattered is said once 10 trials have finished"


def test_one_seed_gives_one_search_and_another_another(long):
    assert drawn(searched(7, "D")) == drawn(long)[:7]
    assert drawn(searched(2, "E", overrides=["seed=2"])) != drawn(long)[:2]


def test_trials_are_stopped_only_after_the_startup_and_a_fifth_of_their_epochs(long):
    for one in long.tried:
        assert one.state == "finished" or (one.number > 4 and one.epochs > 2)
        assert one.epochs == 10 or one.state == "stopped"


def test_accuracy_is_better_when_higher():
    def trial_of(config, progress):
        def trial(config, folder, report):
            value = 1 - quality(config) / 10
            report([{"epoch": 1, "val_accuracy": value}])
            return value

        return trial

    tuned = searched(3, overrides=["training.monitor=val_accuracy"], trial_of=trial_of)
    assert tuned.best.value == max(one.value for one in tuned.tried)


class TestGoingOn:
    def test_it_goes_on_to_the_number_wanted_as_if_never_stopped(self, long):
        searched(4)
        assert drawn(searched(7)) == drawn(long)[:7]

    def test_when_all_are_done_nothing_is_trained(self):
        first = searched(2)
        again = searched(2, trial_of=lambda *_: pytest.fail("nothing is left to train"))
        assert drawn(again) == drawn(first)

    def test_an_interrupted_trial_is_tried_anew(self, long):
        def trial_of(config, progress):
            def trial(config, folder, report):
                if folder.name == "005":
                    folder.mkdir(parents=True)
                    report([{"epoch": 1, "val_loss": 1.0}])
                    raise KeyboardInterrupt
                return fake(None, None)(config, folder, report)

            return trial

        said = Said()
        with pytest.raises(KeyboardInterrupt):
            searched(6, trial_of=trial_of, progress=said)
        assert said.lines[-1] == "4 of 6 trials are over; the same command with --run-dir D goes on."
        assert len(table()) == 4
        assert drawn(searched(6)) == drawn(long)[:6]

    def test_a_killed_trial_is_tried_anew(self, long):
        code = """
import os, sys
from pathlib import Path
sys.path.insert(0, os.environ["TESTS"])
from test_tune import fake
from cervinet.progress import Silent
from cervinet.tuning.tune import tune

def trial_of(config, progress):
    def trial(config, folder, report):
        if folder.name == "005":
            folder.mkdir(parents=True)
            report([{"epoch": 1, "val_loss": 1.0}])
            os._exit(9)
        return fake(None, None)(config, folder, report)
    return trial

tune(Path("x.yaml"), (), 6, Path("D"), trial_of, Silent())
"""
        source = Path(__file__).parents[2] / "src"
        environment = os.environ | {"PYTHONPATH": str(source), "TESTS": str(Path(__file__).parent)}
        done = subprocess.run([sys.executable, "-c", code], env=environment, timeout=60, capture_output=True)
        assert done.returncode == 9, done.stderr
        assert len(table()) == 4
        assert drawn(searched(6)) == drawn(long)[:6]

    def test_other_settings_are_another_search(self):
        searched(2)
        with pytest.raises(UsageError) as error:
            searched(3, overrides=["training.epochs=5"])
        assert str(error.value) == (
            "D holds a search with another config or other KEY=VALUE; go on with those, or name another --run-dir"
        )

    def test_a_folder_with_other_files_is_refused(self):
        Path("D").mkdir()
        Path("D/notes.txt").write_text("mine")
        with pytest.raises(UsageError) as error:
            searched(2)
        assert str(error.value) == "D must be absent or empty, so that nothing is overwritten; it has files"

    def test_a_file_that_is_no_database_is_refused(self):
        Path("D").mkdir()
        Path("D/tune.db").write_text("this is text" * 100)
        with pytest.raises(UsageError) as error:
            searched(2)
        assert str(error.value) == (
            "D/tune.db cannot be used as the database of a search: (sqlite3.DatabaseError) file is not a database; "
            "name another --run-dir"
        )


class TestFailures:
    def failing(self, error, *numbers):
        def trial_of(config, progress):
            def trial(config, folder, report):
                if not numbers or int(folder.name) in numbers:
                    raise error
                return fake(None, None)(config, folder, report)

            return trial

        return trial_of

    def test_a_trial_that_fails_is_written_down_and_the_search_goes_on(self):
        said = Said()
        error = TrainingError("the training loss became nan at epoch 1, step 3")
        tuned = searched(3, trial_of=self.failing(error, 2), progress=said)
        assert [one.state for one in tuned.tried] == ["finished", "failed", "finished"]
        row = table()[1]
        assert (row["state"], row["val_loss"], row["reason"]) == ("failed", "", str(error))
        assert said.lines[1].endswith(f"failed: {error}; best: trial 1, {tuned.tried[0].value:.4f}")

    def test_where_all_fail_the_search_fails(self):
        with pytest.raises(TrainingError) as error:
            searched(2, trial_of=self.failing(TrainingError("the memory ran out")))
        assert str(error.value) == (
            "none of 2 trials came to its end; D/trials.csv says why each failed, the last: the memory ran out"
        )

    def test_wrong_data_end_it_at_once(self):
        with pytest.raises(DataError, match=r"^no pictures$"):
            searched(3, trial_of=self.failing(DataError("no pictures")))
        assert not Path("D/trials.csv").exists()

    def test_a_trial_may_say_itself_that_it_is_hopeless(self):
        tuned = searched(3, trial_of=self.failing(Hopeless(), 2))
        assert [(one.state, one.value) for one in tuned.tried][1] == ("stopped", None)


class TestWhatItLeaves:
    def test_a_table_of_all_trials(self):
        tuned = searched(4)
        rows = table()
        assert list(rows[0]) == ["trial", "state", "val_loss", "epochs", "seconds", *tuned.best.values, "reason"]
        assert [float(row["val_loss"]) for row in rows] == [one.value for one in tuned.tried]
        assert {row["training.optimizer"] for row in rows} <= {"adam", "{sgd: {momentum: 0.9}}"}

    def test_the_best_config_with_where_it_comes_from(self):
        tuned = searched(2, overrides=["training.epochs=9"])
        best = load_config(tuned.config)
        values = tuned.best.values
        assert best.training.learning_rate == values["training.learning_rate"]
        assert best.training.batch_size == values["training.batch_size"]
        assert (best.training.epochs, best.tune) == (9, None)
        lines = tuned.config.read_text().splitlines()
        assert lines[:6] == [
            "# cervinet train --config D/best.yaml",
            f"# The best of 2 trials, number {tuned.best.number}, with val_loss {tuned.best.value:.4f}, of",
            "#   cervinet tune --config x.yaml --trials 2 --run-dir D training.epochs=9",
            "# The best of many trials on the same validation pictures flatters; the test split was not judged. Found:",
            f"#   training.learning_rate: {values['training.learning_rate']}  (was 0.001)",
            f"#   training.batch_size: {values['training.batch_size']}  (was 32)",
        ]

    @pytest.mark.usefixtures("drawn_figures")
    def test_pictures_and_the_database(self):
        searched(3)
        assert {path.name for path in Path("D").iterdir()} == {
            ".lock",
            "tune.db",
            "trials",
            "trials.csv",
            "best.yaml",
            "importance.png",
        }
        assert Path("D/importance.png").read_bytes()[:4] == b"\x89PNG"

    def test_numbers_have_four_digits_at_most(self, long):
        for one in long.tried:
            rate = one.values["training.learning_rate"]
            assert rate == float(f"{rate:.4g}")
            assert isinstance(one.values["training.batch_size"], int)


def test_each_trial_is_told():
    said = Said()
    tuned = searched(2, progress=said)
    first = tuned.tried[0]
    values = first.values
    rate, size, optimizer = (values[f"training.{name}"] for name in ("learning_rate", "batch_size", "optimizer"))
    shown = optimizer if optimizer == "adam" else "{sgd: {momentum: 0.9}}"
    assert said.lines[0] == (
        f"Trial 1/2 (learning_rate {rate}, batch_size {size}, optimizer {shown}): val_loss {first.value:.4f}; "
        "the best so far"
    )
    assert said.lines[1].startswith("Trial 2/2 (")


def test_without_optuna_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(UsageError) as error:
        searched(1)
    assert str(error.value) == "the search is Optuna's, which is not installed: pip install 'cervinet[hpo]'"
