"""A network's answers after the calibration that its card holds."""

from dataclasses import replace

import numpy as np
import pytest

from cervinet.errors import DataError
from cervinet.inference.answers import Answers
from cervinet.inference.calibrating import calibrated
from cervinet.model_card import ModelCard

CARD = ModelCard(
    ("a", "b", "c"), (8, 8), (), "planted", subclasses=(("b1", "b"), ("a1", "a"), ("b2", "b"), ("c1", "c"))
)
LOGITS = np.random.default_rng(0).normal(0, 3, (20, 3))


def softmax(logits):
    powers = np.exp(logits)
    return powers / powers.sum(axis=1, keepdims=True)


def answers(classes=3, finer=None):
    logits = LOGITS[:, :classes]
    return Answers(softmax(logits), logits, finer, spread=np.linspace(0, 1, 20))


def with_calibration(method, values, card=CARD):
    return replace(card, calibration={"method": method, "values": values, "n": 30})


def test_without_calibration_nothing_is_touched():
    given = answers()
    assert calibrated(given, CARD) is given


@pytest.mark.parametrize(
    ("method", "values", "expected"),
    [
        ("temperature", {"temperature": 2.0}, softmax(LOGITS / 2)),
        (
            "vector",
            {"scale": [1.0, 0.5, 2.0], "shift": [0.0, 1.0, -1.0]},
            softmax(LOGITS * [1.0, 0.5, 2.0] + [0.0, 1.0, -1.0]),
        ),
    ],
)
def test_probabilities_are_calibrated_and_logits_and_spread_stay(method, values, expected):
    given = answers()
    found = calibrated(given, with_calibration(method, values))
    np.testing.assert_allclose(found.probabilities, expected, rtol=1e-12)
    np.testing.assert_array_equal(found.logits, given.logits)
    np.testing.assert_array_equal(found.spread, given.spread)
    assert found.subclasses is None


def test_isotonic_is_read_off_its_points():
    given = answers(2)
    values = {"at": [-4.0, 0.0, 4.0], "value": [0.1, 0.4, 0.95]}
    found = calibrated(given, with_calibration("isotonic", values, replace(CARD, classes=("a", "b"), subclasses=())))
    expected = np.interp(LOGITS[:, 1] - LOGITS[:, 0], [-4, 0, 4], [0.1, 0.4, 0.95])
    np.testing.assert_allclose(found.probabilities, np.stack([1 - expected, expected], axis=1), rtol=1e-12)


@pytest.mark.parametrize(
    ("method", "values"),
    [("temperature", {"temperature": 3.0}), ("vector", {"scale": [0.2, 1.0, 3.0], "shift": [2.0, 0.0, 0.0]})],
)
def test_sub_class_probabilities_sum_to_their_class(method, values):
    own, share = softmax(LOGITS), np.linspace(0.1, 0.9, 20)
    finer = np.stack([own[:, 1] * share, own[:, 0], own[:, 1] * (1 - share), own[:, 2]], axis=1)
    found = calibrated(answers(3, finer), with_calibration(method, values))
    sums = np.stack([found.subclasses[:, 1], found.subclasses[:, [0, 2]].sum(axis=1), found.subclasses[:, 3]], axis=1)
    np.testing.assert_allclose(sums, found.probabilities, rtol=1e-12)
    assert np.abs(sums - own).max() > 0.1
    np.testing.assert_allclose(found.subclasses[:, 0] / sums[:, 1], share, rtol=1e-12)


def test_a_card_that_was_damaged_is_refused():
    with pytest.raises(DataError) as error:
        calibrated(answers(), replace(CARD, calibration={"method": "temperature"}))
    assert str(error.value) == "a calibration must hold method, values and n; got {'method': 'temperature'}"


def test_a_calibration_of_other_classes_is_refused():
    with pytest.raises(DataError) as error:
        calibrated(answers(), with_calibration("vector", {"scale": [1.0, 1.0], "shift": [0.0, 0.0]}))
    assert str(error.value) == "the vector calibration is for 2 classes; got logits of 3 classes"
