"""Pictures prepared in threads, judged by the batch, and what is said of each."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cervinet.data.decoding import decode_all
from cervinet.data.picture import Picture
from cervinet.data.quality import Quality
from cervinet.environment import cores
from cervinet.errors import ImageError
from cervinet.inference.answers import Answer, Answers
from cervinet.inference.gate import Gate
from cervinet.inference.verdict import Judge, Verdict
from cervinet.model_card import ModelCard

Image = Path | str | bytes | NDArray[np.uint8]

BATCH = 32


@dataclass(frozen=True)
class Prediction:
    """One picture: probabilities and logits float64 (classes,), or the error that it gave.

    `subclasses` are the probabilities of the card's sub-classes, float64 (sub-classes,), of a network that has them;
    `spread` is the mutual information in nats between the class and the member or view that answers, where there are
    several; `verdict` is what the run says of the picture by its thresholds and its gate; `unlike` is how unlike those
    of training the picture is, not negative, 1 at the threshold, of a run whose gate knows it.
    """

    image: Path
    probabilities: NDArray[np.float64] | None = None
    logits: NDArray[np.float64] | None = None
    subclasses: NDArray[np.float64] | None = None
    error: str = ""
    spread: float | None = None
    verdict: Verdict | None = None
    unlike: float | None = None


@dataclass(frozen=True, eq=False)
class Prepared:
    """A picture on its way to a network.

    Attributes:
        images: as each network of an ensemble takes it, uint8 (height, width, 3).
        quality: where a gate asks for it.
        look: float32 (21,), where a single network has a gate that asks for it (see `data.look`).
    """

    images: tuple[NDArray[np.uint8], ...]
    quality: Quality | None
    look: NDArray[np.float32] | None = None


def picture_of(image: Image, number: int) -> Picture:
    """A picture of what a program has; without a name of its own it is called by its number, from 1."""
    if isinstance(image, bytes):
        return Picture(Path(f"image {number}"), data=image)
    if isinstance(image, np.ndarray):
        return Picture(Path(f"image {number}"), pixels=image)
    return Picture(Path(image))


def said(image: Path, answer: Answer, verdict: Verdict | None = None) -> Prediction:
    """The answer to a picture, with its name."""
    return Prediction(
        image, answer.probabilities, answer.logits, answer.subclasses, "", answer.spread, verdict, answer.unlike
    )


def answers_of(predictions: Sequence[Prediction]) -> Answers:
    """The predictions of one network, none of them an error, as arrays."""
    first = predictions[0]
    return Answers(
        np.array([one.probabilities for one in predictions]),
        np.array([one.logits for one in predictions]),
        None if first.subclasses is None else np.array([one.subclasses for one in predictions]),
        None if first.spread is None else np.array([one.spread for one in predictions]),
        unlike=None if first.unlike is None else np.array([one.unlike for one in predictions]),
    )


class Judging:
    """Prepared pictures → predictions, by the thresholds and the gate of a card, which are read once."""

    def __init__(self, judge: Callable[[Sequence[Prepared]], Answers], card: ModelCard) -> None:
        """`judge`: prepared pictures, at least one → what the network says of them, calibrated."""
        self._judge, self._verdicts = judge, Judge(card)
        self._gate = Gate.from_json(card.gate) if card.gate else None

    def __call__(self, batch: Sequence[tuple[Picture, Prepared | ImageError]]) -> list[Prediction]:
        """In order, one each; of a picture that cannot be read, its error."""
        good = [(picture, prepared) for picture, prepared in batch if not isinstance(prepared, ImageError)]
        said = iter(self._said(good) if good else ())
        return [
            Prediction(picture.path, error=str(prepared)) if isinstance(prepared, ImageError) else next(said)
            for picture, prepared in batch
        ]

    def _said(self, batch: Sequence[tuple[Picture, Prepared]]) -> list[Prediction]:
        answers = self._judge([prepared for _, prepared in batch])
        flags = [
            self._gate.flags(prepared.quality, answer.unlike) if self._gate and prepared.quality else ()
            for (_, prepared), answer in zip(batch, answers, strict=True)
        ]
        verdicts = self._verdicts(answers.probabilities, flags)
        each = zip(batch, answers, verdicts, strict=True)
        return [said(picture.path, answer, verdict) for (picture, _), answer, verdict in each]


class AnyPredictor(ABC):
    """A single network, or an ensemble."""

    card: ModelCard

    @abstractmethod
    def prepare(self, picture: Picture) -> Prepared:
        """All that is known of a picture without the network; safe to call from many threads. Raises ImageError."""

    @abstractmethod
    def judge(self, prepared: Sequence[Prepared]) -> Answers:
        """What the network says of prepared pictures, at least one; calibrated."""

    def judging(self) -> Judging:
        """For who prepares pictures by itself."""
        return Judging(self.judge, self.card)

    def pictures(self, pictures: Iterable[Picture]) -> Iterator[Prediction]:
        """Each picture in order; one that cannot be read gives its error and stops nothing."""
        judging = self.judging()
        batch: list[tuple[Picture, Prepared | ImageError]] = []
        # While the network is at one batch, threads that have nothing to do for it prepare the next.
        for item in decode_all(pictures, self.prepare, ahead=BATCH + 2 * cores()):
            batch.append(item)
            if len(batch) == BATCH:
                yield from judging(batch)
                batch = []
        yield from judging(batch)

    def predict(self, images: Iterable[Image]) -> Iterator[Prediction]:
        """The same of paths, of the bytes of image files, and of upright pixels uint8 (H, W, 3) RGB."""
        return self.pictures(picture_of(one, number) for number, one in enumerate(images, start=1))
