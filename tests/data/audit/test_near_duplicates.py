"""Copies of every kind are found as a search through all pairs finds them, and nothing else is."""

import cv2
import numpy as np
import pytest

from cervinet.data.audit import near_duplicates
from cervinet.data.audit.components import components
from cervinet.data.audit.findings import Pair
from cervinet.data.audit.fingerprint import fingerprints, oriented
from cervinet.data.audit.measure import measure
from cervinet.data.audit.measurements import Measurements
from cervinet.data.audit.near_duplicates import LIKENESS, find_pairs
from cervinet.data.picture import Picture
from cervinet.progress import Silent

SIDE = 128


def scene(seed, side=SIDE):
    """Coarse and fine structure, bright in the middle: uint8 (side, side, 3)."""
    random = np.random.default_rng(seed)
    field = np.zeros((side, side, 3), np.float32)
    for cells, strength in ((4, 20.0), (12, 18.0), (32, 10.0)):
        noise = random.normal(0, strength, (cells, cells, 3)).astype(np.float32)
        field += cv2.resize(noise, (side, side), interpolation=cv2.INTER_CUBIC)
    place = np.linspace(-1, 1, side, dtype=np.float32)
    bright = field + (160 - 60 * (place[:, None] ** 2 + place**2))[..., None]
    return bright.clip(40, 215).astype(np.uint8)  # so that 30 grey levels more or less cut nothing off


def coded(image, quality=60):
    code = cv2.imencode(".jpg", np.ascontiguousarray(image), [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return cv2.imdecode(code, cv2.IMREAD_COLOR)


def resized(image, height, width):
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)


COPIES = {
    "": coded,
    "mirrored left to right": lambda image: coded(np.fliplr(image)),
    "mirrored top to bottom": lambda image: coded(np.flipud(image)),
    "turned by 180°": lambda image: coded(np.rot90(image, 2)),
    "turned by 90° clockwise": lambda image: coded(np.rot90(image, -1)),
    "turned by 90° anticlockwise": lambda image: coded(np.rot90(image)),
    "mirrored along the diagonal": lambda image: coded(image.transpose(1, 0, 2)),
    "mirrored along the other diagonal": lambda image: coded(np.rot90(image, 2).transpose(1, 0, 2)),
    "resized from 128 × 128 to 64 × 96": lambda image: coded(resized(image, 64, 96)),
    "resized from 128 × 128 to 200 × 200": lambda image: coded(cv2.resize(image, (200, 200))),
    "30 grey levels brighter": lambda image: coded(image + np.uint8(30)),
    "30 grey levels darker": lambda image: coded(image - np.uint8(30)),
    "turned by 180°, resized from 128 × 128 to 64 × 64, 20 grey levels darker": lambda image: coded(
        np.rot90(resized(image, 64, 64), 2) - np.uint8(20)
    ),
}


def measured(images):
    rows = [Picture("picture", pixels=image) for image in images]
    return measure(rows, ["00" * 16] * len(rows), None, Silent())


def pairs_of(images, **options):
    return find_pairs(measured(images), Silent(), **options)


def every_pair(found):
    """The components of near-duplicates by comparing each picture with each in each orientation."""
    prints, flat = fingerprints(found.thumbnail)
    best = np.full((len(found), len(found)), -1.0)
    for number in range(8):
        turned = oriented(prints, number).reshape(len(found), -1)
        best = np.maximum(best, turned @ prints.reshape(len(found), -1).T)
    best[flat] = best[:, flat] = 0
    return components(len(found), np.argwhere(best >= LIKENESS).tolist())


@pytest.mark.parametrize("how", COPIES)
def test_a_copy_is_found_and_what_was_done_is_said(how):
    image = scene(1)
    (pair,) = pairs_of([scene(2), image, scene(3), COPIES[how](image), scene(4)])
    assert (pair.first, pair.second, pair.exact, pair.how) == (1, 3, False, how)
    assert LIKENESS < pair.likeness <= 1


def test_a_side_turned_with_the_picture_is_not_resized():
    image = resized(scene(1), 60, 120)
    (pair,) = pairs_of([image, np.rot90(image)])
    assert (pair.how, pair.exact) == ("turned by 90° anticlockwise", False)


def test_equal_pixels_are_paired_with_the_first_of_them():
    one, other = scene(1), scene(2)
    expected = [Pair(0, 2, exact=True), Pair(0, 3, exact=True), Pair(1, 4, exact=True)]
    assert pairs_of([one, other, one, one, other]) == expected


def test_without_the_search_for_near_duplicates_only_equal_ones_are_found():
    one = scene(1)
    assert pairs_of([one, coded(one), one], near=False) == [Pair(0, 2, exact=True)]


def test_a_copy_of_equal_pictures_is_joined_to_them_once():
    one = scene(1)
    found = pairs_of([one, one, np.fliplr(one), np.fliplr(one)])
    assert [(pair.first, pair.second, pair.exact) for pair in found] == [(0, 1, True), (0, 2, False), (2, 3, True)]


def test_flat_pictures_are_only_compared_for_equality():
    flat = [np.full((50, 50, 3), grey, np.uint8) for grey in (0, 90, 90, 92, 255)]
    assert pairs_of([*flat, flat[0]]) == [Pair(0, 5, exact=True), Pair(1, 2, exact=True)]


def test_unreadable_pictures_are_in_no_pair(tmp_path):
    rows = [Picture(tmp_path / name) for name in ("gone", "gone too")]
    assert find_pairs(measure(rows, ["0" * 32] * 2, None, Silent()), Silent()) == []


@pytest.mark.parametrize("n", [0, 1, 2])
def test_of_few_different_pictures_there_are_no_pairs(n):
    assert pairs_of([scene(seed) for seed in range(n)]) == []


def test_finds_what_a_search_through_all_pairs_finds():
    images = [scene(seed) for seed in range(300)]
    changes = list(COPIES.values())
    images += [changes[number % len(changes)](images[number]) for number in range(150)]
    order = np.random.default_rng(0).permutation(len(images))
    found = measured([images[place] for place in order])
    pairs = find_pairs(found, Silent())
    assert len(pairs) == 150
    expected = every_pair(found)
    assert len(set(expected)) == 300
    np.testing.assert_array_equal(components(450, [(pair.first, pair.second) for pair in pairs]), expected)


def crowd(count, kinds):
    """Thumbnails of a few scenes, each with faint noise of its own."""
    random = np.random.default_rng(0)
    found = Measurements.empty(count)
    scenes = [cv2.resize(cv2.cvtColor(scene(seed), cv2.COLOR_RGB2GRAY), (40, 40)) for seed in range(kinds)]
    for row in range(count):
        found.thumbnail[row] = cv2.add(scenes[row % kinds], random.integers(0, 3, (40, 40), np.uint8))
    found.pixels[:, :4] = np.arange(count, dtype=np.uint32)[:, None].view(np.uint8)
    return found


@pytest.mark.parametrize("kinds", [1, 3])
def test_a_crowd_of_copies_gives_one_pair_a_copy(kinds):
    found = crowd(600, kinds)
    pairs = find_pairs(found, Silent())
    assert len(pairs) == 600 - kinds
    np.testing.assert_array_equal(components(600, [(p.first, p.second) for p in pairs]), np.arange(600) % kinds)


@pytest.mark.parametrize("kinds", [1, 1500])
def test_few_pairs_are_compared_however_many_are_alike(monkeypatch, kinds):
    compared = []
    real = near_duplicates.likeness
    monkeypatch.setattr(near_duplicates, "likeness", lambda a, b: compared.append(len(a)) or real(a, b))
    assert len(find_pairs(crowd(3000, kinds), Silent())) == 3000 - kinds
    assert 3000 - kinds <= sum(compared) < 30 * 3000  # all pairs are 50 times as many


def test_the_result_does_not_hang_on_the_run():
    found = crowd(200, 40)
    assert find_pairs(found, Silent()) == find_pairs(found, Silent())


def test_pairs_are_ordered_and_name_the_smaller_row_first():
    pairs = find_pairs(crowd(200, 40), Silent())
    rows = [(pair.first, pair.second) for pair in pairs]
    assert rows == sorted(rows)
    assert all(first < second for first, second in rows)
