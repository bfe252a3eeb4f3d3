"""What every format promises: files that a stranger can load, that say what the run says, and a card that is true."""

import base64
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cervinet import registry
from cervinet.data.picture import Picture
from cervinet.data.preprocess import prepare
from cervinet.evaluation.calibration import Calibration
from cervinet.exporters.export import Given
from cervinet.files import sha256
from cervinet.inference.predictor import Predictor
from world import World, cervinet

pytestmark = pytest.mark.slow

FORMATS = registry.available("exporter")


class Exports:
    """An export of the tiny run in each format, made when it is asked for, and what was printed."""

    def __init__(self, run: Path, folder: Path) -> None:
        self._run, self._folder, self._said = run, folder, dict[str, str]()

    def __call__(self, name: str) -> Path:
        if name not in self._said:
            result = cervinet("export", self._run, "--format", name, "--to", self._folder / name)
            assert result.exit_code == 0, result.stderr
            self._said[name] = result.stdout
        return self._folder / name

    def said(self, name: str) -> str:
        self(name)
        return self._said[name]


@pytest.fixture(scope="module")
def exports(world: World, tmp_path_factory: pytest.TempPathFactory) -> Exports:
    return Exports(world.run, tmp_path_factory.mktemp("exports"))


@pytest.fixture(scope="module")
def given(world: World) -> Given:
    """Five pictures that may be others than those that the export was compared on."""
    card = Predictor.load(world.run).card
    pixels = [prepare(Picture(path), card.image_size, card.preprocess) for path in world.some(5)]
    return Given(np.stack(pixels), [path.read_bytes() for path in world.some(5)])


def test_the_formats_are_found():
    assert list(FORMATS) == ["keras", "litert", "onnx", "saved_model"]


@pytest.mark.parametrize("name", FORMATS)
class TestEveryFormat:
    def test_its_parts_say_what_the_run_says(self, name, exports, given, world):
        predictor = Predictor.load(world.run, engine="keras")
        own, said = predictor.engine(given.pixels).probabilities, predictor.probabilities(given.pixels).probabilities
        card = json.loads((exports(name) / "card.json").read_text(encoding="utf-8"))
        calls = FORMATS[name].traits["reload"](exports(name))
        assert len(calls) == len(card["parts"]) > 0
        assert sorted(calls) == sorted(part["name"] for part in card["parts"])
        assert np.abs(said - own).max() > 0.01, "calibration must matter, lest the two be mistaken for each other"
        for part in card["parts"]:
            outputs = calls[part["name"]](given)
            wanted = said if part["calibrated"] else own
            away = np.abs(outputs["probabilities"] - wanted)
            bound = part["agreement"]["bound"]
            assert (away.max() if bound["of"] == "max" else away.mean()) <= bound["limit"]
            if "logits" in outputs:
                values = {key: card["calibration"][key] for key in ("method", "values", "n")}
                by_card = Calibration.from_json(values).apply(outputs["logits"].astype(np.float64))
                assert np.abs(by_card - said).max() <= (0.2 if part["name"] == "int8" else 0.05)

    def test_its_card_is_true(self, name, exports, world):
        folder = exports(name)
        card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
        of_run = json.loads((world.run / "model.json").read_text(encoding="utf-8"))
        for key in ("classes", "image_size", "preprocess", "choices", "gate", "descriptions", "note"):
            assert card[key] == of_run[key], key
        assert card["calibration"] == of_run["calibration"] | {"formula": "softmax(logits / temperature)"}
        assert (card["format"], card["run"]) == (name, "run")
        assert card["statement"] == "Research software, not a medical device: what it says is no diagnosis."
        files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
        assert set(card["hashes"]) == files - {"card.json"}
        assert all(sha256(folder / file) == digest for file, digest in card["hashes"].items())
        for part in card["parts"]:
            assert (folder / part["file"]).exists()
            assert part["agreement"]["n"] == int(card["compared_on"].split()[0]) > 0
            assert part["takes"]["shape"][1:] in ([], [*of_run["image_size"], 3])

    def test_what_is_printed_is_what_the_card_says(self, name, exports):
        card = json.loads((exports(name) / "card.json").read_text(encoding="utf-8"))
        lines = exports.said(name).splitlines()
        assert lines[0] == f"Compared with the run on {card['compared_on']}"
        assert lines[-1] == f"Export: {exports(name)}"
        for part in card["parts"]:
            [line] = [line for line in lines if line.split()[:1] == [part["name"]] and " of " in line]
            found = part["agreement"]
            assert line.split()[1:3] == [f"{found['largest']:.1e}", f"{found['mean']:.1e}"]
        assert [line.strip() for line in lines if line.strip() in card["remarks"]] == card["remarks"]

    def test_nothing_but_the_export_lies_beside_it(self, name, exports):
        assert [path.name for path in exports(name).parent.glob(".*")] == []


def test_the_accuracy_lost_is_that_of_the_files(exports, world):
    """By the test pictures' own classes and the files, in another way than the export itself."""
    folder = exports("litert")
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    table = pd.read_csv(world.run / "splits.csv", dtype=str)
    test = table[table["split"] == "test"]
    predictor = Predictor.load(world.run, engine="keras")
    size, steps = predictor.card.image_size, predictor.card.preprocess
    pixels = np.stack([prepare(Picture(world.pictures / name), size, steps) for name in test["image"]])
    labels = np.array([predictor.card.classes.index(label) for label in test["label"]])
    run = (predictor.engine(pixels).probabilities.argmax(axis=1) == labels).mean()
    calls = FORMATS["litert"].traits["reload"](folder)
    for part in card["parts"]:
        if part["name"] == "float32":
            assert "loss" not in part
            continue
        found = (calls[part["name"]](Given(pixels, ()))["logits"].argmax(axis=1) == labels).mean()
        [change] = [one for one in part["loss"]["measures"] if one["metric"] == "accuracy"]
        assert part["loss"]["images"] == len(test)
        assert (change["reference"]["value"], change["value"]["value"]) == pytest.approx((run, found))
        assert change["difference"]["value"] == pytest.approx(found - run)


@pytest.fixture(scope="module")
def served(exports):
    """The server's own part, between JSON and a signature, as its documentation has it."""
    import tensorflow as tf

    model = tf.saved_model.load(str(exports("saved_model") / "tiny" / "1"), tags=["serve"])

    def post(request: str) -> dict[str, object]:
        asked = json.loads(request, object_hook=lambda one: base64.b64decode(one["b64"]) if "b64" in one else one)
        signature = model.signatures[asked.get("signature_name", "serving_default")]
        [(name, spec)] = signature.structured_input_signature[1].items()
        rows = asked["instances"] if "instances" in asked else asked["inputs"]
        if "instances" in asked and isinstance(rows[0], dict):
            rows = [row[name] for row in rows]
        if "inputs" in asked and isinstance(rows, dict):
            rows = rows[name]
        found = signature(**{name: tf.constant(rows, spec.dtype)})
        [answer] = found.values()
        return {"predictions" if "instances" in asked else "outputs": answer.numpy().tolist()}

    return post


class TestAsTensorFlowServingServesIt:
    """Rows and columns: https://www.tensorflow.org/tfx/serving/api_rest."""

    def test_the_folder_is_what_the_server_looks_for(self, exports):
        folder = exports("saved_model") / "tiny"
        assert [path.name for path in folder.iterdir()] == ["1"]
        assert {"saved_model.pb", "variables"} <= {path.name for path in (folder / "1").iterdir()}

    @pytest.mark.parametrize(
        "shape", [{"instances": 0}, {"instances": "bytes"}, {"inputs": 0}, {"inputs": "bytes"}], ids=str
    )
    def test_files_in_rows_and_in_columns(self, served, given, world, shape):
        [(key, named)] = shape.items()
        files = [{"b64": base64.b64encode(data).decode()} for data in given.files]
        if named:
            files = [{named: one} for one in files] if key == "instances" else {named: files}
        answer = served(json.dumps({"signature_name": "bytes", key: files}))
        [(name, found)] = answer.items()
        assert name == {"instances": "predictions", "inputs": "outputs"}[key]
        wanted = [one.probabilities for one in Predictor.load(world.run).predict(given.files)]
        np.testing.assert_allclose(found, wanted, atol=0.02)

    def test_arrays_are_what_is_served_unless_files_are_named(self, served, given, world):
        found = served(json.dumps({"instances": given.pixels.tolist()}))["predictions"]
        wanted = Predictor.load(world.run).probabilities(given.pixels).probabilities
        np.testing.assert_allclose(found, wanted, atol=1e-5)

    def test_a_broken_file_fails_the_request_by_its_own_name(self, served, given):
        import tensorflow as tf

        cut = base64.b64encode(given.files[0][:200]).decode()
        with pytest.raises(tf.errors.InvalidArgumentError):
            served(json.dumps({"signature_name": "bytes", "instances": [{"b64": cut}]}))
