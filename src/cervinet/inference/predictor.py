"""One way from pictures to what is said of them, for training's own evaluation and for every command."""

from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from cervinet.data.look import look
from cervinet.data.picture import Picture
from cervinet.data.preprocess import prepare, prepare_and_measure
from cervinet.data.quality import Quality, quality
from cervinet.errors import UsageError
from cervinet.inference.answers import Answers
from cervinet.inference.average import combined
from cervinet.inference.calibrating import calibrated
from cervinet.inference.engine import Engine
from cervinet.inference.gate import gate_of
from cervinet.inference.likeness import Likeness
from cervinet.inference.predicting import BATCH, AnyPredictor, Prepared
from cervinet.inference.views import views_of
from cervinet.model_card import ModelCard
from cervinet.run import Run

if TYPE_CHECKING:
    from cervinet.data.feature_store import Features
    from cervinet.data.store import Images

Wanted = Literal["auto", "onnx", "keras"]


class Predictor(AnyPredictor):
    """A trained network with the preprocessing, calibration, thresholds and gate that belong to it.

    Example:
        >>> from cervinet import Predictor
        >>> predictor = Predictor.load("runs/20261120-101500-cervix-cnn")
        >>> for one in predictor.predict(["a.jpg", "b.jpg"]):
        ...     print(one.image, one.error or one.verdict.label)
    """

    def __init__(self, engine: Engine, card: ModelCard, likeness: Likeness | None = None) -> None:
        self.card, self.engine = card, engine
        self._likeness = likeness

    @staticmethod
    def load(run: Run | Path | str | None = None, views: int | None = None, engine: Wanted = "auto") -> AnyPredictor:
        """The network of a run, or the ensemble that it is.

        Args:
            run: a finished one, or its directory; None for the newest finished one under `runs/`.
            views: mirror images and turns to average over, in place of those that the run was trained to be judged by.
            engine: onnx needs no TensorFlow; auto is onnx where the run has a `model.onnx`, else keras.

        Raises:
            CervinetError: a file of it was changed or cannot be read.
            UsageError: there is no such run, or the views do not fit its pictures.
        """
        run = run if isinstance(run, Run) else Run.open(None if run is None else Path(run))
        card = run.read_card()
        gate_of(card, run.card)  # raises where there is another thing in its place
        if card.members:
            from cervinet.inference.ensemble import Ensemble

            folders = [run.verified_member(card, one.folder) for one in card.members]
            return Ensemble(card, [Predictor.of_member(one, views, engine) for one in folders])
        return Predictor.of_network(run, views, engine)

    @classmethod
    def of_member(cls, run: Run, views: int | None = None, engine: Wanted = "auto") -> "Predictor":
        """The same for a member of an ensemble, without its own calibration: the ensemble has one for all."""
        member = cls.of_network(run, views, engine)
        return member.with_card(replace(member.card, calibration={}, choices={}))

    @classmethod
    def of_network(cls, run: Run, views: int | None = None, engine: Wanted = "auto") -> "Predictor":
        """The same for a run that is no ensemble."""
        card = run.read_card()
        gate_of(card, run.card)
        height, width = card.image_size
        if views and views > 4 and height != width:
            raise UsageError(
                f"--views must be 1, 2 or 4 for {run.path}, whose pictures are {height} × {width}: quarter turns "
                f"would change their sides; got {views}"
            )
        likeness = Likeness.load(run.verified(card, run.likeness)) if "unlike" in card.gate else None
        return cls(_engine(run, card, engine), replace(card, views=views or card.views), likeness)

    def with_card(self, card: ModelCard, likeness: Likeness | None = None) -> "Predictor":
        """The same network, loaded once, with another card; `likeness` in place of its own, if given."""
        other = copy(self)
        other.card, other._likeness = card, likeness or self._likeness
        return other

    def probabilities(self, images: NDArray[np.uint8]) -> Answers:
        """Of prepared pictures, uint8 (n, height, width, 3) RGB.

        Of several views the probabilities are the mean, and the logits its logarithm.
        """
        return self._answered(images, None if self._likeness is None else look(images))

    def unlike(
        self, looks: NDArray[np.float32] | None, embedding: NDArray[np.float32] | None
    ) -> NDArray[np.float64] | None:
        """How unlike those of training pictures are, see `Answers`, by their looks (see `data.look`)."""
        return None if self._likeness is None or looks is None else self._likeness.score(looks, embedding)

    def _answered(self, images: NDArray[np.uint8], looks: NDArray[np.float32] | None) -> Answers:
        found = [self.engine(view) for view in views_of(images, self.card.views)]
        one = found[0] if len(found) == 1 else combined(found, [1 / len(found)] * len(found), "probability")
        embedding = found[0].embedding
        return calibrated(replace(one, embedding=embedding, unlike=self.unlike(looks, embedding)), self.card)

    def rows(self, images: "Images | Features", rows: NDArray[np.int64]) -> Answers:
        """The same of rows of a store, or of kept features, at least one; the embeddings are kept.

        Of features alone it is not known how unlike training the pictures are.
        """
        from cervinet.data.feature_store import Features

        if isinstance(images, Features):  # of a training process, which runs Keras
            answers: Answers = self.engine.of_features(images[rows])  # type: ignore[attr-defined]
            return calibrated(answers, self.card)
        parts = [self.probabilities(images[rows[start : start + BATCH]]) for start in range(0, len(rows), BATCH)]
        return Answers.joined(parts)

    def measured(self, picture: Picture) -> tuple[NDArray[np.uint8], Quality]:
        """A picture as the network takes it, uint8 (height, width, 3) RGB, and its quality. Raises ImageError."""
        image, sides = prepare_and_measure(picture, self.card.image_size, self.card.preprocess)
        return image, quality(image, sides)

    def prepare(self, picture: Picture) -> Prepared:
        """See `AnyPredictor`."""
        if not self.card.gate:
            return Prepared((prepare(picture, self.card.image_size, self.card.preprocess),), None)
        image, found = self.measured(picture)
        return Prepared((image,), found, None if self._likeness is None else look(image[None])[0])

    def judge(self, prepared: Sequence[Prepared]) -> Answers:
        """See `AnyPredictor`."""
        looks = [one.look for one in prepared if one.look is not None]
        return self._answered(np.stack([one.images[0] for one in prepared]), np.stack(looks) if looks else None)


def _engine(run: Run, card: ModelCard, wanted: Wanted) -> Engine:
    if wanted == "onnx" and run.onnx.name not in card.hashes:
        raise UsageError(f"{run.path} has no {run.onnx.name}{_why(card)}; use the engine keras")
    if wanted == "onnx" or (wanted == "auto" and run.onnx.name in card.hashes):
        from cervinet.inference.onnx_engine import OnnxEngine

        return OnnxEngine.load(run, card)
    from cervinet.inference.keras_engine import KerasEngine

    return KerasEngine.load(run, card)


def _why(card: ModelCard) -> str:
    return f": {card.onnx['why']}" if card.onnx.get("why") else ""
