"""tf.data batches: what comes, in which order, and that order and augmentation depend on (seed, epoch, index) alone."""

from pathlib import Path

import numpy as np
import pytest

from cervinet.data.augment import Augmentation
from cervinet.data.pipeline import Batches, batch_bounds
from cervinet.data.store import Store
from cervinet.errors import ConfigError

FLIPS = Augmentation(horizontal_flip=0.5, vertical_flip=0.5)


@pytest.fixture
def batches() -> Batches:
    """23 pictures of which rows 3…22 are the split; every picture says its row in each of its pixels' red."""
    images = np.random.default_rng(0).integers(0, 256, (23, 6, 8, 3), dtype=np.uint8)
    images[..., 0] = np.arange(23)[:, None, None]
    rows = np.arange(3, 23)
    return Batches(Store(images, Path(), False), rows, rows % 3, 3, (6, 8), (0, 8, 16, 20))


def collected(dataset) -> tuple[np.ndarray, np.ndarray]:
    parts = [(images.numpy(), labels.numpy()) for images, labels in dataset]
    return tuple(np.concatenate(part) for part in zip(*parts, strict=True))


def test_in_order_gives_every_picture_of_the_split_once_with_its_label(batches: Batches) -> None:
    images, labels = collected(batches.in_order())
    np.testing.assert_array_equal(images, batches.images[batches.rows])
    np.testing.assert_array_equal(labels, np.eye(3)[batches.labels])


def test_the_number_of_steps_is_known_and_the_last_step_has_the_rest(batches: Batches) -> None:
    dataset = batches.in_order()
    assert int(dataset.cardinality()) == batches.steps == 3
    assert [len(images) for images, _ in dataset] == [8, 8, 4]
    assert dataset.element_spec[0].shape.as_list() == [None, 6, 8, 3]
    assert dataset.element_spec[0].dtype.name == "uint8"


def test_an_epoch_is_a_permutation_that_changes_with_epoch_and_seed(batches: Batches) -> None:
    def order(seed: int, epoch: int) -> list[int]:
        images, labels = collected(batches.training(seed, epoch, Augmentation()))
        rows = images[:, 0, 0, 0].tolist()
        np.testing.assert_array_equal(labels.argmax(axis=1), np.array(rows) % 3)
        return rows

    assert sorted(order(1, 0)) == list(range(3, 23))
    assert order(1, 0) == order(1, 0)
    assert order(1, 0) != order(1, 1)
    assert order(1, 0) != order(2, 0)


def test_augmentation_of_a_picture_does_not_depend_on_its_place_in_the_epoch(batches: Batches) -> None:
    def by_row(which: Batches) -> dict[int, bytes]:
        images, _ = collected(which.training(5, 2, FLIPS))
        return {int(image[0, 0, 0]): image.tobytes() for image in images}

    few = Batches(batches.images, batches.rows[::2], batches.labels[::2], 3, (6, 8), (0, 3, 6, 9, 10))
    everything = by_row(batches)
    assert by_row(few).items() <= everything.items()
    assert any(view != batches.images[np.array([row])].tobytes() for row, view in everything.items())


@pytest.mark.parametrize(
    ("pictures", "batch_size", "replicas", "bounds"),
    [
        (20, 8, 1, (0, 8, 16, 20)),
        (16, 8, 1, (0, 8, 16)),
        (3, 8, 1, (0, 3)),
        (20, 8, 2, (0, 8, 16, 20)),
        (25, 8, 2, (0, 8, 16, 22, 25)),
        (17, 8, 2, (0, 8, 14, 17)),
        (7, 8, 2, (0, 4, 7)),
        (9, 8, 4, (0, 4, 9)),
    ],
)
def test_every_replica_gets_a_part_of_every_batch(pictures, batch_size, replicas, bounds) -> None:
    found = batch_bounds(pictures, batch_size, replicas)
    sizes = np.diff(found)
    assert (sizes >= replicas).all()
    assert sizes.sum() == pictures
    assert sizes[0] % replicas == 0 or replicas == 1
    assert found == bounds


def test_a_batch_that_gpus_cannot_share_is_one_sentence() -> None:
    with pytest.raises(ConfigError) as error:
        batch_bounds(100, 9, 2)
    assert str(error.value) == (
        "`training.batch_size` must be a multiple of 2, the number of GPUs, and at least 4; got 9"
    )
    with pytest.raises(ConfigError) as error:
        batch_bounds(3, 8, 2)
    assert str(error.value) == "a split of 3 pictures is too small for 2 GPUs; use fewer of them"


def test_validation_is_never_augmented(batches: Batches) -> None:
    list(batches.training(1, 0, FLIPS))
    images, _ = collected(batches.in_order())
    np.testing.assert_array_equal(images, batches.images[batches.rows])
