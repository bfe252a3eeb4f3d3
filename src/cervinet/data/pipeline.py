"""Prepared pictures → `tf.data`, in an order that is a function of (seed, epoch)."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from cervinet.data.augment import Augmentation
from cervinet.data.manifest import Manifest
from cervinet.data.store import Images
from cervinet.environment import cores
from cervinet.errors import ConfigError

_WORKERS = cores()
_AHEAD = 4


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
    """

    images: Images
    rows: NDArray[np.int64]
    labels: NDArray[np.int64]
    classes: int
    size: tuple[int, int]
    bounds: tuple[int, ...]

    @property
    def steps(self) -> int:
        return len(self.bounds) - 1

    def training(self, seed: int, epoch: int, augmentation: Augmentation) -> tf.data.Dataset:
        """One epoch, shuffled and augmented: (images uint8 (b, h, w, 3), one-hot float32 (b, classes))."""
        order = np.random.default_rng((seed, epoch)).permutation(len(self.rows))

        def pictures(places: NDArray[np.int64]) -> NDArray[np.uint8]:
            rows = self.rows[places]
            images = self.images[rows]
            if not augmentation:
                return images
            return augmentation.views(images, seed=seed, epoch=epoch, indices=rows)

        return self._dataset(order, pictures)

    def in_order(self) -> tf.data.Dataset:
        """Every picture once, as it is, in the order of `rows`: the same kind of batches."""
        return self._dataset(np.arange(len(self.rows)), lambda places: self.images[self.rows[places]])

    def _dataset(
        self, order: NDArray[np.int64], pictures: Callable[[NDArray[np.int64]], NDArray[np.uint8]]
    ) -> tf.data.Dataset:
        one_hot = np.eye(self.classes, dtype=np.float32)

        def batch(step: np.int64) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
            places = order[self.bounds[step] : self.bounds[step + 1]]
            return pictures(places), one_hot[self.labels[places]]

        def load(step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            # stateful=True, the default, would run the steps one after the other under op determinism.
            images, labels = tf.numpy_function(batch, [step], [tf.uint8, tf.float32], stateful=False)
            images.set_shape((None, *self.size, 3))
            labels.set_shape((None, self.classes))
            return images, labels

        dataset = tf.data.Dataset.range(self.steps).map(load, _WORKERS, deterministic=True).prefetch(_AHEAD)
        options = tf.data.Options()
        # The autotuner's thread sleeps in whole seconds, and a finished epoch waits for it to wake.
        options.autotune.enabled = False
        options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
        return dataset.with_options(options)


def batches_of(
    manifest: Manifest, images: Images, split: str, size: tuple[int, int], batch_size: int, replicas: int = 1
) -> Batches:
    """The batches of a split of a manifest whose prepared pictures are `images`, row by row."""
    part = manifest.part(split)
    index = {name: number for number, name in enumerate(manifest.classes)}
    labels = np.array(part["label"].map(index), np.int64)
    bounds = batch_bounds(len(part), batch_size, replicas)
    return Batches(images, np.array(part.index, np.int64), labels, len(manifest.classes), size, bounds)


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
