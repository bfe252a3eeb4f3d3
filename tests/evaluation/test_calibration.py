"""Calibrations: against a grid, SciPy and scikit-learn; where data are too easy, too few or wrong; as JSON."""

import json
import sys

import numpy as np
import pytest
from scipy.optimize import minimize, minimize_scalar
from scipy.special import log_softmax
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from cervinet.errors import DataError
from cervinet.evaluation.calibration import Calibration, fit_calibration
from cervinet.evaluation.calibration_fit import PRIOR_DEVIATION

METHODS = ("none", "temperature", "vector", "platt", "isotonic")


def images(classes=3, n=200, seed=0, sharp=3.0, apart=1.0):
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, n)
    logits = random.normal(size=(n, classes))
    logits[np.arange(n), labels] += apart
    return logits * sharp, labels


def loss(logits, labels):
    return -log_softmax(logits, axis=1)[np.arange(len(labels)), labels].mean()


@pytest.mark.parametrize("sharp", [0.5, 1.0, 3.0, 8.0])
def test_temperature_is_the_best_of_a_fine_grid_and_of_scipy(sharp):
    logits, labels = images(sharp=sharp)
    found = fit_calibration("temperature", logits, labels).values["temperature"]
    grid = np.exp(np.linspace(np.log(0.2), np.log(100), 4001))
    assert found == pytest.approx(min(grid, key=lambda one: loss(logits / one, labels)), rel=2e-3)
    best = minimize_scalar(lambda one: loss(logits / one, labels), bounds=(0.2, 100), method="bounded")
    assert found == pytest.approx(best.x, rel=1e-4)
    assert loss(logits / found, labels) <= best.fun + 1e-15


def test_temperature_undoes_a_factor_of_the_logits():
    logits, labels = images(sharp=1)
    one, three = (fit_calibration("temperature", logits * by, labels) for by in (1, 3))
    assert three.values["temperature"] == pytest.approx(3 * one.values["temperature"], rel=1e-12)
    np.testing.assert_allclose(three.apply(logits * 3), one.apply(logits), atol=1e-12)


def test_temperature_changes_no_answer():
    logits, labels = images()
    probabilities = fit_calibration("temperature", logits, labels).apply(logits)
    np.testing.assert_array_equal(probabilities.argmax(axis=1), logits.argmax(axis=1))


def test_temperature_is_bounded():
    labels = np.arange(30) % 3
    right, wrong = np.eye(3)[labels], np.eye(3)[(labels + 1) % 3]
    sure = fit_calibration("temperature", right, labels)
    assert (sure.values, sure.in_words()) == (
        {"temperature": 0.2},
        "temperature 0.2, the lowest that is tried, fitted on 30 validation images",
    )
    unsure = fit_calibration("temperature", wrong, labels)
    assert (unsure.values, unsure.in_words()) == (
        {"temperature": 100.0},
        "temperature 100, the highest that is tried, fitted on 30 validation images",
    )


def test_equal_logits_have_no_temperature():
    assert fit_calibration("temperature", np.ones((6, 3)), np.arange(6) % 3).values == {"temperature": 1.0}


def test_temperature_does_without_a_class():
    logits, labels = images()
    kept = labels < 2
    assert fit_calibration("temperature", logits[kept], labels[kept]).n == np.count_nonzero(kept)


@pytest.mark.parametrize(("classes", "n", "apart"), [(2, 200, 1.0), (3, 200, 1.0), (9, 2000, 1.0), (3, 30, 50.0)])
def test_vector_scaling_is_the_lowest_by_another_optimizer(classes, n, apart):
    logits, labels = images(classes, n, apart=apart)

    def penalised(values):
        scale, shift = np.split(values, 2)
        prior = ((scale - 1) ** 2).sum() + (shift**2).sum()
        return loss(logits * scale + shift, labels) + prior / (2 * PRIOR_DEVIATION**2 * n)

    found = fit_calibration("vector", logits, labels).values
    values = np.concatenate([found["scale"], found["shift"]])
    other = minimize(penalised, np.concatenate([np.ones(classes), np.zeros(classes)]), method="BFGS", tol=1e-9)
    assert penalised(values) <= other.fun + 1e-12
    np.testing.assert_allclose(values, other.x, atol=2e-3)


def test_vector_scaling_is_better_than_temperature_where_a_class_is_off():
    logits, labels = images(n=2000)
    logits[:, 0] += 4
    vector, temperature = (
        fit_calibration(method, logits, labels).apply(logits) for method in ("vector", "temperature")
    )
    assert log_loss(labels, vector) < log_loss(labels, temperature) - 0.1


@pytest.mark.parametrize("apart", [0.0, 1.0, 30.0])
def test_platt_is_logistic_regression_on_his_targets(apart):
    logits, labels = images(2, apart=apart)
    difference, second = logits[:, 1] - logits[:, 0], labels.sum()
    target = np.where(labels == 1, (second + 1) / (second + 2), 1 / (len(labels) - second + 2))
    spread = difference.std()
    fitted = LogisticRegression(C=np.inf, tol=1e-12, solver="newton-cholesky", max_iter=1000).fit(
        np.concatenate([difference, difference])[:, None] / spread,
        np.repeat([1, 0], len(labels)),
        sample_weight=np.concatenate([target, 1 - target]),
    )
    found = fit_calibration("platt", logits, labels)
    assert found.values["slope"] == pytest.approx(fitted.coef_[0, 0] / spread, rel=1e-9)
    assert found.values["intercept"] == pytest.approx(fitted.intercept_[0], rel=1e-8, abs=1e-10)
    expected = fitted.predict_proba(difference[:, None] / spread)
    np.testing.assert_allclose(found.apply(logits), expected, atol=1e-9)


def test_platt_of_equal_logits_is_the_share():
    found = fit_calibration("platt", np.zeros((5, 2)), np.array([0, 0, 0, 1, 1]))
    assert found.values["slope"] == 0
    np.testing.assert_allclose(found.apply(np.zeros((1, 2)))[0, 1], (3 * 1 / 5 + 2 * 3 / 4) / 5)


def test_isotonic_is_scikit_learns():
    logits, labels = images(2, n=500, apart=0.5)
    difference = logits[:, 1] - logits[:, 0]
    fitted = IsotonicRegression(out_of_bounds="clip").fit(difference, labels)
    new = np.random.default_rng(5).normal(size=(300, 2)) * 12
    expected = np.clip(fitted.predict(new[:, 1] - new[:, 0]), 1e-6, 1 - 1e-6)
    found = fit_calibration("isotonic", logits, labels)
    np.testing.assert_allclose(found.apply(new)[:, 1], expected, atol=1e-12)
    assert expected.min() == 1e-6


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("apart", [0.0, 1.0, 1e3, 1e6])
def test_probabilities_are_finite_and_sum_to_one(method, apart):
    logits, labels = images(2, 30, apart=apart)
    found = fit_calibration(method, logits, labels)
    probabilities = found.apply(np.concatenate([logits, [[-1e9, 1e9]]]))
    assert np.isfinite(probabilities).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-12)
    json.dumps(found.to_json(), allow_nan=False)


@pytest.mark.parametrize("method", METHODS[1:])
def test_order_and_rounding_of_images_change_nothing(method):
    logits, labels = images(2)
    order = np.random.default_rng(1).permutation(len(labels))
    first, second = fit_calibration(method, logits, labels), fit_calibration(method, logits[order], labels[order])
    for name, values in first.values.items():
        np.testing.assert_allclose(second.values[name], values, atol=1e-9)
    rounded = fit_calibration(method, logits.astype(np.float32), labels)
    np.testing.assert_allclose(rounded.apply(logits), first.apply(logits), atol=1e-5)


def test_without_calibration_it_is_the_softmax():
    logits, labels = images()
    found = fit_calibration("none", logits, labels)
    np.testing.assert_allclose(found.apply(logits), np.exp(log_softmax(logits, axis=1)), atol=1e-15)
    assert found.in_words() == "none: the network's own probabilities"


@pytest.mark.parametrize(
    ("method", "words"),
    [("vector", "vector scaling"), ("platt", "platt"), ("isotonic", "isotonic")],
)
def test_it_says_what_was_done(method, words):
    assert fit_calibration(method, *images(2)).in_words() == f"{words}, fitted on 200 validation images"


@pytest.mark.parametrize("method", METHODS)
def test_json_gives_the_same_probabilities(method):
    logits, labels = images(2)
    found = fit_calibration(method, logits, labels)
    again = Calibration.from_json(json.loads(json.dumps(found.to_json(), allow_nan=False)))
    assert again == found
    np.testing.assert_array_equal(again.apply(logits), found.apply(logits))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (None, "a calibration must hold method, values and n; got None"),
        ({"method": "none"}, "a calibration must hold method, values and n; got {'method': 'none'}"),
        (
            {"method": "magic", "values": {}, "n": 1},
            "the method of a calibration must be one of none, temperature, vector, platt, isotonic; got 'magic'",
        ),
        (
            {"method": "none", "values": {"temperature": 1}, "n": 1},
            "the values of the calibration 'none' must be empty; got {'temperature': 1}",
        ),
        (
            {"method": "platt", "values": {"slope": 1}, "n": 1},
            "the values of the calibration 'platt' must hold slope and intercept; got {'slope': 1}",
        ),
        (
            {"method": "temperature", "values": {"temperature": "1"}, "n": 1},
            "the temperature of the calibration 'temperature' must be a finite number; got '1'",
        ),
        (
            {"method": "temperature", "values": {"temperature": float("nan")}, "n": 1},
            "the temperature of the calibration 'temperature' must be a finite number; got nan",
        ),
        (
            {"method": "temperature", "values": {"temperature": 0}, "n": 1},
            "the temperature of the calibration 'temperature' must be positive; got 0",
        ),
        (
            {"method": "vector", "values": {"scale": 1, "shift": [0]}, "n": 1},
            "the scale of the calibration 'vector' must be a list of finite numbers; got 1",
        ),
        (
            {"method": "isotonic", "values": {"at": [], "value": []}, "n": 1},
            "the at of the calibration 'isotonic' must be a list of finite numbers; got []",
        ),
        (
            {"method": "vector", "values": {"scale": [1, 1], "shift": [0]}, "n": 1},
            "the lists of the calibration 'vector' must be equally long; got {'scale': [1, 1], 'shift': [0]}",
        ),
        ({"method": "none", "values": {}, "n": 1.5}, "the n of a calibration must be a number of images; got 1.5"),
    ],
)
def test_wrong_json_is_refused(given, message):
    with pytest.raises(DataError) as caught:
        Calibration.from_json(given)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("method", "logits", "labels", "message"),
    [
        (
            "platt",
            np.zeros((3, 3)),
            [0, 1, 2],
            "platt calibration is for two classes; there are 3: set evaluation.calibration to temperature or vector",
        ),
        (
            "temperature",
            np.zeros((0, 3)),
            [],
            "there is no validation image to fit a temperature calibration on: set evaluation.calibration to none",
        ),
        (
            "temperature",
            np.array([[0.0, 1.0], [np.inf, 0.0]]),
            [0, 1],
            "logits must be finite numbers to fit a calibration; those of row 1 are [inf  0.]",
        ),
        (
            "vector",
            np.zeros((2, 4)),
            [0, 2],
            "vector calibration needs validation images of every class; there are none of class number 2, 4: "
            "set evaluation.calibration to temperature or none, or bring such images",
        ),
        (
            "isotonic",
            np.zeros((2, 2)),
            [0, 0],
            "isotonic calibration needs validation images of every class; there are none of class number 2: "
            "set evaluation.calibration to none, or bring such images",
        ),
    ],
)
def test_what_cannot_be_fitted_is_said(method, logits, labels, message):
    with pytest.raises(DataError) as caught:
        fit_calibration(method, logits, np.array(labels, np.int64))
    assert str(caught.value) == message


@pytest.mark.parametrize(("method", "classes"), [("platt", 2), ("isotonic", 2), ("vector", 2)])
def test_logits_of_other_classes_are_refused(method, classes):
    found = fit_calibration(method, *images(2))
    with pytest.raises(DataError) as caught:
        found.apply(np.zeros((1, 3)))
    assert str(caught.value) == f"the {method} calibration is for {classes} classes; got logits of 3 classes"


def test_applying_needs_neither_scipy_nor_scikit_learn(child):
    code = """
import json, sys
import numpy as np
from cervinet.evaluation.calibration import Calibration
for given in json.loads(sys.argv[1]):
    Calibration.from_json(given).apply(np.eye(2))
print(sorted({name.split(".")[0] for name in sys.modules} & {"scipy", "sklearn", "matplotlib", "tensorflow"}))
"""
    fitted = [fit_calibration(method, *images(2)).to_json() for method in METHODS]
    done = child(code, json.dumps(fitted))
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "[]\n")
    assert "scipy" in sys.modules
