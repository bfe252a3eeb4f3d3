"""`cervinet evaluate` as a user sees it."""

import csv
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cervinet.config import load_config
from cervinet.deciding import chosen
from cervinet.evaluation.prediction_tables import read_predictions
from cervinet.evaluation.predictions import Predictions
from world import World, cervinet

pytestmark = pytest.mark.slow


def evaluations(run: Path) -> list[Path]:
    return sorted((run / "evaluations").iterdir())


def predictions(run: Path, split: str) -> Predictions:
    return read_predictions(run / f"predictions_{split}.csv")


def metrics_of(*words: object, out: Path) -> dict[str, object]:
    """The metrics of a judgement without a report, which takes longer than the rest."""
    result = cervinet("evaluate", *words, "--out", out)
    assert result.exit_code == 0, result.stderr
    found: dict[str, object] = json.loads((out / "metrics.json").read_text())
    return found


def few(world: World, folder: Path, each: int = 3) -> Path:
    """Pictures of each class as another site's."""
    for name in ("Type_1", "Type_2", "Type_3"):
        (folder / name).mkdir(parents=True)
        for picture in sorted((world.pictures / name).iterdir())[:each]:
            shutil.copy(picture, folder / name / f"elsewhere-{picture.name}")
    return folder


@pytest.mark.usefixtures("drawn_figures")
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


@pytest.mark.usefixtures("drawn_figures")
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


def test_the_calibration_of_a_finished_run_stays(world: World) -> None:
    result = cervinet("evaluate", world.run, "evaluation.calibration=none")
    assert (result.exit_code, result.stderr) == (
        2,
        "Error: 'evaluation.calibration=none' cannot be set for a finished run: calibration was settled when the run "
        "was trained; train another run with it\n",
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--subgroups", "women.csv"), "--subgroups needs --by COLUMN: the columns of the file that make subgroups"),
        (
            ("--by", "age:30;50"),
            "--by must be COLUMN or COLUMN:EDGE,EDGE with numbers, as in age:30,50; got 'age:30;50'",
        ),
        (
            ("evaluation.positive=[Type_4]",),
            "`evaluation.positive.0` must be one of `classes`, Type_1, Type_2, Type_3; got 'Type_4' (command line)",
        ),
        (
            ("evaluation.views=2",),
            "'evaluation.views=2' cannot be set for a finished run; use --views, as in --views 4",
        ),
    ],
)
def test_each_mistake_is_one_sentence(world: World, words: tuple[str, ...], message: str) -> None:
    result = cervinet("evaluate", world.run, *words)
    assert (result.exit_code, result.stderr) == (2, f"Error: {message}\n")


def test_training_settles_calibration_and_thresholds_and_writes_no_report_where_none_is_wanted(world: World) -> None:
    card = json.loads((world.run / "model.json").read_text())
    metrics = json.loads((world.run / "metrics.json").read_text())
    assert not {"report.html", "model_card.md"} & {path.name for path in world.run.iterdir()}
    assert card["choices"] == metrics["choices"]
    assert [one["point"] for one in metrics["operating_points"]] == card["choices"]["points"]
    assert (card["calibration"]["method"], card["calibration"]["n"]) == ("temperature", 10)
    temperature = card["calibration"]["values"]["temperature"]
    for split in ("val", "test"):
        written = predictions(world.run, split)
        powers = np.exp(written.logits / temperature)
        np.testing.assert_allclose(written.probabilities, powers / powers.sum(axis=1, keepdims=True), atol=1e-9)
    own = chosen(load_config(world.run / "config.yaml").evaluation, predictions(world.run, "val"))
    assert [point.threshold for point in own.points] == pytest.approx(
        [point["threshold"] for point in card["choices"]["points"]], abs=1e-9
    )


def test_predict_gives_the_calibrated_probabilities_of_the_run(world: World) -> None:
    own = predictions(world.run, "test")
    result = cervinet("predict", *(world.pictures / image for image in own.images), "--run", world.run, "--json")
    found = [json.loads(line)["probabilities"] for line in result.stdout.splitlines()]
    given = [[one[name] for name in own.classes] for one in found]
    np.testing.assert_allclose(given, own.probabilities, atol=1e-6)


def test_other_positive_classes_have_thresholds_from_the_validation_pictures(world: World, tmp_path: Path) -> None:
    asked = "evaluation.positive=[Type_2, Type_3]"
    found = metrics_of(world.run, asked, out=tmp_path / "out")
    own = chosen(load_config(world.run / "config.yaml", [asked]).evaluation, predictions(world.run, "val"))
    assert len(own.points) == 3
    for one, point in zip(found["operating_points"], own.points, strict=True):
        assert one["point"]["positive"] == ["Type_2", "Type_3"]
        assert one["point"]["threshold"] == point.threshold
    assert json.loads((world.run / "model.json").read_text())["choices"]["points"][0]["positive"] == ["Type_1"]


def test_subgroups_of_a_file(world: World, tmp_path: Path) -> None:
    images = predictions(world.run, "test").images
    rows = [(image, "AB"[n % 2], 20 + 5 * n) for n, image in enumerate(images)]
    pd.DataFrame(rows, columns=["image", "site", "age"]).to_csv(tmp_path / "women.csv", index=False)
    words = ("--by", "site", "--by", "age:30,50", "--subgroups", tmp_path / "women.csv")
    site, age = metrics_of(world.run, *words, out=tmp_path / "out")["subgroups"]
    assert [(part["value"], part["images"]) for part in site["parts"]] == [("A", 5), ("B", 5)]
    assert [(part["value"], part["images"]) for part in age["parts"]] == [("< 30", 2), ("30–50", 4), ("≥ 50", 4)]
    result = cervinet("evaluate", world.run, "--by", "age", "--out", tmp_path / "none")
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (
        3,
        "Error: nothing says the 'age' of the images (known: height, width, flags, unlike); name a CSV with this "
        "column by --subgroups or evaluation.subgroup_file",
    )
    assert not (tmp_path / "none").exists()


def test_damaged_pictures_are_judged_where_that_is_asked_for(world: World, tmp_path: Path) -> None:
    found = metrics_of(world.run, "--data", few(world, tmp_path / "few"), "--perturb", out=tmp_path / "out")
    assert found["images"] == 9
    assert {"blur", "noise"} <= set(re.findall(r"[a-z]+", json.dumps(found["robustness"])))
    assert "robustness" not in json.loads((world.run / "metrics.json").read_text())


def test_another_site_is_judged_by_the_locked_thresholds_and_compared_and_redacted(
    world: World, tmp_path: Path
) -> None:
    """One report for all of it: drawing takes seconds."""
    site, out = few(world, tmp_path / "site", each=6), tmp_path / "out"
    words = ("--data", site, "--redact", "evaluation.report=true", "evaluation.explain.pictures=2")
    found = metrics_of(world.run, *words, out=out)
    assert found["split"] == "external"
    locked = json.loads((world.run / "model.json").read_text())["choices"]["points"]
    assert [one["point"] for one in found["operating_points"]] == locked
    assert found["shift"]
    assert {path.name for path in out.iterdir()} == {
        *("metrics.json", "model_card.md", "plots", "predictions_external.csv", "report.html")
    }
    page, card = ((out / name).read_text(encoding="utf-8") for name in ("report.html", "model_card.md"))
    assert 'id="shift"' in page
    for text in (page, card):
        assert not [image for image in predictions(out, "external").images if Path(image).stem in text]
        assert str(world.folder) not in text
        assert site.name + "/" not in text
    assert "data:image/jpeg" not in page
    assert "18 pictures found" in page


@pytest.mark.usefixtures("drawn_figures")
def test_training_writes_a_report_a_model_card_and_heat_maps(world: World, tmp_path: Path) -> None:
    reported = tmp_path / "reported"
    words = ("training.epochs=1", "evaluation.report=true", "evaluation.explain.pictures=2", "--quiet")
    result = cervinet("train", "--config", world.config, "--run-dir", reported, *words)
    assert result.exit_code == 0
    assert f"Report: {reported / 'report.html'}" in result.stdout
    page = (reported / "report.html").read_text(encoding="utf-8")
    for place in ("headline", "flow", "training", "metrics", "calibration", "operating", "explanations"):
        assert f'id="{place}"' in page
    assert "60 pictures found, 0 left out, 60 used: 40 training, 10 validation, 10 test" in page
    assert "data:image/jpeg" in page
    card = (reported / "model_card.md").read_text(encoding="utf-8")
    assert card.startswith("---\nlicense: other\n")
    assert "\n# tiny: test pictures\n" in card
    metrics = json.loads((reported / "metrics.json").read_text())
    assert metrics["sanity"]
    wrong = predictions(reported, "test")
    errors = min(12, int((wrong.predicted != wrong.labels).sum()))
    assert errors <= len(list((reported / "cam").glob("*.jpg"))) <= errors + 2
