"""tf.data batches: what comes, in which order, and that order and augmentation depend on (seed, epoch, index) alone."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cervinet.amount import Amount
from cervinet.data import pipeline
from cervinet.data.augment import Augmentation
from cervinet.data.imbalance import Emphasis, class_weights, oversample
from cervinet.data.manifest import Manifest, table_of
from cervinet.data.pipeline import Batches, Parts, batch_bounds, batches_of
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
    ("pictures", "batch_size", "parts", "bounds"),
    [
        (20, 8, 1, (0, 8, 16, 20)),
        (16, 8, 1, (0, 8, 16)),
        (3, 8, 1, (0, 3)),
        (20, 8, 2, (0, 8, 16, 20)),
        (25, 8, 2, (0, 8, 16, 22, 25)),
        (17, 8, 2, (0, 8, 14, 17)),
        (7, 8, 2, (0, 7)),
        (25, 9, 4, (0, 9, 18, 25)),
        (9, 8, 4, (0, 4, 9)),
        (2, 8, 2, (0, 2)),
    ],
)
def test_every_device_gets_a_part_of_every_batch(pictures, batch_size, parts, bounds) -> None:
    found = batch_bounds(pictures, batch_size, parts)
    sizes = np.diff(found)
    assert (sizes >= parts).all()
    assert sizes.sum() == pictures
    assert found == bounds


def test_a_batch_that_devices_cannot_share_is_one_sentence() -> None:
    with pytest.raises(ConfigError) as error:
        batch_bounds(100, 3, 2)
    assert str(error.value) == ("`training.batch_size` must be at least 4, two pictures for each of 2 devices; got 3")
    with pytest.raises(ConfigError) as error:
        batch_bounds(3, 8, 4)
    assert str(error.value) == "a split of 3 pictures is too small for 4 devices; use fewer of them"


def test_validation_is_never_augmented(batches: Batches) -> None:
    list(batches.training(1, 0, FLIPS))
    images, _ = collected(batches.in_order())
    np.testing.assert_array_equal(images, batches.images[batches.rows])


EVERYTHING = Augmentation(
    horizontal_flip=0.5,
    rotation=Amount(20),
    hue=Amount(10),
    noise=Amount(0.1, 0.5),
    mixup=Amount(0.4, 0.5),
    cutmix=Amount(1.0, 0.5),
)
COUNTS = {"a": 7, "b": 2, "c": 11}


@pytest.fixture
def unequal() -> Callable[[Emphasis], Batches]:
    """`unequal(emphasis)`: 20 pictures of three classes, 7, 2 and 11; every picture says its row in its red."""
    images = np.random.default_rng(0).integers(0, 256, (20, 6, 8, 3), dtype=np.uint8)
    images[..., 0] = np.arange(20)[:, None, None]
    labels = np.random.default_rng(1).permutation(np.repeat([0, 1, 2], list(COUNTS.values())))

    def made(emphasis: Emphasis) -> Batches:
        bounds = batch_bounds(emphasis.entries, 8, 1)
        return Batches(Store(images, Path(), False), np.arange(20), labels, 3, (6, 8), bounds, emphasis)

    return made


def arrays(dataset) -> list[tuple[np.ndarray, ...]]:
    return [tuple(array.numpy() for array in batch) for batch in dataset]


def same(some: list[tuple[np.ndarray, ...]], others: list[tuple[np.ndarray, ...]]) -> bool:
    return len(some) == len(others) and all(
        np.array_equal(a, b) for one, other in zip(some, others, strict=True) for a, b in zip(one, other, strict=True)
    )


@pytest.mark.parametrize("emphasis", [oversample(COUNTS), class_weights(COUNTS)], ids=["oversample", "class_weights"])
class TestAnEpoch:
    def test_is_the_same_on_any_number_of_workers(self, unequal, emphasis, monkeypatch) -> None:
        found = []
        for workers in (1, 4):
            monkeypatch.setattr(pipeline, "_WORKERS", workers)
            found.append(arrays(unequal(emphasis).training(3, 5, EVERYTHING)))
        assert same(*found)

    def test_goes_on_from_any_step(self, unequal, emphasis) -> None:
        whole = arrays(unequal(emphasis).training(3, 5, EVERYTHING))
        assert len(whole) == unequal(emphasis).steps
        for step in range(len(whole)):
            rest = unequal(emphasis).training(3, 5, EVERYTHING, first_step=step)
            assert int(rest.cardinality()) == len(whole) - step
            assert same(arrays(rest), whole[step:])

    def test_differs_from_the_next_and_from_that_of_another_seed(self, unequal, emphasis) -> None:
        whole = arrays(unequal(emphasis).training(3, 5, EVERYTHING))
        assert not same(arrays(unequal(emphasis).training(3, 6, EVERYTHING)), whole)
        assert not same(arrays(unequal(emphasis).training(4, 5, EVERYTHING)), whole)


class TestOversampling:
    def test_brings_all_classes_to_one_size(self, unequal) -> None:
        batches = unequal(oversample(COUNTS))
        assert batches.bounds == (0, 8, 16, 24, 32, 33)
        images, labels = collected(batches.training(1, 0, Augmentation()))
        assert labels.sum(axis=0).tolist() == [11, 11, 11]
        np.testing.assert_array_equal(labels.argmax(axis=1), batches.labels[images[:, 0, 0, 0]])

    def test_gives_each_repeat_a_view_of_its_own(self, unequal) -> None:
        batches = unequal(oversample(COUNTS))
        _, labels = collected(batches.training(1, 0, Augmentation()))
        images, again = collected(batches.training(1, 0, Augmentation(noise=Amount(0.1))))
        np.testing.assert_array_equal(labels, again)
        rare = images[again[:, 1] == 1]
        assert len(rare) == 11
        assert len({view.tobytes() for view in rare}) == 11

    def test_shows_the_first_copy_of_each_picture_as_without_oversampling(self, unequal) -> None:
        flips = Augmentation(horizontal_flip=0.5, vertical_flip=0.5)
        images, _ = collected(unequal(oversample(COUNTS)).training(1, 0, flips))
        usual, _ = collected(replace(unequal(oversample(COUNTS)), emphasis=None, bounds=(0, 20)).training(1, 0, flips))
        assert {view.tobytes() for view in usual} <= {view.tobytes() for view in images}


class TestClassWeights:
    def test_come_as_a_third_array_of_the_weight_of_each_picture(self, unequal) -> None:
        emphasis = class_weights(COUNTS)
        dataset = unequal(emphasis).training(1, 0, Augmentation())
        assert [spec.dtype.name for spec in dataset.element_spec] == ["uint8", "float32", "float32"]
        assert dataset.element_spec[2].shape.as_list() == [None]
        for _, labels, weights in dataset:
            np.testing.assert_allclose(weights, labels.numpy() @ emphasis.weights, rtol=1e-6)

    def test_are_left_out_where_all_are_1(self, unequal) -> None:
        assert len(unequal(oversample(COUNTS)).training(1, 0, Augmentation()).element_spec) == 2


def test_mixed_labels_are_soft_and_sum_to_1(batches: Batches) -> None:
    _, labels = collected(batches.training(1, 0, Augmentation(mixup=Amount(1.0))))
    np.testing.assert_allclose(labels.sum(axis=1), 1, atol=1e-6)
    assert ((labels > 0) & (labels < 1)).any()


def test_steps_of_an_oversampled_split_are_shared_among_devices_as_they_are() -> None:
    rows = [{"image": f"{n}.png", "label": "ab"[n % 4 > 0], "split": "train"} for n in range(20)]
    manifest = Manifest(table_of(rows), Path(), ("a", "b"))
    images = Store(np.zeros((20, 4, 4, 3), np.uint8), Path(), False)
    batches = batches_of(manifest, images, "train", (4, 4), 8, Parts(4, 0, 4), oversample({"a": 5, "b": 15}))
    assert batches.bounds == batch_bounds(30, 8, 4) == (0, 8, 16, 24, 30)
    assert len(collected(batches.training(1, 0, Augmentation()))[0]) == 30


def test_subclasses_are_learnt_while_the_emphasis_is_on_classes() -> None:
    finer = ["x", "x", "y", None, None]
    rows = [
        {"image": f"{n}.png", "label": "ab"[n % 5 > 2], "sublabel": finer[n % 5], "split": "train"} for n in range(20)
    ]
    manifest = Manifest(table_of(rows), Path(), ("b", "a"))
    images = Store(np.arange(20, dtype=np.uint8)[:, None, None, None] * np.ones((4, 4, 3), np.uint8), Path(), False)
    emphasis = class_weights({"b": 8, "a": 12})
    subclasses = (("b", "b"), ("x", "a"), ("y", "a"))
    batches = batches_of(manifest, images, "train", (4, 4), 8, Parts(), emphasis, subclasses)
    assert batches.targets == 3
    seen = 0
    for pictures, targets, weights in batches.training(1, 0, Augmentation()):
        number = pictures.numpy()[:, 0, 0, 0] % 5
        np.testing.assert_array_equal(targets.numpy().argmax(axis=1), np.array([1, 1, 2, 0, 0])[number])
        np.testing.assert_allclose(weights, emphasis.weights[np.array([1, 1, 1, 0, 0])[number]], rtol=1e-6)
        seen += len(number)
    assert seen == 20
    _, targets = collected(batches.in_order())
    assert targets.sum(axis=0).tolist() == [8, 8, 4]


@pytest.mark.parametrize("changes", [FLIPS, EVERYTHING], ids=["flips", "mixed"])
def test_the_parts_of_all_processes_together_are_the_batches_of_one(unequal, changes) -> None:
    """Two processes with two devices each, from step 1 on; a batch of 8 and the last of 4."""
    alone = unequal(class_weights(COUNTS))
    both = [replace(alone, parts=Parts(4, first, 2)) for first in (0, 2)]
    dealt = [arrays(one.training(3, 5, changes, 1)) for one in both]
    steps = [parts[step : step + 2] for step in (0, 2) for parts in dealt]
    joined = [tuple(np.concatenate(array) for array in zip(*steps[n], *steps[n + 1], strict=True)) for n in (0, 2)]
    assert [len(part[0]) for part in dealt[0]] == [2, 2, 1, 1]
    assert same(joined, arrays(alone.training(3, 5, changes, 1)))
    np.testing.assert_array_equal(
        np.concatenate([part[0] for part in arrays(both[1].in_order())]),
        np.concatenate([batch[0][len(batch[0]) // 2 :] for batch in arrays(alone.in_order())]),
    )
