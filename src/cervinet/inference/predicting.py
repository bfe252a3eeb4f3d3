"""Pictures prepared in threads, judged by the batch, and what is said of each."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

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


class AnyPredictor(Protocol):
    """A single network, or an ensemble."""

    card: ModelCard

    def pictures(self, pictures: Iterable[Picture]) -> Iterator[Prediction]:
        """Each picture in order; one that cannot be read gives its error and stops nothing."""

    def predict(self, images: Iterable[Image]) -> Iterator[Prediction]:
        """The same of paths, of the bytes of image files, and of upright pixels uint8 (H, W, 3) RGB."""


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


def predicted(
    pictures: Iterable[Picture],
    load: Callable[[Picture], Prepared],
    judge: Callable[[Sequence[Prepared]], Answers],
    card: ModelCard,
) -> Iterator[Prediction]:
    """Predictions of pictures that are prepared in threads and judged by the batch.

    Args:
        pictures: in the order wanted.
        load: prepares a picture, or raises an ImageError.
        judge: prepared pictures, at least one → what is said of them, calibrated.
        card: whose thresholds and gate hold.
    """
    verdict, gate = Judge(card), Gate.from_json(card.gate) if card.gate else None
    batch: list[tuple[Picture, Prepared | ImageError]] = []

    def judged() -> Iterator[Prediction]:
        good = [prepared for _, prepared in batch if not isinstance(prepared, ImageError)]
        answers = iter(judge(good) if good else ())
        for picture, prepared in batch:
            if isinstance(prepared, ImageError):
                yield Prediction(picture.path, error=str(prepared))
                continue
            answer = next(answers)
            flags = gate.flags(prepared.quality, answer.unlike) if gate and prepared.quality else ()
            yield said(picture.path, answer, verdict(answer.probabilities, flags))

    # While the network is at one batch, threads that have nothing to do for it prepare the next.
    for item in decode_all(pictures, load, ahead=BATCH + 2 * cores()):
        batch.append(item)
        if len(batch) == BATCH:
            yield from judged()
            batch = []
    yield from judged()
