"""`cervinet crossval` as a user sees it."""

import csv
import json
import shutil
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score
from test_cli_resume import interrupting

from cervinet import learning
from cervinet.errors import TrainingError
from world import World, cervinet

pytestmark = pytest.mark.slow

SETTINGS = ("training.epochs=1", "data.groups.pattern=patient-(?P<group>\\d+)", "--quiet")
CLASSES = ["Type_1", "Type_2", "Type_3"]


@pytest.fixture(scope="module")
def crossed(world: World) -> Iterator[tuple[Path, Result]]:
    """Two repeats of two folds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CERVINET_CACHE", str(world.folder / "cache"))
        folder = world.folder / "crossed"
        words = ("--folds", 2, "--repeat", 2, "--run-dir", folder)
        yield folder, cervinet("crossval", "--config", world.config, *words, *SETTINGS)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def numbers(rows: list[dict[str, str]]) -> tuple[list[str], np.ndarray]:
    p = np.array([[float(row[f"p_{name}"]) for name in CLASSES] for row in rows])
    return [row["label"] for row in rows], p / p.sum(axis=1, keepdims=True)


def test_each_picture_is_judged_once_a_repeat_by_a_network_that_saw_none_of_its_group(crossed, world: World) -> None:
    folder, result = crossed
    assert result.exit_code == 0
    images = {path.relative_to(world.pictures).as_posix() for path in world.pictures.rglob("*.jpg")}
    rows = read(folder / "predictions_oof.csv")
    assert {row["split"] for row in rows} == {"out-of-fold"}
    divisions = []
    for repeat in ("1", "2"):
        own = [row for row in rows if row["repeat"] == repeat]
        assert sorted(row["image"] for row in own) == sorted(images)
        for fold in ("1", "2"):
            tested = {row["image"] for row in own if row["fold"] == fold}
            splits = read(folder / f"repeat-{repeat}" / f"fold-{fold}" / "splits.csv")
            assert {row["image"] for row in splits if row["split"] == "test"} == tested
            groups = {row["group"] for row in splits if row["image"] in tested}
            assert any(len(list(rows)) > 1 for _, rows in groupby(sorted(row["group"] for row in splits)))
            assert not groups & {row["group"] for row in splits if row["split"] in ("train", "val")}
        divisions.append({row["image"]: row["fold"] for row in own})
    assert divisions[0] != divisions[1]


def test_a_fold_is_the_run_that_train_makes_of_it(crossed, world: World, tmp_path: Path) -> None:
    fold = ("data.split.folds=2", "data.split.fold=2", "data.split.repeat=2")
    assert cervinet("train", "--config", world.config, "--run-dir", tmp_path / "run", *fold, *SETTINGS).exit_code == 0
    for name in ("predictions_test.csv", "predictions_val.csv", "metrics.json", "config.yaml", "splits.csv"):
        assert (crossed[0] / "repeat-2" / "fold-2" / name).read_bytes() == (tmp_path / "run" / name).read_bytes()


def test_the_metrics_are_those_of_scikit_learn_averaged_over_the_repeats(crossed) -> None:
    metrics = json.loads((crossed[0] / "metrics.json").read_text())
    rows = read(crossed[0] / "predictions_oof.csv")
    repeats = [numbers([row for row in rows if row["repeat"] == repeat]) for repeat in ("1", "2")]
    expected = {
        "log_loss": [log_loss(labels, p, labels=CLASSES) for labels, p in repeats],
        "accuracy": [accuracy_score(labels, np.array(CLASSES)[p.argmax(axis=1)]) for labels, p in repeats],
        "auroc_macro": [roc_auc_score(labels, p, multi_class="ovr", labels=CLASSES) for labels, p in repeats],
    }
    for name, values in expected.items():
        assert metrics["metrics"][name]["value"] == pytest.approx(np.mean(values), abs=1e-6)
        assert metrics["metrics"][name]["lower"] < metrics["metrics"][name]["upper"]
    assert (metrics["split"], metrics["images"], metrics["repeats"], metrics["folds"]) == ("out-of-fold", 60, 2, 2)
    assert metrics["note"] == "2 repeats"
    assert metrics["metrics"]["log_loss"]["method"] == f"percentile bootstrap, 100 draws of {metrics['groups']} groups"
    assert (crossed[0] / "plots" / "roc.png").is_file()
    assert json.loads((crossed[0] / "status.json").read_text())["state"] == "finished"


def test_a_row_a_fold_and_what_constants_would_give(crossed) -> None:
    folder, result = crossed
    rows = read(folder / "folds.csv")
    assert [(row["repeat"], row["fold"]) for row in rows] == [("1", "1"), ("1", "2"), ("2", "1"), ("2", "2")]
    priors = []
    for row in rows:
        run = folder / f"repeat-{row['repeat']}" / f"fold-{row['fold']}"
        labels, p = numbers(read(run / "predictions_test.csv"))
        assert int(row["n"]) == len(labels)
        assert float(row["log_loss"]) == pytest.approx(log_loss(labels, p, labels=CLASSES), abs=1e-6)
        assert float(row["auroc_macro"]) == pytest.approx(roc_auc_score(labels, p, multi_class="ovr"), abs=1e-6)
        assert (row["best_epoch"], float(row["uniform_log_loss"])) == ("1", pytest.approx(np.log(3)))
        train = [line["label"] for line in read(run / "splits.csv") if line["split"] == "train"]
        shares = np.array([train.count(name) / len(train) for name in CLASSES])
        expected = log_loss(labels, np.tile(shares, (len(labels), 1)), labels=CLASSES)
        assert float(row["prior_log_loss"]) == pytest.approx(expected)
        priors += [expected] * len(labels)
    constants = json.loads((folder / "metrics.json").read_text())["constants"]
    assert constants == {"uniform_log_loss": pytest.approx(np.log(3)), "prior_log_loss": pytest.approx(np.mean(priors))}
    said = result.stdout.splitlines()
    assert said[1].split() == [
        *("repeat", "fold", "n", "log", "loss", "accuracy", "auroc", "macro", "best", "epoch"),
        *("uniform", "log", "loss", "prior", "log", "loss"),
    ]
    assert f"Log loss of constants: 1.099 uniform, {np.mean(priors):.3f} the shares of the classes in training" in said
    groups = json.loads((folder / "metrics.json").read_text())["groups"]
    assert f"Results on the out-of-fold pictures: 60 images of {groups} groups, 2 repeats" in said


def test_a_stopped_one_goes_on_with_the_folds_that_are_not_finished(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stops twice in its second fold: it is interrupted, and then it fails."""
    fit, begun = learning.fit_network, []
    stops = {2: KeyboardInterrupt(), 3: TrainingError("the disk is full")}

    def stopping(material, *arguments):
        begun.append(material.config.data.split.fold)
        if len(begun) in stops:
            raise stops[len(begun)]
        return fit(material, *arguments)

    monkeypatch.setattr(learning, "fit_network", stopping)
    folder = tmp_path / "cross validated"
    words = ("crossval", "--config", world.config, "--folds", 2, "--run-dir", folder, *SETTINGS[:2])
    line = (
        f"  cervinet crossval --config {world.config} --folds 2 --repeat 1 --run-dir '{folder}' training.epochs=1 "
        "'data.groups.pattern=patient-(?P<group>\\d+)'"
    )
    before = {}
    for code, word, state in ((130, "Interrupted.", "interrupted"), (6, "Error: the disk is full", "failed")):
        result = cervinet(*words)
        assert result.exit_code == code
        assert result.stderr.endswith(f"Next:\n{line}\n{word}\n")
        states = [json.loads((one / "status.json").read_text())["state"] for one in (folder, folder / "fold-2")]
        assert states == [state] * 2
        assert not (folder / "metrics.json").exists()
        before = before or {path: path.stat().st_mtime_ns for path in (folder / "fold-1").rglob("*")}
    result = cervinet(*words)
    assert (result.exit_code, begun) == (0, [1, 2, 2, 2])
    assert f"Fold 1 of 2: finished before, in {folder / 'fold-1'}\nFold 2 of 2:\n" in result.stderr
    assert {path: path.stat().st_mtime_ns for path in (folder / "fold-1").rglob("*")} == before
    rows = read(folder / "predictions_oof.csv")
    assert "repeat" not in rows[0]
    assert len({row["image"] for row in rows}) == len(rows) == 60
    assert "repeat" not in read(folder / "folds.csv")[0]


def test_one_stopped_in_the_middle_of_a_fold_goes_on_there_and_ends_as_in_one_piece(
    crossed, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "crossed"
    words = ("crossval", "--config", world.config, "--folds", 2, "--repeat", 2, "--run-dir", folder, *SETTINGS[:2])
    for name in ("config.yaml", "crossval.json"):
        folder.mkdir(exist_ok=True)
        shutil.copy(crossed[0] / name, folder / name)
    for one in ("repeat-1/fold-1", "repeat-2"):  # finished before
        shutil.copytree(crossed[0] / one, folder / one)
    with monkeypatch.context() as patch:
        interrupting(patch, 2)
        result = cervinet(*words)
    assert result.exit_code == 130
    result = cervinet(*words)
    assert result.exit_code == 0
    assert "Repeat 1 of 2, fold 2 of 2:\n" in result.stderr
    assert "Going on at epoch 1, step 3 of " in result.stderr
    for name in ("predictions_oof.csv", "metrics.json", "folds.csv", "repeat-1/fold-2/predictions_val.csv"):
        assert (folder / name).read_bytes() == (crossed[0] / name).read_bytes()


def test_other_settings_and_other_folders_are_refused(crossed, world: World, tmp_path: Path) -> None:
    words = ("crossval", "--config", world.config, "--folds", 2, "--run-dir", crossed[0], *SETTINGS[:2])
    result = cervinet(*words, "training.batch_size=4")
    assert (result.exit_code, result.stderr) == (
        2,
        f"Error: {crossed[0]} was begun with other settings; go on with those, or name another --run-dir:\n"
        "  training.batch_size: 8 then, 4 now\n  --repeat: 2 then, 1 now\n",
    )
    result = cervinet("crossval", "--config", world.config, "--run-dir", world.run)
    assert (result.exit_code, result.stderr) == (
        2,
        f"Error: {world.run} must be absent or empty, so that nothing is overwritten; it has files\n",
    )
    result = cervinet("crossval", "--config", world.config, "--run-dir", tmp_path / "new", "data.split.test=0.2")
    assert (result.exit_code, result.stderr) == (
        2,
        "Error: `data.split` can settle the test part in one way only; got `test` and `folds` (command line)\n",
    )
    assert not (tmp_path / "new").exists()


def test_before_the_first_fold_a_mistake_can_be_mended_in_the_same_directory(world: World, tmp_path: Path) -> None:
    words = ("crossval", "--config", world.config, "--run-dir", tmp_path / "new", "--quiet", "--folds")
    for folds in (70, 80):
        result = cervinet(*words, folds)
        assert (result.exit_code, result.stderr) == (
            3,
            f"Error: `data.split.folds` is {folds}, which needs as many groups of pictures; got 60: "
            "choose fewer folds\n",
        )


def test_pictures_that_changed_between_two_folds_are_refused(crossed, tmp_path: Path, world: World) -> None:
    splits = crossed[0] / "repeat-2" / "fold-1" / "splits.csv"
    whole = splits.read_text()
    splits.write_text(whole.replace(",train,", ",train,f", 1))
    try:
        words = ("--folds", 2, "--repeat", 2, "--run-dir", crossed[0])
        result = cervinet("crossval", "--config", world.config, *words, *SETTINGS)
    finally:
        splits.write_text(whole)
    name = next(row["image"] for row in read(splits) if row["split"] == "train")
    assert (result.exit_code, result.stderr) == (
        3,
        f"Error: {splits.parent} was made from other pictures than {crossed[0] / 'repeat-1' / 'fold-1'}, or with other "
        f"labels or groups, the first is {name}; bring the old data back, or begin anew with another --run-dir\n",
    )
