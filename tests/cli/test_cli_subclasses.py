"""Classes and their sub-classes learnt together, and labels mapped to fewer classes, as a user sees them."""

import csv
import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import cv2
import keras
import numpy as np
import pytest
import tensorflow as tf
from click.testing import Result

from cervinet import Predictor
from world import cervinet

pytestmark = pytest.mark.slow

FINER = {"brain": ("glioma", "pituitary"), "colon": ("adeno",), "lung": ("large", "squamous")}
PAIRS = [[name, label] for label, names in FINER.items() for name in names]
COLUMNS = [name for name, _ in PAIRS]
CONFIG = """\
name: finer
data: {{root: '{root}', reader: {{class_folders: {{sublabels: true}}}}, image_size: [28, 28]}}
model: {{architecture: breast_cnn}}
training:
  epochs: 2
  batch_size: 8
  loss: hierarchical
  imbalance: oversample
  augment: {{mixup: {{strength: 0.4, probability: 0.5}}}}
evaluation: {{draws: 100, report: false}}
export: {{onnx: false}}
"""


def draw(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.random.default_rng(seed).integers(0, 256, (28, 28, 3), np.uint8))


@dataclass(frozen=True)
class Finer:
    """Pictures in folders of classes and sub-classes, a config for them, and a run that learnt both."""

    pictures: Path
    config: Path
    run: Path
    trained: Result


@pytest.fixture(scope="module")
def finer(tmp_path_factory: pytest.TempPathFactory) -> Finer:
    folder = tmp_path_factory.mktemp("finer")
    for kind, (name, label) in enumerate(PAIRS):
        for number in range(10 + 4 * kind):
            draw(folder / f"pictures/{label}/{name}/{number}.png", 100 * kind + number)
    config = folder / "finer.yaml"
    config.write_text(CONFIG.format(root=folder / "pictures"), encoding="utf-8")
    trained = cervinet("train", "--config", config, "--run-dir", folder / "run")
    return Finer(folder / "pictures", config, folder / "run", trained)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def assert_sums(probabilities: dict[str, float], subclasses: dict[str, float]) -> None:
    assert list(subclasses) == COLUMNS
    for label, names in FINER.items():
        assert probabilities[label] == pytest.approx(sum(subclasses[name] for name in names), abs=1e-6)


class TestARunThatLearntBoth:
    def test_has_a_table_in_which_a_class_is_the_sum_of_its_subclasses(self, finer: Finer) -> None:
        assert finer.trained.exit_code == 0, finer.trained.stderr
        for split in ("val", "test"):
            table = rows(finer.run / f"predictions_{split}.csv")
            assert table
            for row in table:
                assert row["image"].split("/")[:2] == [row["label"], row["sublabel"]]
                probabilities = {label: float(row[f"p_{label}"]) for label in FINER}
                assert_sums(probabilities, {k[5:]: float(v) for k, v in row.items() if k.startswith("psub_")})

    def test_counts_classes_when_it_balances_them(self, finer: Finer) -> None:
        classes = json.loads((finer.run / "data.json").read_text())["train_classes"]
        assert [one["name"] for one in classes] == list(FINER)
        assert len({one["entries"] for one in classes}) == 1

    def test_has_a_card_that_names_them_and_a_network_of_stock_keras(self, finer: Finer) -> None:
        assert json.loads((finer.run / "model.json").read_text())["subclasses"] == PAIRS
        model = keras.models.load_model(finer.run / "model.keras", safe_mode=True)
        assert model.output_shape == (None, 3)
        assert model.get_layer("subclass_probabilities").output.shape == (None, 5)

    def test_judges_both(self, finer: Finer) -> None:
        metrics = json.loads((finer.run / "metrics.json").read_text())
        assert set(metrics["per_class"]) == set(FINER)
        table = rows(finer.run / "predictions_test.csv")
        right = [max(COLUMNS, key=lambda name: float(row[f"psub_{name}"])) == row["sublabel"] for row in table]
        found = metrics["subclasses"]
        assert (found["images"], found["metrics"]["accuracy"]["value"]) == (len(table), pytest.approx(np.mean(right)))

    def test_learnt_targets_of_classes_for_its_accuracy(self, finer: Finer) -> None:
        """The accuracy of the best epoch on the validation part is that of the table, of classes."""
        table = rows(finer.run / "predictions_val.csv")
        right = np.mean([row["label"] == row["predicted"] for row in table])
        history = rows(finer.run / "history.csv")
        best = min(history, key=lambda row: float(row["val_loss"]))
        assert float(best["val_accuracy"]) == pytest.approx(right, abs=1e-6)

    def test_gives_them_for_new_pictures(self, finer: Finer, tmp_path: Path) -> None:
        images = [finer.pictures / "lung" / "large" / "0.png", tmp_path / "absent.png"]
        result = cervinet("predict", *images, "--run", finer.run, "--json", "--csv", tmp_path / "found.csv")
        first, second = (json.loads(line) for line in result.stdout.splitlines())
        assert list(first) == ["image", "class", "probabilities", "subclasses", "set", "operating_points", "flags"]
        assert_sums(first["probabilities"], first["subclasses"])
        assert list(second) == ["image", "error"]
        good, bad = rows(tmp_path / "found.csv")
        first_columns = ["image", "class", "why", *(f"p_{k}" for k in FINER), *(f"psub_{k}" for k in COLUMNS), "set"]
        assert list(good)[: len(first_columns)] == first_columns
        assert float(good["psub_large"]) == first["subclasses"]["large"]
        assert (bad["psub_large"], bad["error"]) == ("", second["error"])

    def test_is_exported_with_both(self, finer: Finer, tmp_path: Path) -> None:
        result = cervinet("export", finer.run, "--format", "saved_model", "--to", tmp_path / "out")
        assert result.exit_code == 0, result.stderr
        [part, _] = json.loads((tmp_path / "out" / "card.json").read_text())["parts"]
        said = "as `cervinet predict` says them, in order of"
        assert part["gives"] == {
            "probabilities": f"float32 [n, 3], {said} classes",
            "subclass_probabilities": f"float32 [n, 5], {said} subclasses",
        }
        picture = finer.pictures / "lung" / "large" / "0.png"
        loaded = tf.saved_model.load(str(tmp_path / "out" / "finer" / "1"), tags=["serve"])
        found = loaded.signatures["serving_default"](images=tf.constant(cv2.imread(str(picture))[None, ..., ::-1]))
        [wanted] = Predictor.load(finer.run).predict([picture])
        assert set(found) == {"probabilities", "subclass_probabilities"}
        np.testing.assert_allclose(found["probabilities"].numpy()[0], wanted.probabilities, atol=1e-5)
        np.testing.assert_allclose(found["subclass_probabilities"].numpy()[0], wanted.subclasses, atol=1e-5)

    def test_is_judged_again_and_on_other_pictures(self, finer: Finer, tmp_path: Path) -> None:
        assert cervinet("evaluate", finer.run, "--out", tmp_path / "own").exit_code == 0
        ours, trained = (json.loads((f / "metrics.json").read_text()) for f in (tmp_path / "own", finer.run))
        again, before = (one["subclasses"]["metrics"]["log_loss"]["value"] for one in (ours, trained))
        assert again == pytest.approx(before, abs=1e-6)
        for number in range(4):
            draw(tmp_path / f"other/lung/squamous/{number}.png", 900 + number)
            draw(tmp_path / f"other/brain/strange/{number}.png", 950 + number)
        result = cervinet("evaluate", finer.run, "--data", tmp_path / "other", "--out", tmp_path / "out")
        assert result.exit_code == 0, result.stderr
        metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
        assert (metrics["images"], metrics["subclasses"]["images"]) == (8, 4)


def test_pictures_without_a_subclass_stop_it_before_training(finer: Finer, tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text(
        "image,label,kind\n"
        + "".join(
            f"{path},{path.parts[-3]},{path.parts[-2] if number % 9 else ''}\n"
            for number, path in enumerate(sorted(finer.pictures.rglob("*.png")))
        )
    )
    table = ("data.root=table.csv", "data.reader={table: {sublabel: kind}}")
    result = cervinet("train", "--config", finer.config, "--run-dir", "run", *table)
    assert result.exit_code == 3
    said = result.stderr.strip().splitlines()[-1]
    assert " pictures in train and val have no sub-class, the first is " in said
    assert said.endswith("; give them one, or use another loss than hierarchical")
    assert not Path("run").exists()


def test_a_loss_for_two_classes_is_refused_before_training(finer: Finer) -> None:
    result = cervinet("train", "--config", finer.config, "--run-dir", "run", "training.loss=binary_cross_entropy")
    assert (result.exit_code, result.stderr.strip().splitlines()[-1]) == (
        2,
        "Error: `training.loss`: binary_cross_entropy needs two classes; there are 3: use cross_entropy, or name two "
        "by data.class_map",
    )
    assert not Path("run").exists()


@pytest.mark.parametrize("loss", ["binary_cross_entropy", "hierarchical", "corn", "cumulative_link"])
def test_labels_mapped_to_two_classes(finer: Finer, loss: str) -> None:
    changes = (f"training.loss={loss}", "data.class_map={body: [colon, lung]}", "training.epochs=1")
    reader = "data.reader={class_folders: {sublabels: false}}"
    result = cervinet("train", "--config", finer.config, "--run-dir", "run", reader, "classes=[brain, body]", *changes)
    assert result.exit_code == 0, result.stderr
    card = json.loads(Path("run/model.json").read_text())
    assert card["classes"] == ["brain", "body"]
    expected = [["brain", "brain"], ["colon", "body"], ["lung", "body"]] if loss == "hierarchical" else []
    assert card["subclasses"] == expected
    for row in rows(Path("run/predictions_test.csv")):
        original = row["image"].split("/")[0]
        assert row["label"] == ("brain" if original == "brain" else "body")
        assert row["sublabel"] == (original if original != "brain" or expected else "")
        assert float(row["p_brain"]) + float(row["p_body"]) == pytest.approx(1, abs=1e-6)
    for number in range(3):
        for label in ("brain", "colon", "body"):
            draw(Path(f"other/{label}/{number}.png"), number)
    checks = ("data.reader={class_folders: {sublabels: false}}",)
    result = cervinet("evaluate", "run", "--data", "other", "--out", "out", *checks)
    assert result.exit_code == 0, result.stderr
    found = {row["image"].split("/")[0]: row["label"] for row in rows(Path("out/predictions_external.csv"))}
    assert found == {"brain": "brain", "colon": "body", "body": "body"}


def test_a_label_of_the_map_that_no_picture_has(finer: Finer) -> None:
    result = cervinet("data", "check", finer.config, "--out", "out", "data.class_map={body: [long]}")
    assert (result.exit_code, result.stderr.strip().splitlines()[-1]) == (
        2,
        "Error: `data.class_map.body` names 'long', which no picture has as its label (did you mean 'lung'?)",
    )


def test_copies_under_labels_of_one_class_are_no_conflict(finer: Finer, tmp_path: Path) -> None:
    shutil.copytree(finer.pictures, tmp_path / "copies")
    shutil.copy(tmp_path / "copies/colon/adeno/0.png", tmp_path / "copies/lung/large/copy.png")
    changes = ("data.root=copies", "data.reader={class_folders: {sublabels: false}}", "training.loss=cross_entropy")
    check = ("data", "check", finer.config, *changes)
    assert cervinet(*check, "--out", "before").exit_code == 3
    mapped = cervinet(*check, "--out", "after", "data.class_map={body: [colon, lung]}")
    assert mapped.exit_code == 0, mapped.stderr
    page = Path("after/data_report.html").read_text(encoding="utf-8")
    for label in ("colon", "lung"):
        assert f"body / {label}" in re.sub("<[^>]*>", "", page)
