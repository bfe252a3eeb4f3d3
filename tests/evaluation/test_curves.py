"""The curves against scikit-learn's, their areas against the metrics, their bands against resampled data."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn import metrics as reference

from cervinet.evaluation import curves
from cervinet.evaluation.curves import Bands, bands, precision_recall_curve, roc_curve
from cervinet.evaluation.draws import draw_counts
from cervinet.evaluation.intervals import Resampling
from cervinet.evaluation.metrics import measure
from cervinet.evaluation.predictions import Predictions


@pytest.mark.parametrize("decimals", [1, 12], ids=["ties", "distinct"])
@pytest.mark.parametrize("images", [2, 5, 300])
def test_is_the_curve_of_scikit_learn(images, decimals):
    random = np.random.default_rng(images)
    positive = np.arange(images) % 2 == 0
    scores = np.round(random.random(images) * 0.8 + 0.2 * positive, decimals)
    alarms, hits = roc_curve(positive, scores)
    x, y, _ = reference.roc_curve(positive, scores, drop_intermediate=False)
    # Every point of the reference lies on our curve: on a vertical part too, hence the distance to segments.
    points = np.stack([x, y], axis=1)
    starts, ends = np.stack([alarms, hits], axis=1)[:-1], np.stack([alarms, hits], axis=1)[1:]
    along = ((points[:, None] - starts) * (ends - starts)).sum(-1) / ((ends - starts) ** 2).sum(-1)
    nearest = starts + np.clip(along, 0, 1)[..., None] * (ends - starts)
    assert np.linalg.norm(points[:, None] - nearest, axis=-1).min(axis=1).max() < 1e-12
    assert (alarms[0], hits[0], alarms[-1], hits[-1]) == (0, 0, 1, 1)
    area = measure("auroc", positive.astype(int), np.stack([1 - scores, scores], axis=1))[1]
    assert np.trapezoid(hits, alarms) == pytest.approx(area, abs=1e-12)


def test_points_inside_a_straight_line_are_left_out():
    alarms, hits = roc_curve(np.array([True, True, True, False]), np.array([0.9, 0.8, 0.7, 0.6]))
    assert (alarms.tolist(), hits.tolist()) == ([0, 0, 1], [0, 1, 1])


@pytest.mark.parametrize("decimals", [1, 12], ids=["ties", "distinct"])
def test_precision_and_recall_are_those_of_scikit_learn(decimals):
    random = np.random.default_rng(4)
    positive = random.random(80) < 0.3
    scores = np.round(random.random(80) * 0.8 + 0.2 * positive, decimals)
    recall, precision = precision_recall_curve(positive, scores)
    expected = reference.precision_recall_curve(positive, scores)
    np.testing.assert_allclose(precision, expected[0][-2::-1], atol=1e-12)
    np.testing.assert_allclose(recall, expected[1][-2::-1], atol=1e-12)
    area = (np.diff(recall, prepend=0) * precision).sum()
    assert area == pytest.approx(reference.average_precision_score(positive, scores), abs=1e-12)


def judged(images=60, groups=20, classes=3, decimals=2):
    """Predictions of few distinct probabilities, so that scores tie."""
    random = np.random.default_rng(7)
    labels, members = np.arange(images) % classes, random.permutation(np.arange(images) % groups)
    rows = np.round(random.dirichlet(np.ones(classes), images) + 0.4 * np.eye(classes)[labels], decimals) + 0.01
    return Predictions(
        images=tuple(map(str, range(images))),
        groups=tuple(map(str, members)),
        labels=labels,
        probabilities=rows / rows.sum(axis=1, keepdims=True),
        classes=tuple("abcdefg"[:classes]),
        split="test",
    )


def resampled(given, draws, seed):
    """Curves of data sets that are literally resampled, by scikit-learn: at rates, `(draws, classes, 101)` each."""
    members, groups = given.members()
    at, roc, steps = np.linspace(0, 1, 101), [], []
    for counts in draw_counts(groups, range(draws), seed):
        rows = np.concatenate([np.flatnonzero(members == group) for group in np.repeat(np.arange(groups), counts)])
        for index in range(len(given.classes)):
            positive, scores = given.labels[rows] == index, given.probabilities[rows, index]
            x, y, _ = reference.roc_curve(positive, scores, drop_intermediate=False)
            roc.append([np.interp(rate, x, y) for rate in at])
            precision, recall, _ = reference.precision_recall_curve(positive, scores)
            steps.append([precision[(recall >= max(rate, 1e-12) - 1e-12).nonzero()[0].max()] for rate in at])
    shape = (draws, len(given.classes), 101)
    return at, np.reshape(roc, shape), np.reshape(steps, shape)


def test_bands_are_percentiles_of_resampled_curves():
    given = judged()
    found = bands(given, Resampling(40, 0.9, 3))
    at, roc, steps = resampled(given, 40, 3)
    for kind, drawn in ((found.roc, roc), (found.precision_recall, steps)):
        for index, band in enumerate(kind):
            np.testing.assert_array_equal(band.at, at)
            np.testing.assert_allclose(band.lower, np.quantile(drawn[:, index], 0.05, axis=0), atol=1e-9)
            np.testing.assert_allclose(band.upper, np.quantile(drawn[:, index], 0.95, axis=0), atol=1e-9)


def test_a_class_of_one_group_has_no_band():
    given = judged(images=21, groups=21)
    lonely = replace(given, labels=np.where(np.arange(21) == 2, 2, np.arange(21) % 2))
    found = bands(lonely, Resampling(200, 0.95, 0))
    assert [band is None for band in found.roc] == [False, False, True]
    assert [band is None for band in found.precision_recall] == [False, False, True]


@pytest.mark.parametrize(("groups", "draws"), [(1, 50), (20, 0)])
def test_nothing_to_draw_gives_no_bands(groups, draws):
    assert bands(judged(groups=groups), Resampling(draws, 0.95, 0)) == Bands((None,) * 3, (None,) * 3)


def test_a_class_that_lacks_in_some_draws_does_not_disturb_the_others():
    """The draws share one axis; a draw without a class must leave its neighbours as they are."""
    given = judged(images=12, groups=12)
    counts = draw_counts(12, range(300), seed=1)
    whole = curves._counts(given.labels == 0, given.probabilities[:, 0], given.members()[0])
    at = np.linspace(0, 1, 101)
    for of in (curves._sensitivities, curves._precisions):
        together = of(*whole(counts), at)
        alone = np.concatenate([of(*whole(counts[[row]]), at) for row in range(300)])
        assert np.isnan(together).any()
        np.testing.assert_allclose(together, alone, atol=1e-9)
