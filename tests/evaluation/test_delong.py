"""Variance of an area: DeLong's pair by pair, Obuchowski's by group, and both against simulation."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from cervinet.evaluation.delong import area_check, area_variance


def drawn(images, decimals=None, seed=0):
    random = np.random.default_rng(seed)
    positive = np.arange(images) % 3 == 0
    scores = random.normal(size=images) + 1.2 * positive
    return positive, scores if decimals is None else np.round(scores, decimals)


def delong(positive, scores):
    """Pair by pair: the variances of what each positive and each negative contributes."""
    ours, others = scores[positive][:, None], scores[~positive][None]
    won = (ours > others) + (ours == others) / 2
    return won.mean(), won.mean(axis=1).var(ddof=1) / len(ours) + won.mean(axis=0).var(ddof=1) / others.size


@pytest.mark.parametrize("decimals", [None, 0], ids=["distinct", "ties"])
@pytest.mark.parametrize("images", [9, 60, 300])
def test_without_groups_it_is_delongs(images, decimals):
    positive, scores = drawn(images, decimals)
    area, variance = area_variance(positive, scores, np.arange(images), images)
    assert area == pytest.approx(roc_auc_score(positive, scores), abs=1e-12)
    assert (area, variance) == pytest.approx(delong(positive, scores), abs=1e-12)


def test_groups_of_four_equal_images_have_the_variance_of_one_image_each():
    positive, scores = drawn(60)
    alone = area_variance(positive, scores, np.arange(60), 60)
    together = area_variance(np.repeat(positive, 4), np.repeat(scores, 4), np.repeat(np.arange(60), 4), 60)
    assert together == pytest.approx(alone, abs=1e-12)


def test_groups_with_both_kinds_equal_obuchowskis_sums():
    random = np.random.default_rng(5)
    members = random.integers(0, 12, 70)
    members[:12] = np.arange(12)
    positive, scores = random.random(70) < 0.4, random.normal(size=70)
    ours, others = scores[positive][:, None], scores[~positive][None]
    won = (ours > others) + (ours == others) / 2
    area, m, n = won.mean(), positive.sum(), (~positive).sum()
    x = [(won.mean(axis=1)[members[positive] == g] - area).sum() for g in range(12)]
    y = [(won.mean(axis=0)[members[~positive] == g] - area).sum() for g in range(12)]
    with_ours, with_others = len(set(members[positive])), len(set(members[~positive]))
    s10 = with_ours / ((with_ours - 1) * m) * np.dot(x, x)
    s01 = with_others / ((with_others - 1) * n) * np.dot(y, y)
    s11 = 12 / 11 * np.dot(x, y)
    expected = s10 / m + s01 / n + 2 * s11 / (m * n)
    assert area_variance(positive, scores, members, 12) == pytest.approx((area, expected), abs=1e-12)


def test_by_group_it_is_the_variance_between_data_sets():
    """Of 400 sets of 60 groups of three images, whose kinds are mixed within a group."""
    areas, variances = [], []
    for seed in range(400):
        random = np.random.default_rng(seed)
        members = np.repeat(np.arange(60), 3)
        positive = random.random(180) < 0.4
        scores = np.repeat(random.normal(size=60), 3) + random.normal(size=180) * 0.5 + positive
        area, variance = area_variance(positive, scores, members, 60)
        areas.append(area)
        variances.append(variance)
    assert np.mean(variances) == pytest.approx(np.var(areas, ddof=1), rel=0.15)


def test_the_check_is_a_normal_interval_within_the_unit():
    positive, scores = drawn(60)
    area, variance = delong(positive, scores)
    found = area_check(positive, scores, np.arange(60), 60, 0.95)
    half = 1.959963984540054 * np.sqrt(variance)
    assert found.method == "DeLong"
    assert (found.lower, found.upper) == pytest.approx((area - half, min(1, area + half)), abs=1e-12)
    grouped = area_check(positive, scores, np.arange(60) // 2, 30, 0.95)
    assert grouped.method == "DeLong by 30 groups (Obuchowski)"


def test_an_area_of_certainty_has_no_check():
    positive = np.array([True, True, False, False])
    for scores in ([3.0, 4.0, 1.0, 2.0], [1.0, 1.0, 1.0, 1.0]):
        assert area_check(positive, np.array(scores), np.arange(4), 4, 0.95) is None
    assert area_check(np.ones(4, bool), np.arange(4.0), np.arange(4), 4, 0.95) is None
    one = np.array([True, False, False, False])
    assert area_check(one, np.array([2.0, 1.0, 3.0, 0.0]), np.arange(4), 4, 0.95) is None
