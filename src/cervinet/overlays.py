"""Heat maps of pictures, batch by batch, and the files that show them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cervinet.data.decoding import decode_all
from cervinet.data.picture import Picture
from cervinet.data.region_frame import Region, region_of
from cervinet.errors import CervinetError, ImageError, UsageError
from cervinet.escape import for_terminal
from cervinet.files import replacing
from cervinet.folders import fresh_folder
from cervinet.model_card import ModelCard
from cervinet.progress import Progress
from cervinet.registry import did_you_mean
from cervinet.report.overlay import jpeg, overlay
from cervinet.run import Run

if TYPE_CHECKING:
    from cervinet.inference.heat import AnyExplainer, Method
    from cervinet.inference.predicting import Prediction

_BATCH = 16
_LONGEST = 80


@dataclass(frozen=True, eq=False)
class Heated:
    """A picture as the network saw it, with what speaks for a class.

    Attributes:
        number: of the picture among those given.
        image: uint8 (height, width, 3) RGB.
        heat: float32 (height, width), not negative.
        region: bool (height, width); None where none is known or in sight.
        problem: why a mask or box cannot be used; empty where that is not so.
    """

    number: int
    image: NDArray[np.uint8]
    heat: NDArray[np.float32]
    region: NDArray[np.bool_] | None
    problem: str


def heated(
    explainer: "AnyExplainer", pictures: Sequence[Picture], classes: Sequence[int], kind: Region | None
) -> Iterator[Heated | ImageError]:
    """The heat of a class in each picture, or the error that the picture gave, in order.

    Args:
        explainer: of the run.
        pictures: any number; a few are in memory at a time.
        classes: the class asked about, of each picture.
        kind: of the regions to find.
    """

    def load(number: int) -> tuple[NDArray[np.uint8], NDArray[np.bool_] | None, str]:
        picture = pictures[number]
        image = explainer.prepare(picture)
        try:
            return image, region_of(picture, explainer.size, explainer.steps, kind), ""
        except ImageError as error:
            return image, None, str(error)

    loaded = decode_all(range(len(pictures)), load)
    while batch := [item for _, item in zip(range(_BATCH), loaded, strict=False)]:
        good = [(number, *found) for number, found in batch if not isinstance(found, ImageError)]
        heats = iter(())
        if good:
            asked = np.array([classes[number] for number, *_ in good], np.int64)
            heats = iter(explainer.heat(np.stack([image for _, image, *_ in good]), asked))
        for number, found in batch:
            if isinstance(found, ImageError):
                yield found
            else:
                image, region, problem = found
                yield Heated(number, image, next(heats), region, problem)


@dataclass(frozen=True, eq=False)
class Shown:
    """A picture of the command line: its prediction, the class that was asked about, and the overlay's file.

    `file` is None, and the prediction says why, where the picture could not be read. `remarks` are sentences that a
    person should be told: that nothing speaks for the class, or that a box cannot be drawn.
    """

    prediction: "Prediction"
    asked: str
    file: Path | None
    remarks: tuple[str, ...] = ()


def show_heat(
    run: Run, pictures: Sequence[Picture], *, method: "Method", asked: str | None, to: Path | None, progress: Progress
) -> Iterator[Shown]:
    """Write the overlay of every picture, in order, as they are ready.

    Args:
        run: finished.
        pictures: any number.
        method: of the heat maps.
        asked: the class to explain; None for the predicted one of each.
        to: folder of the overlays, made when the first is ready; None for a new one in the run's `cam/`.
        progress: shows the work.

    Raises:
        CervinetError, UsageError: see `explainer_of` and `Predictor.load`.
    """
    from cervinet.inference.explainer import explainer_of
    from cervinet.inference.predictor import Predictor

    predictor, explainer = Predictor.load(run), explainer_of(run, method)
    classes, names = explainer.card.classes, set[str]()
    predictions = list(progress.track(predictor.pictures(pictures), len(pictures), "Predicting"))
    best = [0 if one.probabilities is None else int(one.probabilities.argmax()) for one in predictions]
    numbers = best if asked is None else [classes.index(asked)] * len(best)
    found = progress.track(heated(explainer, pictures, numbers, None), len(pictures), "Explaining")
    for prediction, number, one in zip(predictions, numbers, found, strict=True):
        if isinstance(one, ImageError):
            yield Shown(prediction, "", None)
            continue
        to = to or fresh_folder(run.cam, "explain")
        name = file_name(f"{prediction.image.stem}-{classes[number]}", names)
        write_jpeg(to / name, jpeg(overlay(one.image, one.heat, one.region)))
        remarks = [f"No outline: {one.problem}"] if one.problem else []
        if not one.heat.any():
            remarks.append(f"No heat: nothing in {prediction.image} speaks for {classes[number]}.")
        yield Shown(prediction, classes[number], to / name, tuple(remarks))


def check_class(card: ModelCard, asked: str | None) -> None:
    """Raises UsageError where a class is asked about that the network does not know."""
    if asked is not None and asked not in card.classes:
        near = did_you_mean(asked, card.classes)
        raise UsageError(f"--class must be a class of the run; got '{for_terminal(asked)}'{near}")


def file_name(words: str, taken: set[str]) -> str:
    """A name of letters, digits, dots and dashes that no file system minds, and that is not among those taken yet.

    It is added to `taken`. Names that differ in other characters alone, or beyond the 80th, get a number.
    """
    stem = re.sub(r"[^\w.-]+|^[.-]+", "_", words, flags=re.ASCII)[:_LONGEST]
    name, number = f"{stem}.jpg", 1
    while name.lower() in taken:
        number += 1
        name = f"{stem}-{number}.jpg"
    taken.add(name.lower())
    return name


def write_jpeg(path: Path, data: bytes) -> None:
    """Readable by its owner alone: it may show a patient. Raises CervinetError where it cannot be written."""
    try:
        with replacing(path) as temporary:
            temporary.touch(mode=0o600)
            temporary.write_bytes(data)
    except OSError as error:
        raise CervinetError(f"{path} cannot be written: {error.strerror}; name another folder, or free space") from None
