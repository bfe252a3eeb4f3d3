"""`cervinet evaluate` as a user sees it."""

import csv
import json
import shutil
from pathlib import Path

import pytest

from conftest import World, cervinet

pytestmark = pytest.mark.slow


def evaluations(run: Path) -> list[Path]:
    return sorted((run / "evaluations").iterdir())


def test_the_own_test_split_gives_the_numbers_of_training_in_a_new_folder(world: World) -> None:
    for count, more in enumerate(([], ["evaluation.report=true"]), start=1):
        result = cervinet("evaluate", world.run, *more)
        assert result.exit_code == 0
        assert len(evaluations(world.run)) == count
    folder = evaluations(world.run)[-1]
    ours, trained = (json.loads((f / "metrics.json").read_text()) for f in (folder, world.run))
    assert ours["metrics"]["accuracy"] == trained["metrics"]["accuracy"]
    assert ours["metrics"]["log_loss"]["value"] == pytest.approx(trained["metrics"]["log_loss"]["value"], abs=1e-6)
    few = {"metrics.json", "predictions_test.csv", "plots"}
    written = [{path.name for path in one.iterdir()} for one in evaluations(world.run)[-2:]]
    assert written == [few, few | {"cam", "report.html", "model_card.md"}]


def test_another_folder_is_judged_whole_with_the_classes_of_the_run(world: World, tmp_path: Path) -> None:
    other = tmp_path / "other site"
    for name in ("Type_3", "Type_1"):
        shutil.copytree(world.pictures / name, other / name)
    result = cervinet("evaluate", world.run, "--data", other, "--out", tmp_path / "out")
    assert result.exit_code == 0
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert metrics["split"] == "external"
    assert metrics["images"] == len(list(other.rglob("*.jpg")))
    assert metrics["per_class"]["Type_2"]["sensitivity"]["value"] is None
    assert "reason" in metrics["per_class"]["Type_2"]["sensitivity"]


def test_a_table_with_groups_is_judged_by_group(world: World, tmp_path: Path) -> None:
    shutil.copytree(world.pictures, tmp_path / "site")
    shutil.copy(world.folder / "phantoms.csv", tmp_path / "site" / "labels.csv")
    result = cervinet(
        *("evaluate", world.run, "--data", tmp_path / "site" / "labels.csv", "--out", tmp_path / "out"),
        "data.reader.table.group=group",
    )
    assert result.exit_code == 0
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert metrics["groups"] < metrics["images"] == 60
    with (tmp_path / "out" / "predictions_external.csv").open(newline="") as file:
        assert all(row["group"].startswith("patient-") for row in csv.DictReader(file))


def test_a_folder_with_a_table_is_read_by_it_as_init_would(world: World, tmp_path: Path) -> None:
    shutil.copytree(world.pictures, tmp_path / "site")
    table = (world.folder / "phantoms.csv").read_text().replace("image,label,group", "image,label,patient")
    (tmp_path / "site" / "labels.csv").write_text(table)
    result = cervinet("evaluate", world.run, "--data", tmp_path / "site", "--out", tmp_path / "out")
    assert result.exit_code == 0
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert metrics["groups"] < metrics["images"] == 60


def test_a_picture_that_cannot_be_read_is_counted_and_named_and_the_rest_judged(world: World, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(world.pictures, other)
    broken = sorted(other.rglob("*.jpg"))[0]
    broken.write_bytes(b"no picture")
    result = cervinet("evaluate", world.run, "--data", other, "--out", tmp_path / "out")
    assert result.exit_code == 5
    assert "Error: 1 of 60 pictures could not be read; the others were predicted:" in result.stderr
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert (metrics["images"], metrics["unreadable"]) == (59, 1)
    with (tmp_path / "out" / "predictions_external.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["error"]]
    assert [row["image"] for row in rows] == [broken.relative_to(other).as_posix()]


def test_data_that_do_not_fit_are_one_sentence(world: World, tmp_path: Path) -> None:
    shutil.copytree(world.pictures / "Type_1", tmp_path / "other" / "type_1")
    result = cervinet("evaluate", world.run, "--data", tmp_path / "other")
    assert (result.exit_code, result.stderr.splitlines()[0]) == (
        3,
        "Error: the data have a class 'type_1' that the network was not trained on (did you mean 'Type_1'?); "
        "rename it, or take its pictures out of the data",
    )
    result = cervinet("evaluate", world.run, "--data", tmp_path / "nowhere")
    assert (result.exit_code, result.stderr) == (
        3,
        f"Error: there is no folder or table {tmp_path / 'nowhere'}; name the folder that holds the pictures\n",
    )


@pytest.mark.parametrize("word", ["classes=[Type_3, Type_1, Type_2]", "data.image_size=[64, 64]", "training.epochs=7"])
def test_what_is_fixed_once_trained_cannot_be_set(world: World, word: str) -> None:
    result = cervinet("evaluate", world.run, "--data", world.pictures, word)
    assert (result.exit_code, result.stderr) == (
        2,
        f"Error: '{word}' cannot be set for a finished run, only data.reader…, evaluation.… and seed; other pictures "
        "are named by --data\n",
    )
