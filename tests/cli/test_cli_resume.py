"""`cervinet train --resume` as a user sees it: killed and interrupted processes, and what is refused."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from cervinet.run import Run
from soak import result_of
from world import World, cervinet

pytestmark = pytest.mark.slow

LONG = (
    *("training.epochs=8", "training.batch_size=4", "training.accumulate=2"),
    *("training.ema=0.9", "training.imbalance=oversample", "model.architecture=skin_cnn", "export.onnx=false"),
)
ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2] / "src")}
COMMAND = [sys.executable, "-c", "import sys; sys.argv[0] = 'cervinet'; from cervinet.cli import main; main()"]


@pytest.fixture(scope="module")
def long_run(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """In one piece, in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CERVINET_CACHE", str(world.folder / "cache"))
        run = tmp_path_factory.mktemp("long") / "run"
        assert cervinet("train", "--config", world.config, "--run-dir", run, "--quiet", *LONG).exit_code == 0
    return run


def progress_of(run: Path) -> object:
    """Changes whenever the process has saved something."""
    history = run / "history.csv"
    return sorted((run / "checkpoints").glob("step-*")), history.stat().st_mtime_ns if history.exists() else None


def killed(process: subprocess.Popen[bytes], run: Path, wait: float) -> int:
    """Kill the process a while after it has saved something; its exit code."""
    before = progress_of(run)
    while process.poll() is None and progress_of(run) == before:
        time.sleep(0.01)
    time.sleep(wait)
    process.kill()
    return process.wait()


def test_killed_twice_it_ends_as_in_one_piece(world: World, tmp_path: Path, long_run: Path) -> None:
    run, chance, where = tmp_path / "run", random.Random(1), []
    command = [*COMMAND, "train", "--config", str(world.config), "--run-dir", str(run), *LONG]
    every = ["training.checkpoint.every=3 steps"]
    for _ in range(2):
        with subprocess.Popen([*command, *every], stderr=subprocess.DEVNULL, env=ENVIRONMENT) as process:
            code = killed(process, run, chance.random() / 2)
        command, every = [*COMMAND, "train", "--resume", str(run)], []
        where.append(len((run / "history.csv").read_text().splitlines()) if (run / "history.csv").exists() else 0)
        if code == 0:  # a machine so fast that it was done
            break
        assert code == -signal.SIGKILL
    if code:
        last = cervinet("train", "--resume", run)
        assert last.exit_code == 0
        assert "Going on at " in last.stderr or "All epochs are done." in last.stderr
    found, expected = result_of(run), result_of(long_run)
    for what in expected:
        assert found[what] == expected[what], (what, where)


def interrupting(monkeypatch: pytest.MonkeyPatch, at: int, number: int = signal.SIGINT) -> None:
    """Send this process a signal in a step of training."""
    from cervinet.training.learner import Learner

    step, taken = Learner.step, [0]

    def signalled(self, *arguments, **options):
        taken[0] += 1
        if taken[0] == at:
            os.kill(os.getpid(), number)
        return step(self, *arguments, **options)

    monkeypatch.setattr(Learner, "step", signalled)


@pytest.fixture(scope="module")
def stopped(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 2 epochs, 5 steps each, that ended in step 8."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CERVINET_CACHE", str(world.folder / "cache"))
        patch.chdir(tmp_path_factory.mktemp("stopped"))
        interrupting(patch, 8)
        result = cervinet("train", "--config", world.config, "--run-dir", "runs/r")
        assert result.exit_code == 130
        assert result.stderr.endswith(
            "Interrupted before epoch 2, step 4 of 5; all until then is saved.\n"
            "Next:\n  cervinet train --resume runs/r\n"
        )
        assert Run(Path("runs/r")).status() == "interrupted"
        return Path("runs/r").resolve()


@pytest.fixture
def interrupted(stopped: Path) -> Path:
    """The same for one test, in the folder that it works in."""
    return shutil.copytree(stopped, Path("runs/r"))


def test_interrupted_within_a_step_it_goes_on_at_the_next_and_ends_as_in_one_piece(
    world: World, interrupted: Path
) -> None:
    assert [path.name for path in (interrupted / "checkpoints").glob("step-*")] == ["step-00000008"]
    result = cervinet("train", "--resume")
    assert result.exit_code == 0
    assert "Run: runs/r\n" in result.stderr
    assert "Going on at epoch 2, step 4 of 5.\n" in result.stderr
    found, expected = result_of(interrupted), result_of(world.run)
    assert [name for name in expected if found[name] != expected[name]] == []
    environment = json.loads((interrupted / "environment.json").read_text())
    assert [one["precision"] for one in environment["resumed"]] == ["float32"]
    assert Run(interrupted).status() == "finished"


def test_the_terminating_signal_of_a_batch_system_does_the_same(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupting(monkeypatch, 5, signal.SIGTERM)
    result = cervinet("train", "--config", world.config, "--run-dir", tmp_path / "run", "--quiet")
    assert (result.exit_code, result.stdout) == (130, "")
    assert result.stderr == (
        "Interrupted before the validation of epoch 1; all until then is saved.\n"
        f"Next:\n  cervinet train --resume {tmp_path / 'run'}\n"
    )


def test_a_second_signal_ends_at_once_and_the_checkpoint_before_it_holds(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cervinet.training.learner import Learner

    step, taken = Learner.step, [0]

    def signalled(self, *arguments, **options):
        taken[0] += 1
        if taken[0] == 5:
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0)
        return step(self, *arguments, **options)

    run = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(Learner, "step", signalled)
        every = "training.checkpoint.every=2 steps"
        result = cervinet("train", "--config", world.config, "--run-dir", run, "--quiet", every)
    assert result.exit_code == 130
    assert result.stderr == f"Interrupted.\nNext:\n  cervinet train --resume {run}\n"
    assert "Going on at epoch 1, step 5 of 5.\n" in cervinet("train", "--resume", run).stderr


@pytest.mark.parametrize("where", ["cervinet.pictures.build_store", "cervinet.data_records.write_findings"])
def test_interrupted_before_training_it_begins_anew(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    def interrupt(*arguments: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    run = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(where, interrupt)
        result = cervinet("train", "--config", world.config, "--run-dir", run, "--quiet")
    assert (result.exit_code, result.stderr) == (130, f"Interrupted.\nNext:\n  cervinet train --resume {run}\n")
    again = cervinet("train", "--resume", run)
    assert again.exit_code == 0
    assert f"{run} has no checkpoint yet: it begins anew.\n" in again.stderr
    assert result_of(run) == result_of(world.run)


def test_killed_in_the_evaluation_it_is_evaluated(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    run = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr("cervinet.assessing.judge", die)
        assert cervinet("train", "--config", world.config, "--run-dir", run, "--quiet").exit_code == 130
    result = cervinet("train", "--resume", run)
    assert result.exit_code == 0
    assert "All epochs are done.\n" in result.stderr
    assert result_of(run) == result_of(world.run)


def test_a_finished_run_goes_on_with_more_epochs(world: World, tmp_path: Path) -> None:
    longer, whole = tmp_path / "longer", tmp_path / "whole"
    shutil.copytree(world.run, longer)
    result = cervinet("train", "--resume", longer, "training.epochs=4")
    assert result.exit_code == 0
    assert "Going on at epoch 3, step 1 of 5.\n" in result.stderr
    assert (
        cervinet("train", "--config", world.config, "--run-dir", whole, "--quiet", "training.epochs=4").exit_code == 0
    )
    assert result_of(longer) == result_of(whole)
    assert "epochs: 4" in (longer / "config.yaml").read_text()


# What is refused.


def refused(*arguments: object, code: int = 2) -> str:
    """The sentence, after checking that the run was left as it was."""
    before = {path: path.read_bytes() for path in Path("runs").rglob("*") if path.is_file()}
    result = cervinet("train", *arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert {path: path.read_bytes() for path in Path("runs").rglob("*") if path.is_file()} == before
    return "\n".join(line for line in result.stderr.splitlines() if not line.startswith("Run: "))


ONLY = (
    "Error: runs/r can go on only with the settings it began with, but for training.epochs; put these back, or train a "
    "new run:\n"
)


def test_other_settings_are_refused(world: World, interrupted: Path) -> None:
    said = ONLY + "  training.learning_rate: 0.001 in the run, 0.01 now"
    assert refused("--resume", "runs/r", "training.learning_rate=0.01") == said
    assert refused("--resume", "training.learning_rate=0.01", "training.epochs=9") == said
    assert refused("--resume", "--config", world.config, "training.learning_rate=0.01") == said
    config = interrupted / "config.yaml"
    original = config.read_text()
    config.write_text(original.replace("learning_rate: 0.001", "learning_rate: 0.01"))
    assert refused("--resume") == said
    classes = "[Type_1, Type_2, Type_3]"
    assert classes in original
    config.write_text(original.replace(classes, "[Type_2, Type_1, Type_3]"))
    assert refused("--resume") == ONLY + (
        "  classes: ['Type_1', 'Type_2', 'Type_3'] in the run, ['Type_2', 'Type_1', 'Type_3'] now"
    )
    config.write_text(original)
    assert cervinet("train", "--resume", "--config", world.config, "--quiet").exit_code == 0


def test_other_pictures_are_refused(world: World, interrupted: Path, tmp_path: Path) -> None:
    splits = interrupted / "splits.csv"
    whole = splits.read_bytes()
    splits.write_bytes(whole.replace(b",val,", b",train,", 1))
    assert refused("--resume", code=3) == (
        "Error: runs/r/splits.csv is not as it was when runs/r was trained; bring it back, or train a new run"
    )
    splits.write_bytes(whole)
    moved, (first, second, *_, last) = tmp_path / "moved", world.some(60)
    shutil.copytree(world.pictures, moved)
    try:
        shutil.copy(first, first.with_name("new.jpg"))
        second.write_bytes(first.read_bytes())
        last.unlink()
        names = [path.relative_to(world.pictures).as_posix() for path in (first.with_name("new.jpg"), second)]
        gone = last.relative_to(world.pictures).as_posix()
        assert refused("--resume", code=3) == (
            f"Error: the pictures are not those of runs/r/splits.csv: 1 is new: {names[0]}; 1 is no longer there: "
            f"{gone}; 1 is of other content: {names[1]}; bring them back as they were, or train a new run"
        )
    finally:
        shutil.rmtree(world.pictures)
        shutil.copytree(moved, world.pictures)


def test_a_run_that_is_being_trained_is_refused(interrupted: Path, child) -> None:
    with Run(interrupted).locked():
        done = child("from cervinet.cli import main; main()", "train", "--resume", "runs/r", cwd=Path.cwd())
    assert done.returncode == 2
    assert done.stderr.endswith("Error: another process is training in runs/r; wait for it, or end it first\n")
    with Run(interrupted).locked():
        pass  # the lock of the refused process is free again


def test_what_has_no_sense_is_refused(world: World, tmp_path: Path) -> None:
    run = world.run
    assert refused() == "Error: name a config by --config, or go on with a run by --resume"
    assert refused("--resume") == "Error: there is no unfinished run under runs/; name the directory of one"
    assert refused("--resume", "absent") == "Error: there is no run directory absent"
    assert refused("--resume", run, "--dry-run") == (
        "Error: --resume goes on in the directory of its run; leave --run-dir and --dry-run out"
    )
    assert refused("--resume", run) == (
        f"Error: {run} is finished; ask for more epochs, as in training.epochs=4, or train a new run"
    )
    assert refused("--resume", run, "training.epochs=1") == (
        f"Error: `training.epochs` must be at least 2, as many as {run} has begun; got 1"
    )
    (tmp_path / "empty").mkdir()
    assert refused("--resume", "empty") == (
        "Error: empty must be the directory of a run; it has no config.yaml: train anew"
    )


def test_a_run_that_stopped_early_or_has_phases_takes_no_more_epochs(world: World, tmp_path: Path) -> None:
    early = "training.early_stopping={patience: 1, min_delta: 100}"
    cervinet("train", "--config", world.config, "--run-dir", "early", "--quiet", early, "training.epochs=5")
    assert refused("--resume", "early", "training.epochs=9") == (
        "Error: early stopped early after epoch 2, with no better val_loss for 1 epochs, and would not go on; train a "
        "new run with a longer training.early_stopping.patience"
    )
    phases = "training.phases=[{epochs: 1, train: all}, {epochs: 1, train: all}]"
    cervinet("train", "--config", world.config, "--run-dir", "two", "--quiet", phases, "training.epochs=")
    assert refused("--resume", "two", "training.epochs=9") == (
        "Error: `training.epochs` cannot be set for two: its `training.phases` say how long it is; train a new run"
    )
    assert refused("--resume", "two") == "Error: two is finished: its phases say how long it is, or train a new run"


def test_another_version_is_a_warning(interrupted: Path) -> None:
    (folder,) = (interrupted / "checkpoints").glob("step-*")
    values = json.loads((folder / "state.json").read_text())
    version = values["facts"]["versions"]["tensorflow"]
    values["facts"]["versions"]["tensorflow"] = "2.20.0"
    (folder / "state.json").write_text(json.dumps(values))
    from cervinet.files import sha256

    hashes = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(hashes | {"state.json": sha256(folder / "state.json")}))
    result = cervinet("train", "--resume")
    assert result.exit_code == 0
    assert (
        f"Warning: the run began with tensorflow 2.20.0, now {version}: it may go on differently from a run in one "
        "piece.\n"
    ) in result.stderr


def test_a_full_disk_ends_the_run_and_leaves_what_it_goes_on_from(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    savez, run, saves = np.savez, tmp_path / "run", [0]

    def full(*arguments: object, **options: object) -> None:
        saves[0] += 1
        if saves[0] == 3:
            raise OSError(28, "No space left on device")
        savez(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(np, "savez", full)
        every = "training.checkpoint.every=3 steps"
        result = cervinet("train", "--config", world.config, "--run-dir", run, "--quiet", every)
    assert (result.exit_code, result.stderr) == (
        6,
        f"Error: epoch 2, step 4 could not be saved under {run}: the disk is full; the checkpoints before it are "
        f"whole: make room and go on with `cervinet train --resume {run}`\n",
    )
    assert Run(run).status() == "failed"
    assert "Going on at epoch 2, step 2 of 5.\n" in cervinet("train", "--resume", run).stderr
    found, expected = result_of(run), result_of(world.run)
    assert [name for name in expected if found[name] != expected[name]] == []


def test_a_disk_that_is_really_full(world: World, tmp_path: Path) -> None:
    """A file system in memory, seen by these processes alone, that takes one checkpoint and not two."""
    disk, out = tmp_path / "disk", tmp_path / "out"
    disk.mkdir()
    if (
        shutil.which("unshare") is None
        or subprocess.run(["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", disk], capture_output=True).returncode
    ):
        pytest.skip("this user may not mount a file system of their own")
    script = """
mount -t tmpfs -o size=2200k tmpfs "$1" || exit 1
shift
"$@" --config "$CONFIG" --run-dir "$DISK/run" "training.checkpoint.every=1 steps" export.onnx=false; echo "code $?" >&2
cat "$DISK/run/status.json"
mount -o remount,size=100m "$DISK"; "$@" --resume "$DISK/run" && cp -r "$DISK/run" "$OUT"
"""
    names = {"CONFIG": str(world.config), "DISK": str(disk), "OUT": str(out)}
    command = ["unshare", "-rm", "sh", "-c", script, "sh", disk, *COMMAND, "train"]
    done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT | names)
    assert (
        f" could not be saved under {disk / 'run'}: the disk is full; the checkpoints before it are whole"
        in done.stderr
    )
    assert "\ncode 6\n" in done.stderr
    assert "Traceback" not in done.stderr
    assert '"state": "failed"' in done.stdout
    assert "Going on at " in done.stderr
    assert (done.returncode, result_of(out)) == (0, result_of(world.run))
