"""MixUp and CutMix: labels sum to 1 and are those of the pixels; draws depend on the position in the epoch alone."""

import numpy as np
import pytest
from scipy import stats

from cervinet.amount import Amount
from cervinet.data.mixing import blended, box_of, mixed

OFF = Amount(1.0, 0.0)


def batch(n=64, side=20, classes=5):
    """Each picture is of one grey, 3 × its number; labels and weights by turns."""
    numbers = np.arange(n)
    images = np.broadcast_to(3 * numbers[:, None, None, None], (n, side, side, 3)).astype(np.uint8)
    return images, np.eye(classes, dtype=np.float32)[numbers % classes], (1 + numbers % classes).astype(np.float32)


def mix(batch, mixup=OFF, cutmix=OFF, seed=1, epoch=2, first=32):
    return mixed(batch, mixup=mixup, cutmix=cutmix, seed=seed, epoch=epoch, first=first)


@pytest.mark.parametrize(
    ("mixup", "cutmix"), [(Amount(0.4), OFF), (OFF, Amount(1.0)), (Amount(0.4, 0.5), Amount(1.0, 0.5))]
)
class TestBoth:
    def test_labels_sum_to_1_and_nothing_is_left_of_its_range(self, mixup, cutmix):
        images, labels, weights = mix(batch(), mixup, cutmix)
        assert (images.dtype, labels.dtype, weights.dtype) == (np.uint8, np.float32, np.float32)
        np.testing.assert_allclose(labels.sum(axis=1), 1, atol=1e-6)
        assert (labels >= 0).all()
        assert 1 - 1e-6 < weights.min() <= weights.max() < 5 + 1e-6

    def test_weights_are_mixed_as_the_labels_are(self, mixup, cutmix):
        _, labels, weights = mix(batch(), mixup, cutmix)
        np.testing.assert_allclose(weights, labels @ np.arange(1, 6), rtol=1e-5)

    def test_the_same_place_gives_the_same_batch_and_another_one_does_not(self, mixup, cutmix):
        once, again = mix(batch(), mixup, cutmix), mix(batch(), mixup, cutmix)
        assert all(np.array_equal(a, b) for a, b in zip(once, again, strict=True))
        for other in ({"seed": 2}, {"epoch": 3}, {"first": 0}):
            assert not np.array_equal(once[1], mix(batch(), mixup, cutmix, **other)[1])

    def test_the_batch_itself_is_left_as_it_was(self, mixup, cutmix):
        given = batch()
        mix(given, mixup, cutmix)
        assert all(np.array_equal(a, b) for a, b in zip(given, batch(), strict=True))

    def test_a_lone_picture_is_mixed_with_itself(self, mixup, cutmix):
        images, labels, _ = mix(batch(1), mixup, cutmix)
        np.testing.assert_array_equal(images, batch(1)[0])
        np.testing.assert_array_equal(labels, batch(1)[1])


def test_off_changes_nothing():
    for found, given in zip(mix(batch()), batch(), strict=True):
        np.testing.assert_array_equal(found, given)


def test_shares_of_mixup_are_those_of_the_pixels():
    images, labels, _ = mix((batch(64)[0], np.eye(64, dtype=np.float32), np.ones(64, np.float32)), Amount(0.8))
    np.testing.assert_allclose(images[:, 0, 0, 0], labels @ (3 * np.arange(64)), atol=0.51)
    assert (images == images[:, :1, :1, :1]).all()


def test_shares_of_cutmix_are_areas():
    images, labels, _ = mix((batch(64)[0], np.eye(64, dtype=np.float32), np.ones(64, np.float32)), cutmix=Amount(1.0))
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        own = (image[..., 0] == 3 * number).mean()
        assert label[number] == pytest.approx(own, abs=1e-6)
        assert len(np.unique(image)) <= 2


def test_each_picture_is_the_partner_of_one():
    labels = mix((batch(64)[0], np.eye(64, dtype=np.float32), np.ones(64, np.float32)), Amount(5.0))[1]
    partners = [np.flatnonzero(np.delete(row, number)) for number, row in enumerate(labels)]
    assert all(len(partner) <= 1 for partner in partners)
    assert ((labels > 0).sum(axis=0) <= 2).all()


@pytest.mark.parametrize(("mixup", "cutmix"), [(0.3, 0.0), (0.0, 0.6), (0.3, 0.5), (0.5, 0.5)])
def test_the_probabilities_are_those_set(mixup, cutmix):
    blended_pictures = pasted = 0
    for first in range(0, 64 * 30, 64):
        images = mix(batch(), Amount(2.0, mixup), Amount(2.0, cutmix), first=first)[0]
        even = (images == images[:, :1, :1]).all(axis=(1, 2, 3))
        blended_pictures += int((even & (images[:, 0, 0, 0] != batch()[0][:, 0, 0, 0])).sum())
        pasted += int((~even).sum())
    # A share near 1 or a small box rounds to nothing now and then, and one of 64 partners is the picture itself.
    assert blended_pictures / 1920 == pytest.approx(mixup, abs=0.05)
    assert pasted / 1920 == pytest.approx(cutmix, abs=0.05)


@pytest.mark.parametrize("alpha", [0.2, 1.0, 4.0])
def test_the_shares_of_mixup_have_the_beta_distribution(alpha):
    shares = []
    for first in range(0, 640, 64):
        labels = mix((batch(64)[0], np.eye(64, dtype=np.float32), np.ones(64, np.float32)), Amount(alpha), first=first)[
            1
        ]
        shares += [row[number] for number, row in enumerate(labels) if row[number] < 1]
    assert stats.kstest(shares, stats.beta(alpha, alpha).cdf).pvalue > 0.01


@pytest.mark.parametrize("centre", [(0.5, 0.5), (0.0, 0.0), (0.99, 0.3)])
@pytest.mark.parametrize("share", [0.0, 0.25, 0.9, 1.0])
def test_a_box_keeps_the_share_that_it_says(share, centre):
    rows, columns, kept = box_of(share, (30, 50), centre)
    mask = np.zeros((30, 50), bool)
    mask[rows, columns] = True
    assert kept == pytest.approx(1 - mask.mean())
    if centre == (0.5, 0.5):
        assert kept == pytest.approx(share, abs=0.06)


def test_a_blend_is_rounded():
    a, b = (np.full((2, 2, 3), value, np.uint8) for value in (10, 13))
    assert (blended(a, b, 0.5) == 12).all()
    assert (blended(a, b, 0.8) == 11).all()
