"""Calibration errors against the definition, image by image."""

import numpy as np
import pytest

from cervinet.evaluation.calibration_error import BINS, KINDS, bin_of, equal_mass, equal_width
from cervinet.evaluation.evaluate import evaluate
from cervinet.evaluation.intervals import Resampling
from cervinet.evaluation.metrics import measure
from cervinet.evaluation.predictions import Predictions


def drawn(images, classes, decimals=None, seed=0):
    random = np.random.default_rng((seed, images, classes))
    probabilities = random.dirichlet(np.full(classes, 0.7), images)
    if decimals is not None:
        probabilities = np.round(probabilities, decimals) + 1e-3
        probabilities /= probabilities.sum(axis=1, keepdims=True)
    return random.integers(0, classes, images), probabilities


def error(scores, right, edges):
    """The definition, a bin at a time; an edge belongs to the bin below it."""
    total = 0.0
    for lower, upper in zip([-np.inf, *edges], [*edges, np.inf], strict=True):
        inside = [k for k, score in enumerate(scores) if lower < score <= upper]
        if inside:
            total += len(inside) * abs(np.mean([scores[k] for k in inside]) - np.mean([right[k] for k in inside]))
    return total / len(scores)


def reference(labels, probabilities, edges_of):
    """Of the top label, and the mean of the classes', with edges from `edges_of(column)`: 0 is the top label."""
    probabilities = np.round(probabilities, 12)
    top, predicted = probabilities.max(axis=1), probabilities.argmax(axis=1)
    columns = [(top, predicted == labels), *((p, labels == k) for k, p in enumerate(probabilities.T))]
    errors = [error(scores, right, edges_of(k)) for k, (scores, right) in enumerate(columns)]
    return errors[0], np.mean(errors[1:])


def width(_):
    return [k / BINS for k in range(1, BINS)]


def mass(probabilities):
    probabilities = np.round(probabilities, 12)
    columns = [probabilities.max(axis=1), *probabilities.T]
    return lambda k: np.quantile(columns[k], [j / BINS for j in range(1, BINS)])


@pytest.mark.parametrize("decimals", [None, 1], ids=["distinct", "ties"])
@pytest.mark.parametrize("shape", [(40, 2), (222, 3), (500, 26)], ids=str)
def test_equals_the_definition(shape, decimals):
    labels, probabilities = drawn(*shape, decimals)
    expected = [*reference(labels, probabilities, width), *reference(labels, probabilities, mass(probabilities))]
    found = [measure(KINDS[k], labels, probabilities) for k in (0, 2, 1, 3)]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_a_draw_keeps_the_bins_of_the_sample():
    labels, probabilities = drawn(120, 3)
    weights = np.random.default_rng(1).integers(0, 3, 120)
    twice = np.repeat(np.arange(120), weights)
    expected = [
        value
        for edges in (width, mass(probabilities))
        for value in reference(labels[twice], probabilities[twice], edges)
    ]
    found = [measure(KINDS[k], labels, probabilities, weights) for k in (0, 2, 1, 3)]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_bins_of_equal_mass_hold_equally_many():
    scores = np.random.default_rng(0).random(1500)
    counts = np.bincount(bin_of(scores, equal_mass(scores, BINS)), minlength=BINS)
    assert counts.tolist() == [100] * BINS


def test_edges_belong_to_the_bin_below():
    edges = equal_width(4)
    assert bin_of(np.array([0.0, 0.25, 0.26, 0.5, 0.75, 1.0]), edges).tolist() == [0, 0, 1, 1, 2, 3]


def test_probabilities_that_come_true_as_often_as_they_say_have_no_error():
    labels = np.array([0] * 8 + [1] * 2)
    probabilities = np.tile([0.8, 0.2], (10, 1))
    assert measure("ece", labels, probabilities) == pytest.approx(0, abs=1e-15)
    assert measure("ece", labels[:8], probabilities[:8]) == pytest.approx(0.2, abs=1e-15)


def calibrated(images, seed, sharper=1.0):
    """Labels drawn from the probabilities, or from those of other logits."""
    random = np.random.default_rng((seed, images))
    logits = random.normal(size=(images, 3)) * 1.5
    stated, true = (np.exp(z) / np.exp(z).sum(axis=1, keepdims=True) for z in (logits, logits * sharper))
    labels = (random.random(images)[:, None] > true.cumsum(axis=1)).sum(axis=1)
    names = tuple(map(str, range(images)))
    return Predictions(names, names, labels, stated, ("a", "b", "c"), "test")


@pytest.mark.slow
@pytest.mark.parametrize("sharper", [1.0, 0.6])
def test_intervals_hold_the_error_of_the_population_and_the_value(sharper):
    """Percentiles of an error that resampling raises would lie above what they are of (0 % coverage of 0)."""
    truth = evaluate(calibrated(200_000, 1, sharper), Resampling(0, 0.95, 0)).metrics
    held = 0
    for seed in range(40):
        found = evaluate(calibrated(200, seed, sharper), Resampling(200, 0.95, seed)).metrics
        for kind in KINDS:
            one = found[kind]
            assert one.lower <= one.value <= one.upper
            held += one.lower <= truth[kind].value <= one.upper
    assert held / (40 * len(KINDS)) >= 0.95
    assert found["ece"].method == "distance bootstrap, 200 draws of 200 groups"
