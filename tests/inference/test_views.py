"""Mirror images and quarter turns: which they are, and that a prediction is their mean."""

from dataclasses import replace
from pathlib import Path

import cv2
import keras
import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from cervinet.data.picture import Picture
from cervinet.inference.keras_engine import KerasEngine
from cervinet.inference.predictor import Predictor
from cervinet.inference.views import views_of, views_words
from cervinet.model_card import ModelCard
from cervinet.models.build import build_model

SIZE = (32, 32)


@pytest.fixture(scope="module")
def model():
    return build_model("breast_cnn", (*SIZE, 3), 3)


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 256, (5, *SIZE, 3), np.uint8)


def predictor(model, views):
    return Predictor(
        KerasEngine(model, SIZE),
        ModelCard(("a", "b", "c"), SIZE, (("letterbox", {"fill": 0}),), "breast_cnn", views=views),
    )


def flips(image):
    """By OpenCV and np.rot90, which know nothing of how views are made."""
    upright = [image, cv2.flip(image, 1), cv2.flip(image, 0), cv2.flip(image, -1)]
    return [*upright, *(cv2.flip(np.rot90(one), 0) for one in upright)]


@pytest.mark.parametrize("count", [1, 2, 4, 8])
def test_the_views_and_their_order(count):
    image = np.random.default_rng(1).integers(0, 256, (6, 6, 3), np.uint8)
    found = [batch[0] for batch in views_of(image[None], count)]
    np.testing.assert_array_equal(found, flips(image)[:count])


def test_four_views_keep_the_sides_of_a_picture():
    assert {view.shape for view in views_of(np.zeros((2, 4, 7, 3), np.uint8), 4)} == {(2, 4, 7, 3)}


def test_one_view_is_the_plain_network_bit_for_bit(model, images):
    found = predictor(model, 1).probabilities(images)
    outputs = keras.Model(model.input, [model.output, model.get_layer("logits").output])
    plain = tf.function(lambda given: outputs(given, training=False))(tf.constant(images))
    np.testing.assert_array_equal(found.probabilities, plain[0].numpy())
    np.testing.assert_array_equal(found.logits, plain[1].numpy())
    assert found.spread is None


@pytest.mark.parametrize("count", [2, 4, 8])
def test_several_views_are_the_mean_of_the_plain_network_over_hand_made_flips(model, images, count):
    found = predictor(model, count).probabilities(images)
    own = np.array(
        [[model(one[None], training=False).numpy()[0] for one in flips(i)[:count]] for i in images], np.float64
    )
    expected = own.mean(axis=1)
    assert np.abs(expected - model(images, training=False).numpy()).max() > 1e-5
    np.testing.assert_allclose(found.probabilities, expected, atol=1e-6)
    np.testing.assert_allclose(found.logits, np.log(expected), atol=1e-5)
    parted = scipy.stats.entropy(expected, axis=1) - scipy.stats.entropy(own, axis=2).mean(axis=1)
    assert parted.min() > 1e-9
    np.testing.assert_allclose(found.spread, parted, atol=1e-7)


def test_the_pictures_of_a_command_get_the_same_views(model, images, tmp_path: Path):
    names = [tmp_path / f"{number}.png" for number in range(len(images))]
    for name, image in zip(names, images, strict=True):
        cv2.imwrite(str(name), image[..., ::-1])
    several = predictor(model, 4)
    found = list(several.pictures([*map(Picture, names), Picture(tmp_path / "gone.png")]))
    expected = several.probabilities(images)
    np.testing.assert_array_equal([one.probabilities for one in found[:-1]], expected.probabilities)
    np.testing.assert_array_equal([one.logits for one in found[:-1]], expected.logits)
    np.testing.assert_array_equal([one.spread for one in found[:-1]], expected.spread)
    assert found[-1].probabilities is None
    assert "gone.png" in found[-1].error


def test_what_is_said_of_them():
    assert [views_words(count) for count in (1, 4)] == ["", "mean of 4 views of each picture"]


def test_views_common_to_the_members_of_an_ensemble():
    card = ModelCard(("a", "b"), SIZE, (), "x", views=4)
    assert ModelCard.common_views([card, card]) == 4
    assert ModelCard.common_views([card, replace(card, views=2)]) == 1
