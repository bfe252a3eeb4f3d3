"""Size, file type or colour that gives a class or a split away."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from cervinet.data.audit.findings import Finding
from cervinet.data.audit.measurements import Measurements
from cervinet.data.audit.shortcuts import auroc, shortcuts
from cervinet.data.manifest import Manifest, table_of

N = 300
CLASSES = ("a", "b", "c")


@pytest.fixture
def manifest():
    """A third of the pictures in each class, and in each split, independent of each other."""
    rows = [
        {"image": f"{row}.jpg", "label": CLASSES[row % 3], "split": ("train", "val", "test")[row // 3 % 3]}
        for row in range(N)
    ]
    return Manifest(table_of(rows), Path("pictures"), CLASSES)


@pytest.fixture
def measured():
    """Sizes and colours that have nothing to do with class or split."""
    random = np.random.default_rng(0)
    found = Measurements.empty(N)
    found.height[:], found.width[:] = random.integers(300, 310, (2, N))
    found.mean[:] = random.normal(100, 20, (N, 3))
    found.brightness[:] = found.mean.mean(axis=1)
    return found


def found(manifest, measured):
    findings = shortcuts(manifest, measured, {"shortcuts": "warn"})
    assert all(finding == Finding("shortcuts", "warn", (), finding.detail) for finding in findings)
    return [finding.detail for finding in findings]


def label(name):
    return np.arange(N) % 3 == CLASSES.index(name)


def test_there_are_none_by_chance(manifest, measured):
    assert found(manifest, measured) == []


def test_a_size_that_one_class_alone_has(manifest, measured):
    measured.height[label("c")] = measured.width[label("c")] = 512
    assert found(manifest, measured) == ["all 100 pictures of c are 512 × 512, no picture of another class is"]


def test_a_size_that_most_of_one_class_have(manifest, measured):
    measured.height[label("c")] = measured.width[label("c")] = 305
    measured.height[2:30:3] = measured.width[2:30:3] = 280  # 10 of c
    (detail,) = found(manifest, measured)
    elsewhere = ((measured.height == 305) & (measured.width == 305) & ~label("c")).sum() / 200
    area = (1 + 0.9 - elsewhere) / 2
    assert detail == f"90% of c are 305 × 305, {elsewhere:.0%} of the other classes (AUROC {area:.2f})"


def test_larger_pictures_of_one_class(manifest, measured):
    measured.width[label("b")] += 8
    area = roc_auc_score(label("b"), measured.width)
    inside, outside = np.median(measured.width[label("b")]), np.median(measured.width[~label("b")])
    medians = f"medians {inside:.4g} and {outside:.4g}"
    assert found(manifest, measured) == [f"width alone tells b from the other classes (AUROC {area:.2f}; {medians})"]


def test_a_file_type(manifest, measured):
    images = manifest.table["image"].where(~label("a"), manifest.table["image"].str.replace(".jpg", ".PNG"))
    manifest.table["image"] = images
    assert found(manifest, measured) == ["all 100 pictures of a are .png, no picture of another class is"]


def test_a_colour(manifest, measured):
    measured.mean[label("a"), 0] -= 60
    area = 1 - roc_auc_score(label("a"), measured.mean[:, 0])
    inside, outside = np.median(measured.mean[label("a"), 0]), np.median(measured.mean[~label("a"), 0])
    medians = f"medians {inside:.4g} and {outside:.4g}"
    assert found(manifest, measured) == [f"mean red alone tells a from the other classes (AUROC {area:.2f}; {medians})"]


def test_a_colour_that_a_disease_may_have_is_none(manifest, measured):
    measured.mean[label("a"), 0] -= 25
    assert 0.75 < 1 - roc_auc_score(label("a"), measured.mean[:, 0]) < 0.9
    assert found(manifest, measured) == []


def test_a_split_from_another_camera(manifest, measured):
    test = (manifest.table["split"] == "test").to_numpy()
    measured.height[test], measured.brightness[test] = 200, 10
    assert found(manifest, measured) == [
        f"height alone tells test from the other splits (AUROC 1.00; medians 200 and "
        f"{np.median(measured.height[~test]):.4g})",
        f"mean brightness alone tells test from the other splits (AUROC 1.00; medians 10 and "
        f"{np.median(measured.brightness[~test]):.4g})",
    ]


def test_what_tells_one_of_two_classes_is_said_once(manifest, measured):
    manifest.table["label"] = np.where(label("a"), "a", "b")
    measured.height[:], measured.width[:] = 200, 200
    measured.height[label("a")] = measured.width[label("a")] = 512
    assert found(Manifest(manifest.table, manifest.root, ("a", "b")), measured) == [
        "all 100 pictures of a are 512 × 512, no picture of another class is"
    ]


def test_few_pictures_prove_nothing(manifest, measured):
    rows = np.arange(12)
    measured.mean[label("a")] += 60
    assert found(manifest.take(rows), measured.take(rows)) == []


def test_pictures_left_out_or_unreadable_are_passed_over(manifest, measured):
    odd = label("c") & (np.arange(N) < 150)
    measured.height[label("c")] = measured.width[label("c")] = 512
    measured.height[odd] = 1
    measured.error[odd & (np.arange(N) < 75)] = "gone"
    manifest.table.loc[odd & (np.arange(N) >= 75), "split"] = None
    assert found(manifest, measured)[0] == "all 50 pictures of c are 512 × 512, no picture of another class is"


def test_of_a_single_class_and_split_there_are_none(manifest, measured):
    manifest.table["label"], manifest.table["split"] = "a", "train"
    measured.height[:150] = 512
    assert found(manifest, measured) == []


def test_unreadable_pictures_alone(manifest, measured):
    measured.error[:] = "gone"
    assert found(manifest, measured) == []


def test_what_is_ignored_is_not_found(manifest, measured):
    measured.height[label("c")] = 512
    assert shortcuts(manifest, measured, {"shortcuts": "ignore"}) == []


def test_auroc_is_scikit_learns():
    random = np.random.default_rng(0)
    for values in (random.normal(size=200), random.integers(0, 4, 200).astype(float)):
        classes = random.integers(0, 5, 200)
        positive = np.array([classes == number for number in range(5)])
        expected = [roc_auc_score(one, values) for one in positive]
        np.testing.assert_allclose(auroc(values, positive), expected, rtol=1e-12)
