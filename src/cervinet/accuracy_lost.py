"""What coarser numbers cost: the same test pictures judged by the network and by a part of its export."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cervinet import pictures
from cervinet.assessing import resampling
from cervinet.data.decoding import decode_all
from cervinet.data.manifest import Manifest
from cervinet.data.picture import Picture
from cervinet.data.preprocess import prepare
from cervinet.errors import ImageError
from cervinet.evaluation.comparison import compare
from cervinet.evaluation.contrasts import Contrast
from cervinet.evaluation.matching import Entrant
from cervinet.evaluation.predictions import Predictions
from cervinet.exporters.export import Call, Given
from cervinet.inference.answers import Answers
from cervinet.inference.calibrating import calibrated
from cervinet.model_card import ModelCard
from cervinet.progress import Progress

if TYPE_CHECKING:
    from cervinet.export_plan import Plan
    from cervinet.inference.predictor import Predictor

_BATCH = 32


@dataclass(frozen=True)
class Loss:
    """Of one part of an export.

    Attributes:
        part: its name.
        images: test pictures.
        contrast: the part against the network, both with one view a picture and calibrated.
    """

    part: str
    images: int
    contrast: Contrast

    def to_json(self) -> dict[str, Any]:
        """As in the card."""
        return {"images": self.images} | self.contrast.to_json()


def losses(
    parts: Sequence[str], planned: "Plan", predictor: "Predictor", folder: Path, progress: Progress
) -> tuple[Loss, ...]:
    """Of each part by its name, on all test pictures; of none where there are no labelled ones.

    Raises:
        ImageError: a test picture cannot be read any more.
    """
    if not parts or planned.judged is None:
        return ()
    run, card = planned.source.run, planned.source.card
    how = resampling(pictures.config_of(run, None, ()))
    calls = planned.exporter.traits["reload"](folder)
    answers = _answers({part: calls[part] for part in parts}, planned.judged, predictor, card, progress)
    entrants = {name: Entrant(name, _predictions(planned.judged, one)) for name, one in answers.items()}
    network = entrants.pop(_NETWORK)
    return tuple(
        Loss(part, len(planned.judged), compare([network, entrant], how).contrasts[0])
        for part, entrant in entrants.items()
    )


_NETWORK = "the network"


def _answers(
    calls: Mapping[str, Call], manifest: Manifest, predictor: "Predictor", card: ModelCard, progress: Progress
) -> dict[str, NDArray[np.float64]]:
    """Calibrated probabilities of the network and of each part; a few pictures are in memory at a time."""
    found: dict[str, list[NDArray[np.float64]]] = {_NETWORK: [], **{name: [] for name in calls}}

    def judge(images: NDArray[np.uint8]) -> None:
        found[_NETWORK].append(calibrated(predictor.engine(images), card).probabilities)
        for name, call in calls.items():
            found[name].append(calibrated(Answers.of_outputs(call(Given(images, ()))), card).probabilities)

    def load(picture: Picture) -> NDArray[np.uint8]:
        return prepare(picture, card.image_size, card.preprocess)

    batch: list[NDArray[np.uint8]] = []
    outcomes = decode_all(manifest.pictures(), load)
    for _, image in progress.track(outcomes, len(manifest), "Measuring the accuracy lost"):
        if isinstance(image, ImageError):
            raise image
        batch.append(image)
        if len(batch) == _BATCH:
            judge(np.stack(batch))
            batch = []
    if batch:
        judge(np.stack(batch))
    return {name: np.concatenate(parts) for name, parts in found.items()}


def _predictions(manifest: Manifest, probabilities: NDArray[np.float64]) -> Predictions:
    index = {name: number for number, name in enumerate(manifest.classes)}
    return Predictions(
        images=tuple(manifest.table["image"]),
        groups=tuple(manifest.groups()),
        labels=np.array(manifest.table["label"].map(index), np.int64),
        probabilities=probabilities,
        classes=manifest.classes,
        split="test",
    )
