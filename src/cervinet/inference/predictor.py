"""One way from pictures to probabilities, for training's own evaluation and for every command."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Protocol, TypeVar

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from cervinet.data.decoding import decode_all
from cervinet.data.feature_store import Features
from cervinet.data.picture import Picture
from cervinet.data.preprocess import prepare
from cervinet.data.store import Images
from cervinet.errors import CervinetError, ImageError, UsageError
from cervinet.inference.views import views_of
from cervinet.model_card import ModelCard
from cervinet.run import Run

Array = NDArray[np.float64]
Prepared = TypeVar("Prepared")

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


class AnyPredictor(Protocol):
    """A single network, or an ensemble."""

    card: ModelCard

    def pictures(self, pictures: Iterable[Picture]) -> Iterator[Prediction]:
        """Each picture in order; one that cannot be read gives its error and stops nothing."""


class Predictor:
    """A trained network with the preprocessing it was trained behind."""

    def __init__(self, model: keras.Model, card: ModelCard) -> None:
        self.card = card
        finer = ["subclass_probabilities"] if card.subclasses else []
        layers = [model.get_layer(name).output for name in ("logits", *finer)]
        self._model = keras.Model(model.input, [model.output, *layers])

    @staticmethod
    def load(run: Run, views: int | None = None) -> AnyPredictor:
        """The network of a run, or the ensemble that it is.

        Args:
            run: a finished one.
            views: in place of those of its card.

        Raises:
            CervinetError: a file of it was changed or cannot be read.
            UsageError: the views do not fit its pictures.
        """
        card = run.read_card()
        if card.members:
            from cervinet.inference.ensemble import Ensemble

            return Ensemble(card, [Predictor.of_network(run.member(one.folder), views) for one in card.members])
        return Predictor.of_network(run, views)

    @classmethod
    def of_network(cls, run: Run, views: int | None = None) -> "Predictor":
        """The same for a run that is no ensemble."""
        card = run.read_card()
        height, width = card.image_size
        if views and views > 4 and height != width:
            raise UsageError(
                f"--views must be 1, 2 or 4 for {run.path}, whose pictures are {height} × {width}: quarter turns "
                f"would change their sides; got {views}"
            )
        return cls(open_network(run), replace(card, views=views or card.views))

    def probabilities(self, images: NDArray[np.uint8]) -> tuple[Array, ...]:
        """Of prepared pictures, uint8 (n, height, width, 3) RGB: probabilities and logits, float64 (n, classes).

        And the probabilities of the sub-classes, float64 (n, sub-classes), where the network has them. Of several views
        the probabilities are the mean, and the logits its logarithm.
        """
        found = [self._of_view(view) for view in views_of(images, self.card.views)]
        if len(found) == 1:
            return found[0]
        probabilities, _, *finer = (np.mean(values, axis=0) for values in zip(*found, strict=True))
        return probabilities, logarithm(probabilities), *finer

    @cached_property
    def _infer(self) -> Callable[[tf.Tensor], list[tf.Tensor]]:
        """Traced by itself: TensorFlow would warn of retracing where one process makes many predictors."""
        spec = tf.TensorSpec((None, *self.card.image_size, 3), tf.uint8)
        network = self._model
        traced = tf.function(lambda images: network(images, training=False)).get_concrete_function(spec)
        return lambda images: list(traced(images))

    def _of_view(self, images: NDArray[np.uint8]) -> tuple[Array, ...]:
        return tuple(found.numpy().astype(np.float64) for found in self._infer(tf.convert_to_tensor(images)))

    def of_features(self, features: NDArray[np.float32]) -> tuple[Array, ...]:
        """The same of what the backbone made of the pictures as they are, float32 (n, width)."""
        head = keras.Model(self._model.get_layer("features").output, self._model.outputs)
        return tuple(found.numpy().astype(np.float64) for found in head(tf.constant(features), training=False))

    def rows(self, images: Images | Features, rows: NDArray[np.int64]) -> tuple[Array, ...]:
        """The same of rows of a store, or of kept features."""
        if isinstance(images, Features):
            return self.of_features(images[rows])
        parts = [self.probabilities(images[rows[start : start + BATCH]]) for start in range(0, len(rows), BATCH)]
        return tuple(map(np.concatenate, zip(*parts, strict=True)))

    def pictures(self, pictures: Iterable[Picture]) -> Iterator[Prediction]:
        """Each picture in order; one that cannot be read gives its error and stops nothing."""
        size, steps = self.card.image_size, self.card.preprocess
        return predicted(
            pictures,
            lambda picture: prepare(picture, size, steps),
            lambda images: self.probabilities(np.stack(images)),
        )


def open_network(run: Run) -> keras.Model:
    """The saved network of a run that is no ensemble. Raises CervinetError where Keras cannot load it."""
    try:
        return keras.models.load_model(run.model, compile=False, safe_mode=True)
    except Exception as error:
        reason = str(error).strip().splitlines()[0]
        raise CervinetError(f"{run.model} cannot be loaded by Keras {keras.__version__}: {reason}") from None


def logarithm(probabilities: Array) -> Array:
    """Logits of probabilities: finite for those that are 0 too."""
    logits: Array = np.log(np.maximum(probabilities, np.finfo(np.float64).tiny))
    return logits


def predicted(
    pictures: Iterable[Picture],
    load: Callable[[Picture], Prepared],
    judge: Callable[[Sequence[Prepared]], tuple[Array, ...]],
) -> Iterator[Prediction]:
    """Predictions of pictures that are prepared in threads and judged by the batch.

    Args:
        pictures: in the order wanted.
        load: prepares a picture, or raises an ImageError.
        judge: prepared pictures → what `Predictor.probabilities` gives.
    """
    batch: list[tuple[Picture, Prepared | ImageError]] = []
    for item in decode_all(pictures, load):
        batch.append(item)
        if len(batch) == BATCH:
            yield from _judged(batch, judge)
            batch = []
    if batch:
        yield from _judged(batch, judge)


def _judged(
    batch: Sequence[tuple[Picture, Prepared | ImageError]], judge: Callable[[Sequence[Prepared]], tuple[Array, ...]]
) -> Iterator[Prediction]:
    images = [image for _, image in batch if not isinstance(image, ImageError)]
    values = iter(zip(*judge(images), strict=True) if images else ())
    for picture, image in batch:
        if isinstance(image, ImageError):
            yield Prediction(picture.path, error=str(image))
        else:
            yield Prediction(picture.path, *next(values))
