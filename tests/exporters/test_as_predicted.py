"""Views and calibrations as TensorFlow operations, beside those that `predict` does in NumPy."""

from dataclasses import replace

import numpy as np
import pytest

from cervinet.inference.answers import Answers
from cervinet.inference.predictor import Predictor
from cervinet.model_card import ModelCard

pytestmark = pytest.mark.slow

CALIBRATIONS = {
    "none at all": {},
    "none": {"method": "none", "values": {}, "n": 9},
    "temperature": {"method": "temperature", "values": {"temperature": 0.3}, "n": 9},
    "vector": {"method": "vector", "values": {"scale": [0.5, 3.0], "shift": [0.2, -1.0]}, "n": 9},
    "platt": {"method": "platt", "values": {"slope": 2.5, "intercept": -0.7}, "n": 9},
    "isotonic": {"method": "isotonic", "values": {"at": [-1.0, 0.0, 0.5], "value": [0.0, 0.4, 1.0]}, "n": 9},
    "isotonic of one point": {"method": "isotonic", "values": {"at": [0.1], "value": [0.4]}, "n": 9},
}

PARENTS = [0, 1, 1]
SUBCLASSES = (("a1", "a"), ("b1", "b"), ("b2", "b"))


@pytest.fixture(scope="module")
def network():
    """Answers to what stands where, so that a view in the wrong place would be seen."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(3)
    picture = keras.Input((6, 6, 3))
    centred = layers.Flatten()(layers.Rescaling(1 / 128, offset=-1)(picture))
    logits = layers.Dense(2, kernel_initializer=keras.initializers.RandomNormal(stddev=0.2))(centred)
    probabilities = layers.Softmax()(logits)
    parts = layers.Softmax()(layers.Dense(3)(centred)) * keras.ops.stack([probabilities[:, i] for i in PARENTS], axis=1)
    return keras.Model(picture, {"logits": logits, "probabilities": probabilities, "subclass_probabilities": parts})


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(5).integers(0, 256, (7, 6, 6, 3), np.uint8)


@pytest.mark.parametrize("views", [1, 2, 4, 8])
@pytest.mark.parametrize("calibration", CALIBRATIONS.values(), ids=CALIBRATIONS)
def test_it_is_what_the_predictor_says(network, images, views, calibration):
    from cervinet.exporters.as_predicted import answered

    class Engine:
        name = "keras"

        def __call__(self, pictures):
            return Answers.of_outputs(
                {key: value.numpy() for key, value in network(pictures.astype(np.float32)).items()}
            )

    card = ModelCard(("a", "b"), (6, 6), (), "planted", subclasses=SUBCLASSES, views=views, calibration=calibration)
    wanted = Predictor(Engine(), card).probabilities(images)
    assert np.ptp(wanted.probabilities[:, 0]) > 0.1 or calibration.get("values", {}).get("at") == [0.1]
    found = answered(network, images, card)
    assert list(found) == ["probabilities", "subclass_probabilities"]
    np.testing.assert_allclose(found["probabilities"].numpy(), wanted.probabilities, atol=2e-6)
    np.testing.assert_allclose(found["subclass_probabilities"].numpy(), wanted.subclasses, atol=2e-6)
    plain = answered(network, images, replace(card, subclasses=()))
    assert list(plain) == ["probabilities"]
