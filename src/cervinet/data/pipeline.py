"""Prepared pictures → `tf.data`, in an order that is a function of (seed, epoch)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from cervinet.data.augment import Augmentation
from cervinet.data.feature_store import Features
from cervinet.data.imbalance import Emphasis
from cervinet.data.manifest import Manifest
from cervinet.data.mixing import mixed
from cervinet.data.store import Images
from cervinet.data.subclasses import Subclasses, sublabels
from cervinet.environment import cores
from cervinet.errors import ConfigError

_WORKERS = cores()
_AHEAD = 4

Load = Callable[[int, int, slice], tuple[NDArray[np.generic], ...]]
"""The arrays of a part of the batch from one position in the epoch up to another."""


@dataclass(frozen=True)
class Parts:
    """Each batch is cut into as many parts as there are devices; a process loads those of its own devices.

    Attributes:
        of: parts of a batch.
        first: the first that this process loads.
        count: how many it loads.
    """

    of: int = 1
    first: int = 0
    count: int = 1


@dataclass(frozen=True)
class Batches:
    """Batches of one split.

    Attributes:
        images: prepared pictures by row number, or the features of them.
        rows: row numbers of the split, int64 (n,).
        labels: class index of each of them, int64 (n,).
        classes: number of classes.
        size: (height, width).
        bounds: where each batch of an epoch begins, and the end of the last, (steps + 1,).
        emphasis: how often each class comes in an epoch of training and what it weighs; None for once and 1.
        sublabels: sub-class index of each row, int64 (n,), where these are what is learnt; else None.
        subclasses: number of sub-classes.
        parts: what this process loads of each batch: datasets give one part after the other.
        raised: what a batch raised as it was made, in the order of the batches as they were asked for.
    """

    images: Images | Features
    rows: NDArray[np.int64]
    labels: NDArray[np.int64]
    classes: int
    size: tuple[int, int]
    bounds: tuple[int, ...]
    emphasis: Emphasis | None = None
    sublabels: NDArray[np.int64] | None = None
    subclasses: int = 0
    parts: Parts = Parts()
    raised: list[Exception] = field(default_factory=list)

    @property
    def steps(self) -> int:
        return len(self.bounds) - 1

    @property
    def targets(self) -> int:
        """How many numbers the target of a picture has."""
        return self.classes if self.sublabels is None else self.subclasses

    def _one_hot(self, places: NDArray[np.int64] | slice) -> NDArray[np.float32]:
        learnt = self.labels if self.sublabels is None else self.sublabels
        return np.eye(self.targets, dtype=np.float32)[learnt[places]]

    def training(self, seed: int, epoch: int, augmentation: Augmentation, first_step: int = 0) -> tf.data.Dataset:
        """One epoch, shuffled, augmented and mixed, from a step on, as if the steps before it had been taken.

        Batches are (images uint8 (b, h, w, 3), targets float32 (b, targets) that sum to 1), and where classes have
        weights also (…, sample weights float32 (b,)). Features float32 (b, width) come in place of images where
        `images` are features; their augmentation is in their views.
        """
        order, copies = self._order(seed, epoch)
        weights = self.emphasis.weights.astype(np.float32) if self.emphasis else np.ones(self.classes, np.float32)

        mixing = bool(augmentation.mixup or augmentation.cutmix)

        def load(start: int, end: int, part: slice) -> tuple[NDArray[np.generic], ...]:
            # The other one of a mixed pair may stand in any part of the batch.
            read = slice(None) if mixing else part
            places, copy = order[start:end][read], copies[start:end][read]
            rows = self.rows[places]
            if isinstance(self.images, Features):
                images: NDArray[Any] = self.images.drawn(rows, seed=seed, epoch=epoch, copies=copy)
            elif augmentation:
                images = augmentation.views(self.images[rows], seed=seed, epoch=epoch, indices=rows, copies=copy)
            else:
                images = self.images[rows]
            batch = (images, self._one_hot(places), weights[self.labels[places]])
            if mixing:
                mixup, cutmix = augmentation.mixup, augmentation.cutmix
                whole = mixed(batch, mixup=mixup, cutmix=cutmix, seed=seed, epoch=epoch, first=start)
                batch = (whole[0][part], whole[1][part], whole[2][part])
            return batch if weighted else batch[:2]

        weighted = self.emphasis is not None and self.emphasis.weighted
        return self._dataset(load, weighted, first_step)

    def rows_of(self, seed: int, epoch: int, step: int) -> NDArray[np.int64]:
        """The row numbers of the pictures of a batch of `training`, without those mixed into them."""
        order, _ = self._order(seed, epoch)
        return self.rows[order[self.bounds[step] : self.bounds[step + 1]]]

    def in_order(self) -> tf.data.Dataset:
        """Every picture of a split without an emphasis once, as it is, in the order of `rows`."""
        return self._dataset(
            lambda start, end, part: (
                self.images[self.rows[start:end][part]],
                self._one_hot(np.arange(start, end)[part]),
            ),
            False,
        )

    def _order(self, seed: int, epoch: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The place in `rows` of each picture of an epoch, and which copy of that picture it is."""
        places, copies = np.arange(len(self.rows)), np.zeros(len(self.rows), np.int64)
        if self.emphasis:
            places, copies = self.emphasis.list_entries(self.labels, seed=seed, epoch=epoch)
        order = np.random.default_rng((seed, epoch)).permutation(len(places))
        return places[order], copies[order]

    def _dataset(self, load: Load, weighted: bool, first_step: int = 0) -> tf.data.Dataset:
        features = self.images.width if isinstance(self.images, Features) else None
        types = [tf.float32 if features else tf.uint8, tf.float32, *[tf.float32] * weighted]
        shapes = [(None, features) if features else (None, *self.size, 3), (None, self.targets), *[(None,)] * weighted]

        def arrays_of(number: int) -> tuple[NDArray[np.generic], ...]:
            step, part = divmod(int(number), self.parts.count)
            start, end = self.bounds[step : step + 2]
            cuts = [(end - start) * (self.parts.first + part + after) // self.parts.of for after in (0, 1)]
            try:
                return load(start, end, slice(*cuts))
            except Exception as error:
                self.raised.append(error)
                raise

        def batch(number: tf.Tensor) -> tuple[tf.Tensor, ...]:
            # stateful=True, the default, would run the steps one after the other under op determinism.
            arrays = tf.numpy_function(arrays_of, [number], types, stateful=False)
            for array, shape in zip(arrays, shapes, strict=True):
                array.set_shape(shape)
            return tuple(arrays)

        dataset = tf.data.Dataset.range(first_step * self.parts.count, self.steps * self.parts.count)
        dataset = dataset.map(batch, _WORKERS, deterministic=True).prefetch(_AHEAD)
        options = tf.data.Options()
        # The autotuner's thread sleeps in whole seconds, and a finished epoch waits for it to wake.
        options.autotune.enabled = False
        return dataset.with_options(options)


def batches_of(
    manifest: Manifest,
    images: Images | Features,
    split: str,
    size: tuple[int, int],
    batch_size: int,
    parts: Parts = Parts(),
    emphasis: Emphasis | None = None,
    subclasses: Subclasses = (),
) -> Batches:
    """The batches of a split of a manifest whose prepared pictures are `images`, row by row.

    With `subclasses` these are what is learnt, one output each in this order.
    """
    part = manifest.part(split)
    index = {name: number for number, name in enumerate(manifest.classes)}
    labels = np.array(part["label"].map(index), np.int64)
    bounds = batch_bounds(emphasis.entries if emphasis else len(part), batch_size, parts.of)
    finer = None
    if subclasses:
        places = {name: number for number, (name, _) in enumerate(subclasses)}
        finer = np.array(sublabels(part, subclasses).map(places), np.int64)
    rows = np.array(part.index, np.int64)
    return Batches(images, rows, labels, len(manifest.classes), size, bounds, emphasis, finer, len(subclasses), parts)


def batch_bounds(pictures: int, batch_size: int, parts: int) -> tuple[int, ...]:
    """Where each batch begins, and the end: whole batches, and the rest as a smaller last one.

    No part of a batch may be empty: there is no mean of nothing. The last batch but one gives up as many pictures as
    there are parts where the last would have fewer.

    Raises:
        ConfigError: the batch size or the pictures are too few for so many parts.
    """
    if parts > 1 and batch_size < 2 * parts:
        raise ConfigError(
            f"`training.batch_size` must be at least {2 * parts}, two pictures for each of {parts} devices; "
            f"got {batch_size}"
        )
    if parts > 1 and pictures < parts:
        raise ConfigError(f"a split of {pictures} pictures is too small for {parts} devices; use fewer of them")
    bounds = [*range(0, pictures, batch_size), pictures]
    if len(bounds) > 2 and bounds[-1] - bounds[-2] < parts:
        bounds[-2] -= parts
    return tuple(bounds)
