"""Prepared pictures → `tf.data`, in an order that is a function of (seed, epoch)."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from cervinet.data.augment import Augmentation
from cervinet.data.imbalance import Emphasis
from cervinet.data.manifest import Manifest
from cervinet.data.mixing import mixed
from cervinet.data.store import Images
from cervinet.environment import cores
from cervinet.errors import ConfigError

_WORKERS = cores()
_AHEAD = 4

Load = Callable[[int, int], tuple[NDArray[np.generic], ...]]
"""The arrays of the batch from one position in the epoch up to another."""


@dataclass(frozen=True)
class Batches:
    """Batches of one split.

    Attributes:
        images: prepared pictures by row number.
        rows: row numbers of the split, int64 (n,).
        labels: class index of each of them, int64 (n,).
        classes: number of classes.
        size: (height, width).
        bounds: where each batch of an epoch begins, and the end of the last, (steps + 1,).
        emphasis: how often each class comes in an epoch of training and what it weighs; None for once and 1.
        raised: what a batch raised as it was made, in the order of the batches as they were asked for.
    """

    images: Images
    rows: NDArray[np.int64]
    labels: NDArray[np.int64]
    classes: int
    size: tuple[int, int]
    bounds: tuple[int, ...]
    emphasis: Emphasis | None = None
    raised: list[Exception] = field(default_factory=list)

    @property
    def steps(self) -> int:
        return len(self.bounds) - 1

    def training(self, seed: int, epoch: int, augmentation: Augmentation, first_step: int = 0) -> tf.data.Dataset:
        """One epoch, shuffled, augmented and mixed, from a step on, as if the steps before it had been taken.

        Batches are (images uint8 (b, h, w, 3), labels float32 (b, classes) that sum to 1), and where classes have
        weights also (…, sample weights float32 (b,)).
        """
        order, copies = self._order(seed, epoch)
        weights = self.emphasis.weights.astype(np.float32) if self.emphasis else np.ones(self.classes, np.float32)
        one_hot = np.eye(self.classes, dtype=np.float32)

        def load(start: int, end: int) -> tuple[NDArray[np.generic], ...]:
            places, copy = order[start:end], copies[start:end]
            rows, labels = self.rows[places], self.labels[places]
            images = self.images[rows]
            if augmentation:
                images = augmentation.views(images, seed=seed, epoch=epoch, indices=rows, copies=copy)
            batch = (images, one_hot[labels], weights[labels])
            if augmentation.mixup or augmentation.cutmix:
                mixup, cutmix = augmentation.mixup, augmentation.cutmix
                batch = mixed(batch, mixup=mixup, cutmix=cutmix, seed=seed, epoch=epoch, first=start)
            return batch if weighted else batch[:2]

        weighted = self.emphasis is not None and self.emphasis.weighted
        return self._dataset(load, weighted, first_step)

    def rows_of(self, seed: int, epoch: int, step: int) -> NDArray[np.int64]:
        """The row numbers of the pictures of a batch of `training`, without those mixed into them."""
        order, _ = self._order(seed, epoch)
        return self.rows[order[self.bounds[step] : self.bounds[step + 1]]]

    def in_order(self) -> tf.data.Dataset:
        """Every picture of a split without an emphasis once, as it is, in the order of `rows`."""
        one_hot = np.eye(self.classes, dtype=np.float32)
        return self._dataset(
            lambda start, end: (self.images[self.rows[start:end]], one_hot[self.labels[start:end]]), False
        )

    def _order(self, seed: int, epoch: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The place in `rows` of each picture of an epoch, and which copy of that picture it is."""
        places, copies = np.arange(len(self.rows)), np.zeros(len(self.rows), np.int64)
        if self.emphasis:
            places, copies = self.emphasis.list_entries(self.labels, seed=seed, epoch=epoch)
        order = np.random.default_rng((seed, epoch)).permutation(len(places))
        return places[order], copies[order]

    def _dataset(self, load: Load, weighted: bool, first_step: int = 0) -> tf.data.Dataset:
        types = [tf.uint8, tf.float32, *[tf.float32] * weighted]
        shapes = [(None, *self.size, 3), (None, self.classes), *[(None,)] * weighted]

        def loaded(number: int) -> tuple[NDArray[np.generic], ...]:
            try:
                return load(*self.bounds[number : number + 2])
            except Exception as error:
                self.raised.append(error)
                raise

        def batch(step: tf.Tensor) -> tuple[tf.Tensor, ...]:
            # stateful=True, the default, would run the steps one after the other under op determinism.
            arrays = tf.numpy_function(loaded, [step], types, stateful=False)
            for array, shape in zip(arrays, shapes, strict=True):
                array.set_shape(shape)
            return tuple(arrays)

        dataset = tf.data.Dataset.range(first_step, self.steps)
        dataset = dataset.map(batch, _WORKERS, deterministic=True).prefetch(_AHEAD)
        options = tf.data.Options()
        # The autotuner's thread sleeps in whole seconds, and a finished epoch waits for it to wake.
        options.autotune.enabled = False
        options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
        return dataset.with_options(options)


def batches_of(
    manifest: Manifest,
    images: Images,
    split: str,
    size: tuple[int, int],
    batch_size: int,
    replicas: int = 1,
    emphasis: Emphasis | None = None,
) -> Batches:
    """The batches of a split of a manifest whose prepared pictures are `images`, row by row."""
    part = manifest.part(split)
    index = {name: number for number, name in enumerate(manifest.classes)}
    labels = np.array(part["label"].map(index), np.int64)
    bounds = batch_bounds(emphasis.entries if emphasis else len(part), batch_size, replicas)
    return Batches(images, np.array(part.index, np.int64), labels, len(manifest.classes), size, bounds, emphasis)


def batch_bounds(pictures: int, batch_size: int, replicas: int) -> tuple[int, ...]:
    """Where each batch begins, and the end: whole batches, and the rest as a smaller last one.

    Keras 3 over several replicas fails where one of them gets nothing of a batch, or where they share the first one
    unevenly. The last batch but one then gives up as many pictures as there are replicas.

    Raises:
        ConfigError: the batch size or the pictures cannot be shared by so many replicas.
    """
    if replicas > 1:
        if batch_size % replicas or batch_size < 2 * replicas:
            raise ConfigError(
                f"`training.batch_size` must be a multiple of {replicas}, the number of GPUs, and at least "
                f"{2 * replicas}; got {batch_size}"
            )
        if pictures < 2 * replicas:
            raise ConfigError(f"a split of {pictures} pictures is too small for {replicas} GPUs; use fewer of them")
        batch_size = min(batch_size, pictures // replicas * replicas)
    bounds = [*range(0, pictures, batch_size), pictures]
    if len(bounds) > 2 and bounds[-1] - bounds[-2] < replicas:
        bounds[-2] -= replicas
    return tuple(bounds)
