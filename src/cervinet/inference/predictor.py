"""One way from pictures to probabilities, for training's own evaluation and for every command."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
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
from cervinet.inference.answers import Answer, Answers
from cervinet.inference.calibrating import calibrated
from cervinet.inference.views import views_of
from cervinet.model_card import ModelCard
from cervinet.run import Run
from cervinet.training.ensemble import combined

Prepared = TypeVar("Prepared")

BATCH = 32


@dataclass(frozen=True)
class Prediction:
    """One picture: probabilities and logits float64 (classes,), or the error that it gave.

    `subclasses` are the probabilities of the card's sub-classes, float64 (sub-classes,), of a network that has them;
    `spread` is the mutual information in nats between the class and the member or view that answers, where there are
    several.
    """

    image: Path
    probabilities: NDArray[np.float64] | None = None
    logits: NDArray[np.float64] | None = None
    subclasses: NDArray[np.float64] | None = None
    error: str = ""
    spread: float | None = None


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

            return Ensemble(card, [Predictor.of_member(run.member(one.folder), views) for one in card.members])
        return Predictor.of_network(run, views)

    @classmethod
    def of_member(cls, run: Run, views: int | None = None) -> "Predictor":
        """The same for a member of an ensemble, without its own calibration: the ensemble has one for all."""
        member = cls.of_network(run, views)
        return member.with_card(replace(member.card, calibration={}, choices={}))

    def with_card(self, card: ModelCard) -> "Predictor":
        """The same network, traced once, with another card."""
        other = copy(self)
        other.card = card
        return other

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

    def probabilities(self, images: NDArray[np.uint8]) -> Answers:
        """Of prepared pictures, uint8 (n, height, width, 3) RGB.

        Of several views the probabilities are the mean, and the logits its logarithm.
        """
        found = [self._of_view(view) for view in views_of(images, self.card.views)]
        one = found[0] if len(found) == 1 else combined(found, [1 / len(found)] * len(found), "probability")
        return calibrated(one, self.card)

    @cached_property
    def _infer(self) -> Callable[[tf.Tensor], list[tf.Tensor]]:
        """Traced by itself: TensorFlow would warn of retracing where one process makes many predictors."""
        spec = tf.TensorSpec((None, *self.card.image_size, 3), tf.uint8)
        network = self._model
        traced = tf.function(lambda images: network(images, training=False)).get_concrete_function(spec)
        return lambda images: list(traced(images))

    def _of_view(self, images: NDArray[np.uint8]) -> Answers:
        return _answers(self._infer(tf.convert_to_tensor(images)))

    def of_features(self, features: NDArray[np.float32]) -> Answers:
        """The same of what the backbone made of the pictures as they are, float32 (n, width)."""
        head = keras.Model(self._model.get_layer("features").output, self._model.outputs)
        return calibrated(_answers(head(tf.constant(features), training=False)), self.card)

    def rows(self, images: Images | Features, rows: NDArray[np.int64]) -> Answers:
        """The same of rows of a store, or of kept features."""
        if isinstance(images, Features):
            return self.of_features(images[rows])
        parts = [self.probabilities(images[rows[start : start + BATCH]]) for start in range(0, len(rows), BATCH)]
        return Answers.joined(parts)

    def pictures(self, pictures: Iterable[Picture]) -> Iterator[Prediction]:
        """Each picture in order; one that cannot be read gives its error and stops nothing."""
        size, steps = self.card.image_size, self.card.preprocess
        return predicted(
            pictures,
            lambda picture: prepare(picture, size, steps),
            lambda images: self.probabilities(np.stack(images)),
        )


def _answers(found: Sequence[tf.Tensor]) -> Answers:
    return Answers(*(values.numpy().astype(np.float64) for values in found))


def said(image: Path, answer: Answer) -> Prediction:
    """The answer to a picture, with its name."""
    return Prediction(image, answer.probabilities, answer.logits, answer.subclasses, spread=answer.spread)


def answers_of(predictions: Sequence[Prediction]) -> Answers:
    """The predictions of one network, none of them an error, as arrays."""
    first = predictions[0]
    return Answers(
        np.array([one.probabilities for one in predictions]),
        np.array([one.logits for one in predictions]),
        None if first.subclasses is None else np.array([one.subclasses for one in predictions]),
        None if first.spread is None else np.array([one.spread for one in predictions]),
    )


def open_network(run: Run) -> keras.Model:
    """The saved network of a run that is no ensemble. Raises CervinetError where Keras cannot load it."""
    try:
        return keras.models.load_model(run.model, compile=False, safe_mode=True)
    except Exception as error:
        reason = str(error).strip().splitlines()[0]
        raise CervinetError(f"{run.model} cannot be loaded by Keras {keras.__version__}: {reason}") from None


def predicted(
    pictures: Iterable[Picture],
    load: Callable[[Picture], Prepared],
    judge: Callable[[Sequence[Prepared]], Answers],
) -> Iterator[Prediction]:
    """Predictions of pictures that are prepared in threads and judged by the batch.

    Args:
        pictures: in the order wanted.
        load: prepares a picture, or raises an ImageError.
        judge: prepared pictures → what is said of them.
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
    batch: Sequence[tuple[Picture, Prepared | ImageError]], judge: Callable[[Sequence[Prepared]], Answers]
) -> Iterator[Prediction]:
    images = [image for _, image in batch if not isinstance(image, ImageError)]
    answers = iter(judge(images) if images else ())
    for picture, image in batch:
        if isinstance(image, ImageError):
            yield Prediction(picture.path, error=str(image))
        else:
            yield said(picture.path, next(answers))
