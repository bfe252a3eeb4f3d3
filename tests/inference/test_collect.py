"""Predictions of a split in one table, with the spread where there are several answers to a picture."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.stats

from cervinet.data.manifest import Manifest, table_of
from cervinet.data.picture import Picture
from cervinet.inference.collect import collect, predict_rows
from cervinet.inference.ensemble import Ensemble
from cervinet.inference.keras_engine import KerasEngine
from cervinet.inference.predictor import Predictor
from cervinet.inference.views import views_of
from cervinet.model_card import Member, ModelCard
from cervinet.models.build import build_model

SIZE = (32, 32)
COUNT = 40  # more than a batch
CARD = ModelCard(("a", "b", "c"), SIZE, (("letterbox", {"fill": 0}),), "breast_cnn")


@pytest.fixture(scope="module")
def networks():
    return [build_model("breast_cnn", (*SIZE, 3), 3) for _ in range(2)]


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 256, (COUNT, *SIZE, 3), np.uint8)


@pytest.fixture(scope="module")
def manifest(images, tmp_path_factory):
    rows = [{"image": f"{n}.png", "label": "abc"[n % 3], "group": str(n // 2)} for n in range(COUNT)]
    root = tmp_path_factory.mktemp("pictures")
    return Manifest(table_of(rows).assign(split="test"), root, CARD.classes, pixels=images)


def own(network, images, views):
    """Probabilities of every view by itself, float64 (views, n, classes)."""
    return np.array([network(view, training=False).numpy() for view in views_of(images, views)], np.float64)


def parted(answers, weights):
    mean = np.einsum("v,vnc->nc", weights, answers)
    return scipy.stats.entropy(mean, axis=1) - weights @ scipy.stats.entropy(answers, axis=2)


@pytest.mark.parametrize("views", [1, 4])
def test_a_split_whose_pictures_are_at_hand(networks, images, manifest, views):
    found = predict_rows(
        Predictor(KerasEngine(networks[0], CARD.image_size), replace(CARD, views=views)), manifest, images, "test"
    )
    assert found.images == tuple(manifest.table["image"])
    expected = own(networks[0], images, views)
    np.testing.assert_allclose(found.probabilities, expected.mean(axis=0), atol=1e-6)
    if views == 1:
        assert found.spread is None
    else:
        np.testing.assert_allclose(found.spread, parted(expected, np.full(4, 1 / 4)), atol=1e-7)


def test_a_split_without_pictures(networks, images, manifest):
    found = predict_rows(Predictor(KerasEngine(networks[0], CARD.image_size), CARD), manifest, images, "val")
    assert (found.images, found.probabilities.shape, found.spread) == ((), (0, 3), None)


@pytest.mark.parametrize("average", ["probability", "logit"])
def test_an_ensemble_whose_members_have_views_of_their_own(networks, images, manifest, average):
    """The spread is over members and views at once; a picture that cannot be read has none and shifts no other."""
    card = replace(CARD, members=(Member("1", 0.7, ""), Member("2", 0.3, "")), average=average)
    members = [
        Predictor(KerasEngine(network, CARD.image_size), replace(CARD, views=views))
        for network, views in zip(networks, (4, 1), strict=True)
    ]
    pictures = manifest.pictures()
    pictures[1] = Picture(manifest.root / "gone.png")
    found = collect(manifest, list(Ensemble(card, members).pictures(pictures)), "test")
    assert [(one.image, "gone.png" in one.error) for one in found.unreadable] == [("1.png", True)]
    rest = np.delete(images, 1, axis=0)
    answers = np.concatenate([own(networks[0], rest, 4), own(networks[1], rest, 1)])
    expected = parted(answers, np.array([0.7 / 4] * 4 + [0.3]))
    assert expected.min() > 1e-6
    np.testing.assert_allclose(found.spread, expected, atol=1e-7)
