"""`cervinet explain` and the explanation of a whole run, on a tiny run."""

import csv
import stat
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from cervinet import overlays, pictures
from cervinet.errors import ImageError
from cervinet.evaluation.intervals import Resampling
from cervinet.evaluation.localisation import of_one
from cervinet.evaluation.prediction_tables import read_predictions
from cervinet.explaining import explained
from cervinet.inference.explain import Explainer
from cervinet.inference.onnx_explain import OnnxExplainer
from cervinet.progress import Silent
from cervinet.run import Run
from world import World, cervinet

pytestmark = pytest.mark.slow

HOW = Resampling(draws=50, confidence=0.95, seed=0)


def lines(result) -> list[list[str]]:
    """The cells of the table on stdout, without its head."""
    return [line.split("  ") for line in result.stdout.splitlines() if ".jpg" in line]


def test_writes_an_overlay_for_each_picture_and_says_where(world: World, tmp_path: Path) -> None:
    given = world.some(3)
    result = cervinet("explain", *given, "--run", world.run, "--to", tmp_path / "heat")
    assert result.exit_code == 0
    assert "The network was trained on" not in result.stdout
    written = sorted((tmp_path / "heat").iterdir())
    assert len(written) == 3
    for path in written:
        assert cv2.imread(str(path)).shape == (28 * 11, 28 * 11, 3)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert str(path) in result.stdout
    predicted = cervinet("predict", *given, "--run", world.run, "--csv", tmp_path / "p.csv")
    assert predicted.exit_code == 0
    with (tmp_path / "p.csv").open(newline="", encoding="utf-8") as file:
        for row, line in zip(csv.DictReader(file), lines(result), strict=True):
            cells = [cell.strip() for cell in line if cell.strip()]
            probability = f"{float(row['p_' + row['class']]):.3f}"
            assert cells[:5] == [row["image"], row["class"], probability, row["class"], probability]


def test_each_class_has_its_own_heat(world: World, tmp_path: Path) -> None:
    given, classes = world.some(6), ("Type_1", "Type_2", "Type_3")
    for name in classes:
        result = cervinet("explain", *given, "--run", world.run, "--class", name, "--to", tmp_path)
        assert result.exit_code == 0
    drawn = [[(tmp_path / f"{path.stem}-{name}.jpg").read_bytes() for path in given] for name in classes]
    assert len(set(map(tuple, drawn))) == 3


def test_a_picture_without_heat_is_named(world: World, tmp_path: Path, monkeypatch) -> None:
    """A picture that looks as it is may be taken for a failure of the drawing."""
    monkeypatch.setattr(OnnxExplainer, "heat", lambda self, images, classes: np.zeros(images.shape[:3], np.float32))
    (given,) = world.some(1)
    result = cervinet("explain", given, "--run", world.run, "--class", "Type_1", "--to", tmp_path)
    assert result.stderr == f"No heat: nothing in {given} speaks for Type_1.\n"
    assert result.exit_code == 0


def test_an_unknown_class_is_told_before_anything_is_done(world: World) -> None:
    result = cervinet("explain", *world.some(1), "--run", world.run, "--class", "Type_4")
    assert (result.exit_code, result.stderr) == (
        2,
        "Error: --class must be a class of the run; got 'Type_4' (did you mean 'Type_3'?)\n",
    )


def test_a_new_folder_in_the_run_by_default(world: World) -> None:
    result = cervinet("explain", *world.some(1), "--run", world.run, "--quiet")
    (folder,) = (path for path in (world.run / "cam").iterdir() if path.is_dir())
    assert folder.name.endswith("-explain")
    assert str(folder) in result.stdout


def test_bad_pictures_are_reported_and_the_others_explained(world: World, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(world.some(1)[0].read_bytes()[:300])
    result = cervinet("explain", broken, *world.some(1), "--run", world.run, "--to", tmp_path / "heat")
    assert result.exit_code == 5
    assert "1 of 2 pictures could not be read; the others were explained:\n" in result.stderr
    assert len(list((tmp_path / "heat").iterdir())) == 1
    alone = cervinet("explain", broken, "--run", world.run, "--to", tmp_path / "none")
    assert alone.exit_code == 5
    assert "1 of 1 pictures could not be read:\n" in alone.stderr
    assert not (tmp_path / "none").exists()


def test_pictures_of_the_same_name_do_not_overwrite_each_other(world: World, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.jpg").write_bytes(world.some(1)[0].read_bytes())
    cervinet("explain", tmp_path / "a", tmp_path / "b", "--run", world.run, "--class", "Type_1", "--to", tmp_path / "c")
    assert sorted(path.name for path in (tmp_path / "c").iterdir()) == ["x-Type_1-2.jpg", "x-Type_1.jpg"]


def test_boxes_are_outlined_though_the_run_does_not_crop(world: World, tmp_path: Path) -> None:
    given = world.some(2)
    boxes = tmp_path / "boxes.csv"
    boxes.write_text(f"image,x,y,w,h\n{given[0].name},10,8,12,12\n{given[1].name},30,8,30,12\n")
    for arguments, folder in ((["--boxes", boxes], "with"), ([], "without")):
        result = cervinet("explain", *given, "--run", world.run, "--to", tmp_path / folder, *arguments)
        assert result.exit_code == 0
        assert ("No outline: the box of" in result.stderr) == (folder == "with"), "the second box leaves its picture"
    outlined, plain = (
        [cv2.imread(str(path)).astype(int) for path in sorted((tmp_path / folder).iterdir())]
        for folder in ("with", "without")
    )
    changed = [np.abs(one - other).max() for one, other in zip(outlined, plain, strict=True)]
    assert sorted(change > 50 for change in changed) == [False, True]


@pytest.fixture
def judged(world: World):
    """The test pictures of the run, the upper left quarter of each as its box."""
    run = Run.open(world.run)
    manifest = pictures.pictures_to_judge(pictures.config_of(run, None, ()), run, False, Silent())
    boxed = manifest.table.assign(box_x=0.0, box_y=0.0, box_w=20.0, box_h=16.0)
    return run, replace(manifest, table=boxed), read_predictions(run.predictions("test"))


def explain(run, manifest, predictions, folder=None, most=4):
    return explained(
        run, manifest, predictions, method="grad_cam", most=most, how=HOW, folder=folder, progress=Silent()
    )


def test_a_run_is_explained(judged, tmp_path: Path) -> None:
    predictions = judged[2]
    found = explain(*judged, folder=tmp_path)
    errors = int((predictions.predicted != predictions.labels).sum())
    assert (len(found.cases), len(found.worst)) == (4, min(12, errors))
    assert found.remarks == ()
    shown = {case.image for case in (*found.cases, *found.worst)}
    assert len(list(tmp_path.iterdir())) == len(shown)
    for case in (*found.cases, *found.worst):
        row = predictions.images.index(case.image)
        assert case.label == predictions.classes[predictions.labels[row]]
        assert case.probability == predictions.probabilities[row].max()
        assert cv2.imdecode(np.frombuffer(case.overlay, np.uint8), 1).shape == (308, 308, 3)
    assert found.sanity.correlation.n + found.sanity.undefined == min(24, len(predictions.images))


def test_localisation_is_over_every_judged_picture(judged) -> None:
    """By hand: the box is the quarter of the 32 × 40 picture, letterboxed to 28 × 28."""
    run, manifest, predictions = judged
    found = explain(*judged, most=0).localisation
    explainer = Explainer.load(run, "grad_cam")
    images = np.stack([explainer.prepare(one) for one in manifest.pictures()])
    by_name = dict(zip(manifest.table["image"], images, strict=True))
    heat = explainer.heat(np.stack([by_name[image] for image in predictions.images]), predictions.predicted)
    region = np.zeros((28, 28), bool)
    region[3:14, :14] = True
    mass = np.array([of_one(one, region)["mass"] for one in heat])
    assert (found.region, found.overall.images, found.without) == ("boxes", len(heat), 0)
    assert found.overall.mass.value == pytest.approx(np.nanmean(mass), abs=1e-6)
    assert found.overall.mass_chance == pytest.approx(region.mean())
    assert found.overall.empty == np.isnan(mass).sum()


def test_without_regions_there_is_no_localisation(judged) -> None:
    run, manifest, predictions = judged
    nothing = manifest.table.assign(box_x=np.nan)
    found = explain(run, replace(manifest, table=nothing), predictions)
    assert found.localisation is None
    assert len(found.cases) == 4


def test_what_cannot_be_used_is_said_and_counted(judged, monkeypatch) -> None:
    run, manifest, predictions = judged
    manifest.table.loc[manifest.table["image"] == predictions.images[0], "box_w"] = 400.0
    own, gone = Explainer.prepare, predictions.images[1]

    def prepare(self, picture):
        if picture.path == manifest.root / gone:
            raise ImageError("it is gone")
        return own(self, picture)

    monkeypatch.setattr(Explainer, "prepare", prepare)
    found = explain(run, manifest, predictions)
    assert [remark.split(" must ")[0] for remark in sorted(found.remarks)] == [
        "it is gone",
        f"the box of '{manifest.root / predictions.images[0]}'",
    ]
    assert (found.localisation.overall.images, found.localisation.without) == (len(predictions.images) - 2, 2)


def test_heat_that_knows_nothing_of_the_weights_is_caught(judged, monkeypatch) -> None:
    def edges(self, images, classes):
        return np.abs(np.diff(images.astype(np.float32).mean(axis=3), axis=1, append=0))

    monkeypatch.setattr(Explainer, "heat", edges)
    found = explain(*judged, most=0).sanity
    assert found.correlation.value == pytest.approx(1)
    assert found.sentence.startswith(
        "The heat maps hardly depend on what the network learnt, so do not trust them: their rank correlation with "
    )


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("a b/../é\u202e\n", "a_b_.._.jpg"),
        ("..hidden", "_hidden.jpg"),
        ("=1+1", "_1_1.jpg"),
        ("x" * 200, "x" * 80 + ".jpg"),
    ],
)
def test_file_names_that_no_file_system_minds(words, name) -> None:
    taken = set[str]()
    assert overlays.file_name(words, taken) == name
    assert overlays.file_name(words, taken) == name.replace(".jpg", "-2.jpg")
