"""`cervinet predict` as a user sees it."""

import csv
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from cervinet.cli import main
from world import World, cervinet

Child = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.slow


def test_json_gives_one_object_a_line_with_every_probability(world: World) -> None:
    pictures = world.some(3)
    result = cervinet("predict", *pictures, "--run", world.run, "--json")
    assert result.exit_code == 0
    objects = [json.loads(line) for line in result.stdout.splitlines()]
    assert [o["image"] for o in objects] == [str(p) for p in pictures]
    for found in objects:
        assert list(found)[:3] == ["image", "class", "probabilities"]
        assert set(found) <= {"image", "class", "probabilities", "set", "operating_points", "flags"}
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
    assert list(rows[0])[:6] == ["image", "class", "why", "p_Type_1", "p_Type_2", "p_Type_3"]
    assert list(rows[0])[-1] == "error"
    for row, line in zip(rows, objects, strict=True):
        found = json.loads(line)
        assert (row["image"], row["class"], row["error"]) == (found["image"], found["class"], "")
        assert float(row["p_Type_2"]) == found["probabilities"]["Type_2"]
        assert row["set"].split("; ") == found["set"]
        for call in found["operating_points"]:
            assert row[f"call_{call['positive'][0]}: {call['rule']}"] == str(int(call["called"]))


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


def test_a_table_of_paths_and_standard_input_name_the_same_pictures(world: World, tmp_path: Path) -> None:
    pictures = world.some(3)
    (tmp_path / "list.csv").write_text("path,note\n" + "".join(f"{p},x\n" for p in pictures), encoding="utf-8")
    named = cervinet("predict", *pictures, "--run", world.run, "--json")
    for words, given in ((["list.csv"], None), (["-"], "".join(f"{p}\n" for p in pictures))):
        arguments = ["predict", *words, "--run", str(world.run), "--json"]
        result = CliRunner().invoke(main, arguments, input=given)
        assert (result.exit_code, result.stdout) == (0, named.stdout)


def test_the_shards_together_are_the_whole(world: World) -> None:
    folder = world.pictures / "Type_1"
    whole = cervinet("predict", folder, "--run", world.run, "--json").stdout.splitlines()
    count = len(whole) + 1
    shards = [cervinet("predict", folder, "--run", world.run, "--json", "--shard", f"{n}/3") for n in (1, 2, 3)]
    assert [shard.exit_code for shard in shards] == [0, 0, 0]
    images = [json.loads(line)["image"] for shard in shards for line in shard.stdout.splitlines()]
    assert sorted(images) == sorted(json.loads(line)["image"] for line in whole)
    empty = cervinet("predict", folder, "--run", world.run, "--json", "--shard", f"{count}/{count}")
    assert (empty.exit_code, empty.stdout) == (0, "")
    wrong = cervinet("predict", folder, "--run", world.run, "--shard", "4/3")
    assert (wrong.exit_code, wrong.stderr) == (
        2,
        "Error: --shard must be a part and the number of parts, such as 1/8 to 8/8; got '4/3'\n",
    )


def test_a_submission_and_parquet(world: World, tmp_path: Path) -> None:
    pictures = world.some(3)
    files = ["--submission", "s.csv", "--parquet", "p.parquet"]
    result = cervinet("predict", *pictures, "--run", world.run, *files)
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "Wrote 3 rows to p.parquet\nWrote 3 rows to s.csv\n"
    with Path("s.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["image_name", "Type_1", "Type_2", "Type_3"]
    assert [row["image_name"] for row in rows] == [picture.name for picture in pictures]
    table = pq.read_table("p.parquet").to_pylist()
    assert [float(row["Type_3"]) for row in rows] == [row["p_Type_3"] for row in table]


def test_a_submission_without_every_picture_is_not_written(world: World) -> None:
    result = cervinet("predict", world.some(1)[0], "absent.jpg", "--run", world.run, "--submission", "s.csv")
    assert result.exit_code == 5
    assert result.stderr.splitlines() == [
        "s.csv was not written: a submission needs a row for every picture",
        "Error: 1 of 2 pictures could not be read; the others were predicted:",
        "  'absent.jpg' must be a picture file, but there is none; check the path",
    ]
    assert not Path("s.csv").exists()
    shutil.copy(world.some(1)[0], "copy.jpg")
    Path("deep").mkdir()
    shutil.copy("copy.jpg", "deep/copy.jpg")
    result = cervinet("predict", "copy.jpg", "deep/copy.jpg", "--run", world.run, "--submission", "s.csv")
    assert (result.exit_code, result.stderr) == (
        2,
        "Error: a submission names pictures by their file names alone, and two have the same: copy.jpg and "
        "deep/copy.jpg; rename one or leave one out\n",
    )


def test_two_files_of_one_name_and_a_folder_for_nothing(world: World) -> None:
    for words, sentence in (
        (["--csv", "t.csv", "--submission", "t.csv"], "--csv and --submission must name different files"),
        (["--to", "x"], "--to is the folder for the pictures of --explain; give both, or neither"),
    ):
        result = cervinet("predict", world.some(1)[0], "--run", world.run, *words)
        assert (result.exit_code, result.stderr) == (2, f"Error: {sentence}\n")


def test_heat_maps_beside_the_predictions(world: World) -> None:
    pictures = [*world.some(2), Path("absent.jpg")]
    plain = cervinet("predict", *pictures, "--run", world.run, "--json")
    result = cervinet("predict", *pictures, "--run", world.run, "--json", "--explain", "--to", "heat")
    assert result.exit_code == 5
    assert "Heat maps: heat\n" in result.stderr
    assert result.stdout == plain.stdout
    labels = [json.loads(line)["class"] for line in result.stdout.splitlines()[:2]]
    names = {f"{picture.stem}-{label}.jpg" for picture, label in zip(pictures, labels, strict=False)}
    assert {path.name for path in Path("heat").iterdir()} == names


def test_test_time_augmentation_has_two_names(world: World) -> None:
    picture = world.some(1)[0]
    one, two = (cervinet("predict", picture, "--run", world.run, "--json", name, "4") for name in ("--views", "--tta"))
    assert one.exit_code == 0
    assert one.stdout == two.stdout != cervinet("predict", picture, "--run", world.run, "--json").stdout


def test_both_engines_say_the_same(world: World) -> None:
    pictures = world.some(8)
    onnx, keras = (
        cervinet("predict", *pictures, "--run", world.run, "--json", "--engine", engine) for engine in ("onnx", "keras")
    )
    for one, other in zip(onnx.stdout.splitlines(), keras.stdout.splitlines(), strict=True):
        values = [list(json.loads(line)["probabilities"].values()) for line in (one, other)]
        assert values[0] == pytest.approx(values[1], abs=1e-5)


def test_one_picture_needs_nothing_heavy(world: World, child: Child) -> None:
    code = """
import sys
from cervinet.cli import main
try:
    main()
finally:
    heavy = {
        "tensorflow", "keras", "pandas", "pyarrow", "scipy", "sklearn", "matplotlib", "pydantic", "rich", "yaml", "PIL",
        "onnx", "h5py", "pydicom",
    }
    print(sorted(heavy & set(sys.modules)), file=sys.stderr)
"""
    for words in (["--json"], []):
        done = child(code, "predict", str(world.some(1)[0]), "--run", str(world.run), *words)
        assert done.returncode == 0
        assert done.stderr.splitlines()[0 if words else -1] == "[]"
        assert world.some(1)[0].name in done.stdout


ODD = Path(os.environ.get("CERVINET_REAL_DATA", Path(__file__).parents[2] / "../shared/data")) / "odd-images"


@pytest.mark.real
@pytest.mark.skipif(not ODD.is_dir(), reason=f"no real pictures at {ODD}: set CERVINET_REAL_DATA")
def test_every_odd_file_has_the_outcome_that_its_index_names(world: World) -> None:
    with (ODD / "INDEX.tsv").open(newline="") as file:
        index = {row["name"]: row["outcome"].split()[0] for row in csv.DictReader(file, delimiter="\t")}
    assert len(index) > 80
    result = cervinet("predict", *(ODD / name for name in index), "--run", world.run, "--json")
    assert result.exit_code == 5
    found = {Path(one["image"]).name: one for one in map(json.loads, result.stdout.splitlines())}
    assert list(found) == list(index)
    for name, outcome in index.items():
        assert outcome in ("either", "reject" if "error" in found[name] else "decode"), name


def test_a_changed_model_file_is_refused(world: World, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(world.run, run)
    with (run / "model.onnx").open("ab") as file:
        file.write(b"\0")
    result = cervinet("predict", world.some(1)[0], "--run", run)
    assert (result.exit_code, result.stderr) == (
        1,
        f"Error: {run / 'model.onnx'} is not the file that this run saved (its SHA-256 is not the one in model.json); "
        "bring the original back, or train again\n",
    )
