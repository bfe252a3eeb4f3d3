"""`cervinet train` as a user sees it."""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from click.testing import Result
from scipy.special import softmax

from cervinet import Predictor
from world import World, cervinet

pytestmark = pytest.mark.slow


def test_before_the_first_epoch_it_says_what_it_is_about_to_do(world: World) -> None:
    assert world.trained.exit_code == 0
    said = world.trained.stderr
    before, _, after = said.partition("    epoch")
    for part in (
        f"Pictures under {world.pictures}",
        "class    train   val   test   all",
        "parameters  97,827 (97,827 trainable)",
        "network     breast_cnn, weights: none",
        "device      ",
        "precision   float32",
        f"run         {world.run}",
    ):
        assert part in before
    lines = after.splitlines()
    assert lines[1].split()[0] == "1/2"
    assert lines[2].split()[0] == "2/2"
    assert "█" not in said
    assert "━" not in said.replace("─", "")


def test_at_the_end_it_gives_metrics_paths_and_the_next_commands(world: World) -> None:
    assert "accuracy" in world.trained.stdout
    assert "log loss" in world.trained.stdout
    assert f"Plots: {world.run / 'plots'}" in world.trained.stdout
    assert f"  cervinet evaluate {world.run}\n  cervinet predict IMAGE --run {world.run}\n" in world.trained.stderr


def test_the_run_directory_holds_what_the_documentation_names(world: World) -> None:
    names = {path.relative_to(world.run).as_posix() for path in world.run.rglob("*") if path.is_file()}
    assert names >= {
        *("config.yaml", "environment.json", "splits.csv", "data_issues.csv", "status.json", "history.csv"),
        *("progress.png", "checkpoints/best.weights.h5", ".lock", "model.keras", "model.json"),
        *("predictions_val.csv", "predictions_test.csv", "metrics.json", "plots/confusion_matrix.png", "plots/roc.png"),
    }
    assert [name for name in names if Path(name).name.startswith(".")] == [".lock"]
    status = json.loads((world.run / "status.json").read_text())
    assert status["state"] == "finished"
    assert list(status["seconds"]) == ["start", "prepare", "build", "fit", "export", "predict", "judge"]


def test_the_saved_network_is_plain_keras_and_gives_the_predictions_of_the_table(world: World) -> None:
    model = keras.models.load_model(world.run / "model.keras", safe_mode=True)
    card = json.loads((world.run / "model.json").read_text())
    assert card["classes"] == ["Type_1", "Type_2", "Type_3"]
    assert (card["image_size"], card["preprocess"]) == ([28, 28], [["letterbox", {"fill": 0}]])
    from cervinet.data.picture import Picture
    from cervinet.data.preprocess import prepare

    with (world.run / "predictions_test.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows
    for row in rows:
        pixels = prepare(Picture(world.pictures / row["image"]), (28, 28), (("letterbox", {"fill": 0}),))
        probabilities = model(pixels[None], training=False).numpy()[0]
        assert row["predicted"] == card["classes"][int(probabilities.argmax())]
        logits = np.array([float(row[f"logit_{name}"]) for name in card["classes"]])
        np.testing.assert_allclose(softmax(logits), probabilities, atol=1e-6)
        calibrated = softmax(logits / card["calibration"]["values"]["temperature"])
        np.testing.assert_allclose([float(row[f"p_{name}"]) for name in card["classes"]], calibrated, atol=1e-6)


@pytest.fixture(scope="module")
def second(world: World) -> tuple[Path, Result]:
    """A run on the same pictures, none of which may be decoded again, whose first epoch is its best."""
    from cervinet.data import store

    def decoded(*arguments: object) -> None:
        raise AssertionError("a picture was decoded")

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CERVINET_CACHE", str(world.folder / "cache"))
        patch.setattr(store, "prepare", decoded)
        run = world.folder / "second"
        slow = ("training.learning_rate=1e-6", "training.monitor=val_accuracy", "training.epochs=3")
        return run, cervinet("train", "--config", world.config, "--run-dir", run, *slow)


def test_a_second_run_on_the_same_pictures_decodes_none(second: tuple[Path, Result]) -> None:
    result = second[1]
    assert result.exit_code == 0
    assert "(reused)" in result.stderr


def test_the_saved_network_has_the_weights_of_the_best_epoch(second: tuple[Path, Result]) -> None:
    run, result = second
    assert "Best epoch: 1 by" in result.stderr
    model = keras.models.load_model(run / "model.keras")
    saved = model.get_weights()
    model.load_weights(run / "checkpoints" / "best.weights.h5")
    assert all(np.array_equal(a, b) for a, b in zip(saved, model.get_weights(), strict=True))
    (last,) = (run / "checkpoints").glob("step-*")
    with np.load(last / "variables.npz") as arrays:
        assert not all(np.array_equal(arrays[name], value) for name, value in zip(arrays.files, saved, strict=False))


def test_metrics_json_keeps_its_contract(world: World) -> None:
    metrics = json.loads((world.run / "metrics.json").read_text())
    assert metrics["split"] == "test"
    for name in ("accuracy", "balanced_accuracy", "log_loss", "auroc_macro", "sensitivity_macro", "f1_macro"):
        assert {"value", "lower", "upper", "n", "method"} <= set(metrics["metrics"][name])
    assert set(metrics["per_class"]) == {"Type_1", "Type_2", "Type_3"}


def test_the_same_config_and_seed_give_the_same_run_and_quiet_prints_its_results_only(
    world: World, tmp_path: Path
) -> None:
    again = cervinet("train", "--config", world.config, "--run-dir", tmp_path / "again", "--quiet")
    assert again.exit_code == 0
    assert "accuracy" in again.stdout
    assert "epoch" not in again.stderr
    for name in ("predictions_test.csv", "predictions_val.csv", "metrics.json", "splits.csv"):
        assert (tmp_path / "again" / name).read_bytes() == (world.run / name).read_bytes()
    histories = []
    for run in (world.run, tmp_path / "again"):
        with (run / "history.csv").open(newline="") as file:
            histories.append([{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)])
    assert histories[0] == histories[1]


def test_a_dry_run_tries_everything_and_keeps_no_run(world: World, tmp_path: Path) -> None:
    result = cervinet("train", "--config", world.config, "--dry-run", "data.cache=elsewhere")
    assert result.exit_code == 0
    assert result.stdout == "Dry run passed: the data, the network and one step of everything work. No run was kept.\n"
    assert "1/1" in result.stderr
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.glob("*/*")) == [
        "elsewhere/digests",
        "elsewhere/measurements",
    ]


def test_a_dry_run_reads_every_picture(world: World, tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    shutil.copytree(world.pictures, pictures)
    damaged = sorted(pictures.rglob("*.jpg"))[-1]
    damaged.write_bytes(damaged.read_bytes()[:200])
    result = cervinet("train", "--config", world.config, "--dry-run", f"data.root={pictures}")
    assert result.exit_code == 3
    assert (
        "Error: 1 of 60 pictures cannot be read; replace or remove them, or set data.check.unreadable=exclude:"
        in result.stderr
    )
    assert str(damaged) in result.stderr


@pytest.mark.usefixtures("writes_onnx")
def test_other_ways_to_train(world: World, tmp_path: Path) -> None:
    """Without a store, in half precision, with statistics of batches, which are no parameters that learn."""
    settings = ("data.store=false", "training.precision=mixed_bfloat16", "model.architecture=skin_cnn")
    result = cervinet("train", "--config", world.config, "--run-dir", tmp_path / "run", "training.epochs=1", *settings)
    assert result.exit_code == 0
    assert "parameters  503,971 (502,851 trainable)" in result.stderr
    assert "precision   mixed_bfloat16" in result.stderr
    model = keras.models.load_model(tmp_path / "run" / "model.keras")
    # An input has no dtype of its own: it shows the policy of the process that loads it.
    assert {layer.compute_dtype for layer in model.layers[1:]} == {"float32"}
    said = [
        np.array([one.probabilities for one in Predictor.load(tmp_path / "run", engine=engine).predict(world.some(4))])
        for engine in ("onnx", "keras")
    ]
    np.testing.assert_allclose(*said, atol=1e-5)


def test_xla_compiles_where_runs_need_not_be_equal(world: World, tmp_path: Path) -> None:
    """In a process of its own: TensorFlow cannot go back from deterministic."""
    code = """
from cervinet.cli import main
from cervinet.models import networks
from cervinet.registry import register

@register("architecture", smallest=8, pretrained=False)
def plain(inputs):
    from keras import layers
    x = layers.Rescaling(1 / 255)(inputs)
    x = layers.BatchNormalization()(layers.Conv2D(4, 3, strides=4, activation="relu")(x))
    return layers.Dropout(0.2)(layers.Flatten()(x))

main()
"""
    command = [sys.executable, "-c", code, "train", "--config", world.config, "model.architecture=plain"]
    settings = ["training.epochs=1", "training.xla=true", "training.deterministic=false", "export.onnx=false"]
    child = subprocess.run(
        [*command, "--run-dir", tmp_path / "run", *settings], capture_output=True, text=True, check=True
    )
    assert "compiled with XLA" in child.stderr
    assert "UserWarning" not in child.stderr


def test_a_run_that_fails_says_so_in_its_status_and_exits_with_6(world: World, tmp_path: Path) -> None:
    result = cervinet(
        "train", "--config", world.config, "--run-dir", tmp_path / "nan", "training.learning_rate=1e30", "--quiet"
    )
    assert result.exit_code == 6
    assert result.stderr.startswith("Error: the training loss became nan at epoch 1, step ")
    assert ", with the pictures Type_" in result.stderr
    assert " and 3 more; training stopped " in result.stderr
    status = json.loads((tmp_path / "nan" / "status.json").read_text())
    assert status["state"] == "failed"
    assert status["reason"] in result.stderr
    assert not (tmp_path / "nan" / "checkpoints" / "best.weights.h5").exists()


def test_a_disk_that_fills_up_after_the_last_epoch_is_one_sentence(world: World, tmp_path: Path, monkeypatch) -> None:
    def full(*arguments: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    def trained(self: keras.Model, path: Path) -> None:
        monkeypatch.setattr("cervinet.files.write_atomically", full)
        full()

    monkeypatch.setattr(keras.Model, "save", trained)
    run = tmp_path / "run"
    result = cervinet("train", "--config", world.config, "--run-dir", run, "training.epochs=1", "--quiet")
    assert (result.exit_code, result.stderr) == (
        6,
        f"Error: the run in {run} could not be written: No space left on device\n",
    )


def test_a_directory_with_files_is_never_overwritten(world: World) -> None:
    before = {path: path.stat().st_mtime_ns for path in world.run.rglob("*")}
    result = cervinet("train", "--config", world.config, "--run-dir", world.run)
    assert result.exit_code == 2
    assert result.stderr == (
        f"Error: {world.run} must be absent or empty, so that nothing is overwritten; it has files\n"
    )
    assert {path: path.stat().st_mtime_ns for path in world.run.rglob("*")} == before


@pytest.mark.parametrize("store", ["true", "false"])
def test_a_damaged_picture_stops_training_before_it_starts_and_is_named(
    world: World, tmp_path: Path, store: str
) -> None:
    pictures = tmp_path / "pictures"
    shutil.copytree(world.pictures, pictures)
    damaged = sorted(pictures.rglob("*.jpg"))[3]
    damaged.write_bytes(damaged.read_bytes()[:200])
    settings = (f"data.root={pictures}", f"data.store={store}")
    result = cervinet("train", "--config", world.config, *settings, "--run-dir", tmp_path / "run")
    assert result.exit_code == 3
    assert (
        "Error: 1 of 60 pictures cannot be read; replace or remove them, or set data.check.unreadable=exclude:"
        in result.stderr
    )
    assert str(damaged) in result.stderr
    assert not (tmp_path / "run" / "history.csv").exists()


def test_a_picture_damaged_while_the_network_learns_is_one_sentence(world: World, tmp_path: Path) -> None:
    """In a process of its own, where what TensorFlow itself writes would be seen."""
    pictures, run = tmp_path / "pictures", tmp_path / "run"
    shutil.copytree(world.pictures, pictures)
    code = """
import sys
from pathlib import Path
from cervinet import learning
from cervinet.cli import main
build = learning.build_network
def damaging(*arguments, **options):
    for path in Path(PICTURES).rglob("*.jpg"):
        path.write_bytes(path.read_bytes()[:200])
    return build(*arguments, **options)
learning.build_network = damaging
main(sys.argv[1:])
"""
    settings = [f"data.root={pictures}", "data.store=false", "--run-dir", run, "--quiet"]
    code = code.replace("PICTURES", repr(str(pictures)))
    command = [sys.executable, "-c", code, "train", "--config", world.config, *settings]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 6
    assert done.stderr.startswith(f"Error: at epoch 1, step 1 of 5: '{pictures}/Type_")
    assert done.stderr.endswith("; the best weights so far are kept\n")
    assert done.stderr.count("\n") == 1
    assert json.loads((run / "status.json").read_text())["state"] == "failed"
