"""The ROC curve against scikit-learn's, and its area against the metric."""

import numpy as np
import pytest
from sklearn import metrics as reference

from cervinet.evaluation.curves import roc_curve
from cervinet.evaluation.metrics import measure


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
