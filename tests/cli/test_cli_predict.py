"""`cervinet predict` as a user sees it."""

import csv
import json
import shutil
from pathlib import Path

import pytest

from conftest import World, cervinet

pytestmark = pytest.mark.slow


def test_json_gives_one_object_a_line_with_every_probability(world: World) -> None:
    pictures = world.some(3)
    result = cervinet("predict", *pictures, "--run", world.run, "--json")
    assert result.exit_code == 0
    objects = [json.loads(line) for line in result.stdout.splitlines()]
    assert [o["image"] for o in objects] == [str(p) for p in pictures]
    for found in objects:
        assert list(found) == ["image", "class", "probabilities"]
        assert list(found["probabilities"]) == ["Type_1", "Type_2", "Type_3"]
        assert sum(found["probabilities"].values()) == pytest.approx(1, abs=1e-6)
        assert found["class"] == max(found["probabilities"], key=found["probabilities"].__getitem__)


def test_prediction_of_a_test_picture_equals_the_run_s_own_table(world: World) -> None:
    with (world.run / "predictions_test.csv").open(newline="") as file:
        row = next(csv.DictReader(file))
    result = cervinet("predict", world.pictures / row["image"], "--run", world.run, "--json")
    found = json.loads(result.stdout)
    assert found["class"] == row["predicted"]
    assert found["probabilities"]["Type_1"] == pytest.approx(float(row["p_Type_1"]), abs=1e-6)


def test_files_folders_and_patterns_each_picture_once(world: World) -> None:
    folder = world.pictures / "Type_1"
    count = len(list(folder.glob("*.jpg")))
    one = sorted(folder.glob("*.jpg"))[0]
    for words in ([folder], [f"{folder}/*.jpg"], [one, folder, f"{folder}/*"]):
        result = cervinet("predict", *words, "--run", world.run, "--json")
        assert len(result.stdout.splitlines()) == count


def test_a_table_for_people(world: World) -> None:
    picture = world.some(1)[0]
    result = cervinet("predict", picture, "--run", world.run)
    assert "image" in result.stdout
    assert "Type_3" in result.stdout
    assert picture.name in result.stdout.replace("\n", "")


def test_csv_holds_the_same_as_json(world: World, tmp_path: Path) -> None:
    pictures = world.some(2)
    objects = cervinet("predict", *pictures, "--run", world.run, "--json").stdout.splitlines()
    result = cervinet("predict", *pictures, "--run", world.run, "--csv", tmp_path / "found.csv")
    assert result.exit_code == 0
    with (tmp_path / "found.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["image", "class", "p_Type_1", "p_Type_2", "p_Type_3", "error"]
    for row, line in zip(rows, objects, strict=True):
        found = json.loads(line)
        assert (row["image"], row["class"], row["error"]) == (found["image"], found["class"], "")
        assert float(row["p_Type_2"]) == found["probabilities"]["Type_2"]


def test_a_csv_that_cannot_be_written_is_told_before_predicting(world: World, tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    result = cervinet("predict", world.some(1)[0], "--run", world.run, "--csv", "taken")
    assert (result.exit_code, result.stderr) == (
        2,
        "Error: taken cannot be written: Is a directory; name another file\n",
    )


def test_bad_pictures_among_good_ones_are_reported_and_the_others_predicted(world: World, tmp_path: Path) -> None:
    good = world.some(2)
    broken, absent = tmp_path / "broken.jpg", tmp_path / "absent.jpg"
    broken.write_bytes(good[0].read_bytes()[:300])
    result = cervinet("predict", good[0], broken, absent, good[1], "--run", world.run, "--json")
    assert result.exit_code == 5
    objects = [json.loads(line) for line in result.stdout.splitlines()]
    assert ["class" in o for o in objects] == [True, False, False, True]
    assert [list(o) for o in objects[1:3]] == [["image", "error"]] * 2
    assert result.stderr.splitlines()[0] == ("Error: 2 of 4 pictures could not be read; the others were predicted:")
    assert str(broken) in result.stderr
    assert str(absent) in result.stderr


def test_without_run_the_newest_finished_one_is_used(world: World, tmp_path: Path) -> None:
    picture = world.some(1)[0]
    none = cervinet("predict", picture)
    assert none.exit_code == 2
    assert none.stderr == ("Error: there is no finished run under runs/; train one, or name the directory of one\n")
    shutil.copytree(world.run, tmp_path / "runs" / "20260101-000000-tiny")
    unfinished = tmp_path / "runs" / "20260102-000000-tiny"
    unfinished.mkdir()
    (unfinished / "status.json").write_text('{"state": "running"}')
    newest = cervinet("predict", picture, "--json")
    assert newest.exit_code == 0
    assert newest.stderr == "Run: runs/20260101-000000-tiny (the newest finished one)\n"


def test_wrong_words_are_one_sentence_each(world: World, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for words, sentence in (
        (["empty"], "Error: the folder empty has no pictures in it; name another\n"),
        (["*.jpg"], "Error: no file matches *.jpg; check the pattern and the folder it is run in\n"),
    ):
        result = cervinet("predict", *words, "--run", world.run)
        assert (result.exit_code, result.stderr) == (2, sentence)
    result = cervinet("predict", world.some(1)[0], "--run", tmp_path / "empty")
    assert (result.exit_code, result.stderr) == (
        2,
        f"Error: {tmp_path / 'empty'} must be the directory of a finished run; it has no model.json\n",
    )


def test_a_changed_model_file_is_refused(world: World, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(world.run, run)
    with (run / "model.keras").open("ab") as file:
        file.write(b"\0")
    result = cervinet("predict", world.some(1)[0], "--run", run)
    assert (result.exit_code, result.stderr) == (
        1,
        f"Error: {run / 'model.keras'} is not the file that this run saved (its SHA-256 is not the one in model.json); "
        "bring the original back, or train again\n",
    )
