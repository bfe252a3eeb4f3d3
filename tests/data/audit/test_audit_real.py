"""The audit on real pictures: planted copies of every kind are found, and good pictures are left alone."""

import os
import shutil
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from cervinet.data.audit.components import components
from cervinet.data.audit.findings import KINDS
from cervinet.data.audit.inspection import inspect
from cervinet.data.audit.measure import measure
from cervinet.data.audit.near_duplicates import find_pairs
from cervinet.data.audit.shortcuts import shortcuts
from cervinet.data.digests import Digests
from cervinet.data.manifest_checks import checked
from cervinet.data.readers.class_folders import class_folders
from cervinet.progress import Silent

REAL = Path(os.environ.get("CERVINET_REAL_DATA", Path(__file__).parents[3] / "../shared/data"))
CERVIX, BUSI = REAL / "intel-mobileodt-512" / "train", REAL / "busi-sample"

pytestmark = [
    pytest.mark.real,
    pytest.mark.slow,
    pytest.mark.skipif(not CERVIX.is_dir(), reason=f"no real pictures at {CERVIX}: set CERVINET_REAL_DATA"),
]


def jpeg(image, quality):
    return cv2.imencode(".jpg", np.ascontiguousarray(image), [cv2.IMWRITE_JPEG_QUALITY, int(quality)])[1].tobytes()


def resized(image, random):
    height, width = (round(side * random.uniform(0.3, 1.8)) for side in image.shape[:2])
    return jpeg(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), 90)


def brightened(image, levels):
    return jpeg((image.astype(int) + levels).clip(0, 255).astype(np.uint8), 90)


# By kind: bytes of the copy from the file's bytes, its pixels and a random generator; and whether its pixels are equal.
PLANTED = {
    "byte copy": (lambda data, image, random: data, True),
    "as PNG": (lambda data, image, random: cv2.imencode(".png", image)[1].tobytes(), True),
    "other label": (lambda data, image, random: data, True),
    "re-encoded": (lambda data, image, random: jpeg(image, random.integers(60, 96)), False),
    "resized": (lambda data, image, random: resized(image, random), False),
    "mirrored left to right": (lambda data, image, random: jpeg(np.fliplr(image), 85), False),
    "mirrored top to bottom": (lambda data, image, random: jpeg(np.flipud(image), 85), False),
    "turned by 90° clockwise": (lambda data, image, random: jpeg(np.rot90(image, -1), 85), False),
    "turned by 180°": (lambda data, image, random: jpeg(np.rot90(image, 2), 85), False),
    "turned by 90° anticlockwise": (lambda data, image, random: jpeg(np.rot90(image), 85), False),
    "brighter": (lambda data, image, random: brightened(image, random.integers(15, 45)), False),
    "darker": (lambda data, image, random: brightened(image, -random.integers(15, 45)), False),
}
EACH = 20


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


def audited(root, cache):
    manifest = checked(class_folders(root), None)
    pictures = manifest.pictures()
    measured = measure(pictures, Digests(cache, root).of_pictures(pictures), cache, Silent())
    return manifest, measured, find_pairs(measured, Silent())


def joined(manifest, pairs):
    """Every two images that a chain of pairs joins."""
    parts = components(len(manifest), [(pair.first, pair.second) for pair in pairs])
    images = manifest.table["image"]
    return {
        (images[first], images[second])
        for part in set(parts[[pair.first for pair in pairs]])
        for first in np.flatnonzero(parts == part)
        for second in np.flatnonzero(parts == part)
        if first < second
    }


def plant(root, random):
    """Copies of every kind beside their originals: {copy: (original, kind)}."""
    originals = sorted(path.relative_to(root) for path in root.rglob("*.jpg"))
    chosen = random.choice(len(originals), EACH * len(PLANTED), replace=False)
    planted = {}
    for place, number in enumerate(chosen):
        kind, original = list(PLANTED)[place // EACH], originals[number]
        label = original.parts[0]
        if kind == "other label":
            label = {"Type_1": "Type_2", "Type_2": "Type_3", "Type_3": "Type_1"}[label]
        copy = Path(label) / f"copy-{place}{'.png' if kind == 'as PNG' else '.jpg'}"
        data = (root / original).read_bytes()
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        (root / copy).write_bytes(PLANTED[kind][0](data, image, random))
        planted[copy.as_posix()] = (original.as_posix(), kind)
    return planted


@pytest.fixture(scope="module")
def with_copies(tmp_path_factory, cache):
    """300 pictures of the cervix with copies of every kind; and what was alike before."""
    root, random = tmp_path_factory.mktemp("pictures"), np.random.default_rng(20)
    everything = sorted(CERVIX.rglob("*.jpg"))
    for number in sorted(random.choice(len(everything), 300, replace=False)):
        path = root / everything[number].relative_to(CERVIX)
        path.parent.mkdir(exist_ok=True)
        shutil.copy(everything[number], path)
    manifest, _, pairs = audited(root, cache)
    before = joined(manifest, pairs)
    planted = plant(root, random)
    return planted, before, audited(root, cache)


def test_planted_copies_are_found_and_hardly_anything_else(with_copies):
    planted, before, (manifest, _, pairs) = with_copies
    expected = {tuple(sorted((copy, original))) for copy, (original, _) in planted.items()}
    found = {tuple(sorted(two)) for two in joined(manifest, pairs)} - {tuple(sorted(two)) for two in before}
    missed = Counter(planted[copy][1] for copy in planted if tuple(sorted((copy, planted[copy][0]))) not in found)
    assert len(expected) == EACH * len(PLANTED)
    assert len(found & expected) / len(expected) >= 0.95, missed
    assert len(found & expected) / len(found) >= 0.95, found - expected
    assert all(count <= EACH * 0.1 for count in missed.values()), missed


def test_what_was_done_to_a_copy_is_said(with_copies):
    planted, _, (manifest, _, pairs) = with_copies
    images, wrong = manifest.table["image"], []
    opposite = {"turned by 90° clockwise": "turned by 90° anticlockwise"}
    opposite |= {right: left for left, right in opposite.items()} | {"brighter": "darker", "darker": "brighter"}
    for pair in pairs:
        names = images[pair.first], images[pair.second]
        copy = next((name for name in names if name in planted), None)
        if copy is None:
            continue
        kind = planted[copy][1]
        expected = kind if copy == names[1] else opposite.get(kind, kind)
        named = kind in ("byte copy", "as PNG", "other label", "re-encoded") or expected in pair.how
        if not named or pair.exact != PLANTED[kind][1]:
            wrong.append((kind, pair))
    assert len(wrong) <= 0.02 * len(pairs), wrong


def test_the_same_picture_under_another_label_is_a_conflict(with_copies):
    planted, _, (manifest, measured, pairs) = with_copies
    findings = inspect(manifest, measured, pairs, {"label_conflicts": "error"}, (256, 256))
    images = manifest.table["image"]
    found = {image for finding in findings for image in images[list(finding.rows)] if image in planted}
    assert found == {copy for copy, (_, kind) in planted.items() if kind == "other label"}


def test_few_of_the_pictures_of_the_cervix_are_flagged(cache):
    manifest, measured, pairs = audited(CERVIX, cache)
    policies = dict.fromkeys(KINDS, "warn")
    findings = inspect(manifest, measured, pairs, policies, (256, 256)) + shortcuts(manifest, measured, policies)
    assert (len(manifest), Counter(finding.kind for finding in findings)) == (1481, {"overexposed": 1})


def test_ultrasound_pictures_that_are_nearly_the_same(tmp_path, cache):
    """The sample holds no picture twice under two classes as the public release does, so that is planted."""
    for path in BUSI.glob("*/*.png"):
        if "_mask" not in path.name:
            (tmp_path / path.parent.name).mkdir(exist_ok=True)
            shutil.copy(path, tmp_path / path.parent.name)
    shutil.copy(tmp_path / "benign" / "benign (4).png", tmp_path / "malignant" / "planted.png")
    manifest, measured, pairs = audited(tmp_path, cache)
    images = manifest.table["image"]
    findings = inspect(manifest, measured, pairs, dict.fromkeys(KINDS, "warn"), (224, 224))
    alike = {tuple(images[list(finding.rows)]): finding.kind for finding in findings if len(finding.rows) == 2}
    assert alike.pop(("benign/benign (4).png", "malignant/planted.png")) == "label_conflicts"
    assert alike == {
        ("malignant/malignant (4).png", "malignant/malignant (5).png"): "near_duplicates",
        ("malignant/malignant (7).png", "malignant/malignant (8).png"): "near_duplicates",
        ("malignant/malignant (8).png", "malignant/malignant (9).png"): "near_duplicates",
        ("normal/normal (13).png", "normal/normal (5).png"): "near_duplicates",
    }
