"""One way from pictures to probabilities, for training's own evaluation and for every command."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from cervinet.data.decoding import decode_all
from cervinet.data.feature_store import Features
from cervinet.data.picture import Picture
from cervinet.data.preprocess import prepare
from cervinet.data.store import Images
from cervinet.errors import CervinetError, ImageError
from cervinet.run import ModelCard, Run

BATCH = 32


@dataclass(frozen=True)
class Prediction:
    """One picture: probabilities and logits float64 (classes,), or the error that it gave.

    `subclasses` are the probabilities of the card's sub-classes, float64 (sub-classes,), of a network that has them.
    """

    image: Path
    probabilities: NDArray[np.float64] | None = None
    logits: NDArray[np.float64] | None = None
    subclasses: NDArray[np.float64] | None = None
    error: str = ""


class Predictor:
    """A trained network with the preprocessing it was trained behind."""

    def __init__(self, model: keras.Model, card: ModelCard) -> None:
        self.card = card
        finer = ["subclass_probabilities"] if card.subclasses else []
        layers = [model.get_layer(name).output for name in ("logits", *finer)]
        self._model = outputs = keras.Model(model.input, [model.output, *layers])
        spec = tf.TensorSpec((None, *card.image_size, 3), tf.uint8)
        self._infer = tf.function(lambda images: outputs(images, training=False), input_signature=[spec])

    @classmethod
    def load(cls, run: Run) -> "Predictor":
        """The model of a run. Raises CervinetError when its file was changed or cannot be read."""
        card = run.read_card()
        try:
            model = keras.models.load_model(run.model, compile=False, safe_mode=True)
        except Exception as error:
            reason = str(error).strip().splitlines()[0]
            raise CervinetError(f"{run.model} cannot be loaded by Keras {keras.__version__}: {reason}") from None
        return cls(model, card)

    def probabilities(self, images: NDArray[np.uint8]) -> tuple[NDArray[np.float64], ...]:
        """Of prepared pictures, uint8 (n, height, width, 3) RGB: probabilities and logits, float64 (n, classes).

        And the probabilities of the sub-classes, float64 (n, sub-classes), where the network has them.
        """
        return tuple(found.numpy().astype(np.float64) for found in self._infer(tf.convert_to_tensor(images)))

    def of_features(self, features: NDArray[np.float32]) -> tuple[NDArray[np.float64], ...]:
        """The same of what the backbone made of the pictures, float32 (n, width)."""
        head = keras.Model(self._model.get_layer("features").output, self._model.outputs)
        return tuple(found.numpy().astype(np.float64) for found in head(tf.constant(features), training=False))

    def rows(self, images: Images | Features, rows: NDArray[np.int64]) -> tuple[NDArray[np.float64], ...]:
        """The same of rows of a store, or of kept features."""
        if isinstance(images, Features):
            return self.of_features(images[rows])
        parts = [self.probabilities(images[rows[start : start + BATCH]]) for start in range(0, len(rows), BATCH)]
        return tuple(map(np.concatenate, zip(*parts, strict=True)))

    def pictures(self, pictures: Iterable[Picture]) -> Iterator[Prediction]:
        """Each picture in order; one that cannot be read gives its error and stops nothing."""
        size, steps = self.card.image_size, self.card.preprocess
        batch: list[tuple[Picture, Any]] = []
        for item in decode_all(pictures, lambda picture: prepare(picture, size, steps)):
            batch.append(item)
            if len(batch) == BATCH:
                yield from self._batch(batch)
                batch = []
        if batch:
            yield from self._batch(batch)

    def _batch(self, batch: Sequence[tuple[Picture, NDArray[np.uint8] | ImageError]]) -> Iterator[Prediction]:
        images = [image for _, image in batch if not isinstance(image, ImageError)]
        pairs = iter(zip(*self.probabilities(np.stack(images)), strict=True) if images else ())
        for picture, image in batch:
            if isinstance(image, ImageError):
                yield Prediction(picture.path, error=str(image))
            else:
                yield Prediction(picture.path, *next(pairs))
