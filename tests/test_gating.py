"""The gate that training makes: of which pictures, on what, and what it then says of others."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cervinet.data.feature_store import Features
from cervinet.data.look import look
from cervinet.data.manifest import Manifest, table_of
from cervinet.data.picture import Picture
from cervinet.gating import gated, sampled
from cervinet.inference.collect import predict_rows
from cervinet.inference.ensemble import Ensemble
from cervinet.inference.keras_engine import KerasEngine
from cervinet.inference.likeness import Likeness
from cervinet.inference.predictor import Predictor
from cervinet.model_card import Member, ModelCard
from cervinet.models.build import build_model
from cervinet.progress import Silent
from cervinet.run import Run
from written_runs import config_of

SIZE = (32, 32)
CARD = ModelCard(("normal", "CIN1"), SIZE, (("letterbox", {"fill": 0}),), "skin_cnn")
PARTS = {"train": 120, "val": 60, "test": 40}


class Told(Silent):
    """Remembers what is said."""

    def __init__(self):
        self.lines = []

    def say(self, text):
        self.lines.append(text)


def tissue(n, seed, colour=(180, 90, 80)):
    random = np.random.default_rng(seed)
    light, noise = random.normal(0, 12, (n, 1, 1, 1)), random.normal(0, 15, (n, 24, 30, 3))
    return np.clip(np.array(colour) + light + noise, 0, 255).astype(np.uint8)


def manifest_of(pixels, splits):
    rows = [{"image": f"{n}.png", "label": CARD.classes[n % 2]} for n in range(len(pixels))]
    return Manifest(table_of(rows).assign(split=splits), Path("."), CARD.classes, pixels=pixels)


@pytest.fixture(scope="module")
def manifest():
    return manifest_of(tissue(sum(PARTS.values()), 0), [name for name, count in PARTS.items() for _ in range(count)])


@pytest.fixture(scope="module")
def predictor():
    return Predictor(KerasEngine(build_model("skin_cnn", (*SIZE, 3), 2), SIZE), CARD)


@pytest.fixture(scope="module")
def images(manifest, predictor):
    return np.stack([predictor.measured(picture)[0] for picture in manifest.pictures()])


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return Run(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def made(manifest, images, predictor, run):
    return gated(config_of(), manifest, images, predictor, run, Silent())


def flags(predictor, pictures):
    return [one.verdict.flags for one in predictor.pictures(pictures)]


class TestGated:
    def test_what_the_card_says(self, made):
        gate = made.card.gate
        assert (gate["n"], gate["share"], gate["refuse"], gate["most_enlarged"]) == (60, 0.01, [], 2.0)
        assert gate["unlike"] == {"spaces": ["look", "embedding"], "training_pictures": 120}

    def test_few_pictures_like_those_of_training_are_flagged(self, made, manifest):
        for split in ("val", "test"):
            found = flags(made, manifest.take(manifest.part(split).index.to_numpy()).pictures())
            assert np.mean([bool(one) for one in found]) <= 0.1

    @pytest.mark.parametrize(
        ("changed", "expected"),
        [
            (lambda image: image // 8, {"dark", "unlike"}),
            (lambda image: 255 - image // 8, {"bright", "unlike"}),
            (lambda image: np.full_like(image, 120), {"blurred", "unlike"}),
            (lambda image: image[:8, :10], {"small"}),
            (lambda image: image[..., ::-1], {"unlike"}),
        ],
        ids=["dark", "bright", "without detail", "small", "another colour"],
    )
    def test_others_are(self, made, changed, expected):
        pictures = [Picture(Path("."), pixels=np.ascontiguousarray(changed(image))) for image in tissue(10, 7)]
        for found in flags(made, pictures):
            assert expected <= set(found)

    def test_the_file_gives_the_same_scores(self, made, run, images):
        embedding = made.engine(images[:5]).embedding
        again = Likeness.load(run.likeness).score(look(images[:5]), embedding)
        np.testing.assert_array_equal(again, made.probabilities(images[:5]).unlike)

    def test_features_give_the_same_gate(self, made, manifest, images, predictor, run, tmp_path):
        """As of a frozen backbone, whose pictures are read again where their look is asked for."""

        class Frozen(KerasEngine):
            def of_features(self, features):
                return made.engine(features.reshape(-1, *SIZE, 3).astype(np.uint8))

        features = Features((images.reshape(len(images), -1).astype(np.float32),))
        other = Predictor(Frozen(predictor.engine.source, SIZE), CARD)
        found = gated(config_of(), manifest, features, other, Run(tmp_path), Silent())
        assert found.card == made.card
        assert Run(tmp_path).likeness.stat().st_size == run.likeness.stat().st_size
        tables = [predict_rows(made, manifest, images, "test"), predict_rows(found, manifest, features, "test")]
        for name in ("flags", "unlike"):
            assert tables[0].attributes[name] == tables[1].attributes[name]

    @pytest.mark.parametrize(("count", "words"), [(0, "there are none"), (1, "there is only one")])
    def test_without_validation_pictures_there_is_none(self, predictor, count, words, tmp_path):
        pixels = tissue(20, 1)
        manifest, told, run = manifest_of(pixels, ["val"] * count + ["train"] * (20 - count)), Told(), Run(tmp_path)
        run.likeness.write_bytes(b"of an earlier end of the run")
        assert gated(config_of(), manifest, None, predictor, run, told) is predictor
        assert told.lines == [f"The run has no input gate, which is made of validation pictures: {words}."]
        assert not run.likeness.exists()

    def test_pictures_that_are_gone_are_left_out(self, manifest, images, predictor, tmp_path):
        first = manifest.part("val").index[0]
        pictures = [replace(one, pixels=None) if row == first else one for row, one in enumerate(manifest.pictures())]

        class Partly(Manifest):
            def take(self, rows):
                return _Rows([pictures[row] for row in rows])

        partly = Partly(manifest.table, manifest.root, manifest.classes, pixels=manifest.pixels)
        assert gated(config_of(), partly, images, predictor, Run(tmp_path), Silent()).card.gate["n"] == 59


class _Rows:
    def __init__(self, pictures):
        self._pictures = pictures

    def pictures(self):
        return self._pictures


class TestSampled:
    def test_all_of_a_small_split(self, manifest):
        np.testing.assert_array_equal(sampled(manifest, "val", 1), manifest.part("val").index)

    def test_of_a_large_one_each_class_has_its_share(self):
        labels = np.where(np.arange(5000) % 5 == 0, "a", "b")
        table = table_of([{"image": str(n), "label": label} for n, label in enumerate(labels)])
        large = Manifest(table.assign(split="train"), Path("."), ("a", "b"))
        rows = sampled(large, "train", 1)
        assert len(set(rows.tolist())) == 1000
        assert abs(int((labels[rows] == "a").sum()) - 200) <= 1
        np.testing.assert_array_equal(rows, sampled(large, "train", 1))
        assert rows.tolist() != sampled(large, "train", 2).tolist()


class TestTable:
    def test_flags_and_scores_of_the_test_pictures(self, made, manifest, images):
        found = predict_rows(made, manifest, images, "test")
        part = manifest.take(manifest.part("test").index.to_numpy())
        assert found.attributes["flags"] == tuple(" ".join(one) or "none" for one in flags(made, part.pictures()))
        scores = made.rows(images, manifest.part("test").index.to_numpy()).unlike
        np.testing.assert_allclose(np.array(found.attributes["unlike"], float), scores, rtol=1e-5)

    def test_without_a_gate_there_are_none(self, predictor, manifest, images):
        assert not {"flags", "unlike"} & set(predict_rows(predictor, manifest, images, "test").attributes)


class TestEnsemble:
    def ensemble(self, *members):
        count = len(members)
        card = replace(
            members[0].card, members=tuple(Member(str(n), (n + 1) / 3, "") for n in range(count)), choices={}
        )
        return Ensemble(card, members)

    def test_the_mean_of_how_unlike_a_picture_is(self, made):
        far = made.with_card(made.card, Likeness({"look": replace(made._likeness.spaces["look"], threshold=0.01)}))
        pictures = [Picture(Path("."), pixels=image) for image in tissue(4, 7)]
        one, other, both = (
            [found.unlike for found in which.pictures(pictures)] for which in (made, far, self.ensemble(made, far))
        )
        np.testing.assert_allclose(both, np.array(one) / 3 + 2 * np.array(other) / 3)
        assert all("unlike" in found for found in flags(self.ensemble(made, far), pictures))

    def test_a_member_that_has_no_gate_has_no_say(self, made, predictor):
        pictures = [Picture(Path("."), pixels=image) for image in (*tissue(3, 7), *tissue(3, 7, (80, 90, 180)))]
        assert flags(self.ensemble(made, predictor), pictures) == flags(made, pictures)

    def test_where_the_first_has_none_nothing_is_flagged(self, made, predictor):
        pictures = [Picture(Path("."), pixels=image) for image in tissue(3, 7, (80, 90, 180))]
        assert flags(self.ensemble(predictor, made), pictures) == [(), (), ()]
