"""What training writes for use without TensorFlow: kept only where it agrees with Keras, and never half."""

import errno
import os
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from cervinet import onnx_files
from cervinet.config import check
from cervinet.data.manifest import Manifest, table_of
from cervinet.errors import CervinetError
from cervinet.exporters import onnx as exporter
from cervinet.exporters import onnx_heat
from cervinet.inference.keras_engine import KerasEngine
from cervinet.inference.onnx_engine import OnnxEngine
from cervinet.inference.onnx_explain import OnnxGradient
from cervinet.inference.predictor import Predictor
from cervinet.model_card import ModelCard
from cervinet.models.build import build_model
from cervinet.progress import Silent
from cervinet.run import Run
from cervinet.yaml_source import Source

CLASSES = ("a", "b", "c")
WRITING = "Writing model.onnx, by which the run is used without TensorFlow."


class Heard(Silent):
    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)


@pytest.fixture(scope="module")
def model():
    return build_model("breast_cnn", (16, 16, 3), 3)


@pytest.fixture
def run(tmp_path, model):
    run = Run(tmp_path / "run")
    run.path.mkdir()
    model.save(run.model)
    return run


def predictor_of(model):
    return Predictor(KerasEngine(model, (16, 16)), ModelCard(CLASSES, (16, 16), (("stretch", {}),), "breast_cnn"))


def manifest_of(root, split="val", count=40):
    names = [f"{label}/{number}.png" for number in range(count) for label in CLASSES][:count]
    rows = [{"image": name, "label": name[0], "split": split} for name in names]
    return Manifest(table_of(rows), root, CLASSES)


@pytest.fixture
def manifest(pictures):
    manifest = manifest_of(Path())
    return replace(manifest, root=pictures(manifest.table["image"]))


def config(**export):
    return check(Source({"name": "x", "classes": list(CLASSES), "data": {"root": "."}, "export": export}))


def written(manifest, model, run, **export):
    heard = Heard()
    found = onnx_files.written(config(**export), manifest, predictor_of(model), run, heard)
    run.write_card(found.card)
    return run.read_card().onnx, heard.said


def kept(run):
    return [path.name for path in sorted(run.path.iterdir()) if path.name not in ("model.keras", "model.json")]


def test_both_files_are_written_and_compared(run, model, manifest):
    facts, said = written(manifest, model, run)
    assert said == [WRITING]
    assert kept(run) == ["heat.onnx", "model.onnx"]
    assert (facts["pictures"], facts["opset"], facts["heat"]["pictures"]) == (32, 18, 4)
    assert 0 <= facts["largest_difference"] <= 1e-6
    assert 0 <= facts["heat"]["largest_difference"] <= 1e-5
    assert {"model.onnx", "heat.onnx"} <= set(run.read_card().hashes)
    pictures = np.random.default_rng(0).integers(0, 256, (5, 16, 16, 3), np.uint8)
    expected = model(pictures.astype(np.float32), training=False)
    found = Predictor.load(run)
    assert found.engine.name == "onnx"
    np.testing.assert_allclose(found.probabilities(pictures).probabilities, expected, rtol=0, atol=1e-6)


def test_without_validation_pictures_it_is_compared_on_those_of_training(run, model, pictures):
    manifest = manifest_of(pictures([f"{label}/{n}.png" for label in CLASSES for n in range(3)]), "train", 7)
    assert written(manifest, model, run)[0]["pictures"] == 7


def test_pictures_that_are_gone_since_training_began_are_left_out(run, model, manifest):
    for path in manifest.paths()[:20]:
        path.unlink()
    assert written(manifest, model, run)[0]["pictures"] < 32
    for path in manifest.paths()[20:]:
        path.unlink()
    reason = "none of the pictures that it is to be compared with Keras on can be read any more"
    facts, said = written(manifest, model, run)
    assert facts == {"why": reason}
    assert said == [WRITING, f"No model.onnx is kept: {reason}. The run is used with Keras."]
    assert kept(run) == []


def test_when_it_is_not_wanted_an_older_one_goes(run, model, manifest):
    for file in (run.onnx, run.heat):
        file.write_bytes(b"of the run before it was resumed")
    assert written(manifest, model, run, onnx=False) == ({"why": "export.onnx is false"}, [])
    assert kept(run) == []
    assert Predictor.load(run).engine.name == "keras"


def test_engines_that_disagree_leave_no_file(run, model, manifest, monkeypatch):
    whole = OnnxEngine.__call__

    def shifted(self, images):
        found = whole(self, images)
        found.probabilities[3, 1] += 2e-5
        return found

    monkeypatch.setattr(OnnxEngine, "__call__", shifted)
    facts, said = written(manifest, model, run)
    reason = "its probabilities of 32 pictures differ from those of Keras by up to 2e-05, which may be 1e-05 at most"
    assert facts == {"why": reason}
    assert said == [WRITING, f"No model.onnx is kept: {reason}. The run is used with Keras."]
    assert kept(run) == []


def test_numbers_that_are_none_do_not_agree(run, manifest):
    broken = build_model("breast_cnn", (16, 16, 3), 3)
    logits = broken.get_layer("logits")
    logits.set_weights([one * np.nan for one in logits.get_weights()])
    facts, _ = written(manifest, broken, run)
    assert facts["why"].startswith("its probabilities of 32 pictures differ from those of Keras by up to nan")
    assert kept(run) == []


def test_a_network_that_cannot_be_converted_is_used_with_keras(run, model, manifest, monkeypatch):
    monkeypatch.setattr(exporter, "_in_onnx", lambda *_: 1 / 0)
    facts, said = written(manifest, model, run)
    assert facts == {"why": "tf2onnx cannot convert the network: division by zero"}
    assert said == [
        WRITING,
        "No model.onnx is kept: tf2onnx cannot convert the network: division by zero. The run is used with Keras.",
    ]
    assert kept(run) == []


def test_heat_that_cannot_be_converted_leaves_the_network(run, model, manifest, monkeypatch):
    def refused(self):
        raise CervinetError("tf2onnx cannot convert the network: it has none of Surprise")

    monkeypatch.setattr(onnx_heat.Gradient, "to_onnx", refused)
    facts, said = written(manifest, model, run)
    assert facts["heat"] == {"why": "tf2onnx cannot convert the network: it has none of Surprise"}
    assert said == [
        WRITING,
        "No heat.onnx is kept: tf2onnx cannot convert the network: it has none of Surprise. Pictures are explained "
        "with Keras.",
    ]
    assert kept(run) == ["model.onnx"]


def test_heat_that_disagrees_leaves_the_network(run, model, manifest, monkeypatch):
    whole = OnnxGradient.__call__
    monkeypatch.setattr(OnnxGradient, "__call__", lambda self, *given: 1.01 * whole(self, *given))
    facts, _ = written(manifest, model, run)
    assert facts["heat"] == {
        "why": "its gradients of 4 pictures differ from those of Keras by up to 0.01 of the largest, which may be "
        "0.0001 at most"
    }
    assert kept(run) == ["model.onnx"]


def test_a_network_without_a_map_has_no_heat(run, manifest):
    inputs = keras.Input((16, 16, 3), name="image")
    logits = keras.layers.Dense(3, name="logits")(keras.layers.Flatten()(inputs))
    flat = keras.Model(inputs, keras.layers.Softmax(name="probabilities")(logits), name="flat")
    facts, _ = written(manifest, flat, run)
    assert facts["heat"] == {
        "why": "the network flat has no feature map that all of the picture passes through, and cannot be explained by "
        "class activation maps"
    }
    assert kept(run) == ["model.onnx"]


@pytest.mark.parametrize("name", ["model.onnx", "heat.onnx"])
def test_a_full_disk_leaves_nothing_half(run, model, manifest, monkeypatch, name):
    whole = Path.write_bytes

    def write(self, data):
        if self.name.endswith(name):
            whole(self, data[:100])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return whole(self, data)

    monkeypatch.setattr(Path, "write_bytes", write)
    with pytest.raises(OSError, match="No space left on device"):
        written(manifest, model, run)
    assert kept(run) == ([] if name == "model.onnx" else ["model.onnx"])


@pytest.mark.slow
def test_no_tensorflow_is_needed_to_predict_and_to_explain(run, model, manifest, child, tmp_path):
    written(manifest, model, run)
    run.config.write_text(config().to_yaml())
    expected = [one.probabilities for one in Predictor.load(run, engine="keras").predict(manifest.paths()[:3])]
    done = child(
        """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("tensorflow", "keras", "tf2onnx"):
            raise ImportError(f"{name} is not installed here")

sys.meta_path.insert(0, Absent())
from pathlib import Path
from cervinet.inference.predictor import Predictor
from cervinet.cli import main
run, to, *images = sys.argv[1:]
for one in Predictor.load(run).predict(images):
    print(one.error or " ".join(map(str, one.probabilities)))
main(["explain", *images, "--run", run, "--to", to, "--quiet"])
""",
        str(run.path),
        str(tmp_path / "heat"),
        *map(str, manifest.paths()[:3]),
    )
    assert done.returncode == 0, done.stderr
    found = [[float(one) for one in line.split()] for line in done.stdout.splitlines()[:3]]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    assert len(list((tmp_path / "heat").glob("*.jpg"))) == 3
