"""The output of a frozen backbone, computed once for every picture; see `data.feature_store` for how it is kept."""

import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from cervinet.data.augment import Augmentation
from cervinet.data.decoding import decode_all, unreadable
from cervinet.data.digests import digest_of
from cervinet.data.feature_store import FeatureFile, Features, Rows
from cervinet.data.store import Images
from cervinet.errors import DataError, ImageError
from cervinet.progress import Progress

_VERSION = 1  # of this module: higher whenever the same backbone could give other features
_VARYING = ("name", "trainable", "dtype")  # of layers, without a say in what they compute


@dataclass(frozen=True)
class Views:
    """Versions of each training picture: as it is, then augmented ones that follow from (seed, view, row)."""

    count: int
    seed: int
    augmentation: Augmentation

    def key(self, view: int) -> list[Any]:
        """What the pixels of a view depend on besides the picture."""
        return [view, self.seed, repr(self.augmentation)] if view else []

    def of(self, images: Images, view: int, row: int) -> NDArray[np.uint8]:
        """uint8 (height, width, 3)."""
        image: NDArray[np.uint8] = images[np.array([row])][0]
        return self.augmentation.apply(image, seed=self.seed, epoch=view, index=row) if view else image


def frozen_features(
    model: keras.Model,
    images: Images,
    folder: Path,
    key: Sequence[str],
    parts: Sequence[Rows],
    views: Views,
    batch: int,
    progress: Progress,
    on_batch: Callable[[], None] = lambda: None,
) -> Features:
    """What the network makes of the pictures up to its layer `features`, computed unless it is kept already.

    Args:
        model: whose backbone is frozen.
        images: prepared pictures by row number.
        folder: where features are kept.
        key: what else they depend on: the pixels of `images`, the precision.
        parts: row numbers of the training pictures, which have all views, then of others, which are only seen as
            they are; int64 (n,) each.
        views: how many, and how they differ.
        batch: pictures that are worked on at once.
        progress: shows the computing, or says that there was none.
        on_batch: called after each batch, which is kept by then; it raises what is to end the run.

    Raises:
        DataError: a picture cannot be read, or there is no room.
    """
    everything = np.sort(np.concatenate(parts))
    body = keras.Model(model.input, model.get_layer("features").output)
    whole = [_VERSION, keras.__version__, tf.__version__, *key, fingerprint(body)]
    files = [
        FeatureFile(
            folder / f"{digest_of(json.dumps([*whole, views.key(view)]).encode())}.f32",
            len(images),
            body.output_shape[-1],
        )
        for view in range(views.count)
    ]
    todo = [
        (view, chunk)
        for view, file in enumerate(files)
        for chunk in incomplete(file, np.sort(parts[0]) if view else everything, batch)
    ]
    if not todo:
        progress.say(f"Features of {len(everything):,} pictures from the cache")
    else:
        _fill(files, todo, body, images, views, progress, on_batch)
    return Features(tuple(file.mapped() for file in files))


def fingerprint(body: keras.Model) -> str:
    """A digest of the layers and weights that features come from, whatever Keras has called the layers."""
    layers = [
        (type(one).__name__, {name: value for name, value in one.get_config().items() if name not in _VARYING})
        for one in body.operations
        if not isinstance(one, keras.Model)
    ]
    weights = [(array.shape, digest_of(array.tobytes())) for array in body.get_weights()]
    return digest_of(json.dumps([layers, weights], default=str).encode())


def incomplete(file: FeatureFile, rows: Rows, batch: int) -> list[Rows]:
    """The batches of these rows in which some are missing. The batches are always the same: so are the features."""
    missing = file.missing(rows)
    chunks = [rows[start : start + batch] for start in range(0, len(rows), batch)]
    return [chunk for chunk in chunks if np.isin(chunk, missing).any()]


def _fill(
    files: Sequence[FeatureFile],
    todo: list[tuple[int, Rows]],
    body: keras.Model,
    images: Images,
    views: Views,
    progress: Progress,
    on_batch: Callable[[], None],
) -> None:
    files[0].check_space(sum(len(chunk) for _, chunk in todo))
    # As in `Predictor`.
    compute = tf.function(lambda pictures: tf.cast(body(pictures, training=False), tf.float32)).get_concrete_function(
        tf.TensorSpec((None, *body.input_shape[1:]), tf.uint8)
    )
    # Processes that fill the same files begin at different places, and pass over what others have done by then.
    first = secrets.randbelow(len(todo))
    todo = todo[first:] + todo[:first]
    loading = decode_all(
        ((view, row) for view, chunk in todo for row in chunk.tolist()), lambda one: views.of(images, *one)
    )
    for view, chunk in progress.track(todo, len(todo), "Computing features (once)"):
        loaded = [next(loading)[1] for _ in chunk]
        missing = files[view].missing(chunk)
        if len(missing):
            pictures = [one for one in loaded if not isinstance(one, ImageError)]
            if len(pictures) < len(chunk):
                raise DataError(unreadable([str(one) for one in loaded if isinstance(one, ImageError)], len(chunk)))
            features = compute(tf.constant(np.stack(pictures))).numpy()
            files[view].write(missing, features[np.isin(chunk, missing)])
        on_batch()
