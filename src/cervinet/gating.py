"""The gate of a run: fitted on its training pictures, its limits on its validation pictures."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cervinet.config import Config
from cervinet.data.decoding import decode_all
from cervinet.data.feature_store import Features
from cervinet.data.look import look
from cervinet.data.manifest import Manifest
from cervinet.data.quality import Quality
from cervinet.data.store import Images
from cervinet.errors import ImageError
from cervinet.inference.gate import Gate
from cervinet.inference.likeness import Likeness
from cervinet.progress import Progress
from cervinet.run import Run

if TYPE_CHECKING:
    from cervinet.inference.predictor import Predictor

MOST = 1000
"""Pictures of training, and of validation, that a gate is made of; more would cost time and hardly move a limit."""

_BATCH = 32

Rows = NDArray[np.int64]
Vectors = dict[str, NDArray[np.float32]]


def gated(
    config: Config,
    manifest: Manifest,
    images: Images | Features,
    predictor: "Predictor",
    run: Run,
    progress: Progress,
) -> "Predictor":
    """The predictor with a gate, whose file is written; as it is where there are no validation pictures."""
    run.likeness.unlink(missing_ok=True)  # of an earlier end of a run that was resumed
    rows = sampled(manifest, "val", config.seed)
    found = _measured(manifest, rows, predictor)
    if len(found) < 2:
        progress.say(
            "The run has no input gate, which is made of validation pictures: "
            f"{'there are none' if not found else 'there is only one'}."
        )
        return predictor
    validation = _vectors(predictor, images, rows[list(found)], np.stack([image for image, _ in found.values()]))
    training = _of_training(manifest, images, predictor, sampled(manifest, "train", config.seed))
    likeness = Likeness.fit(training, validation, config.gate.share)
    likeness.save(run.likeness)
    facts = {"spaces": list(likeness.spaces), "training_pictures": len(training["look"])}
    gate = Gate.fit([quality for _, quality in found.values()], config.gate.share, config.gate.refuse, facts)
    return predictor.with_card(replace(predictor.card, gate=gate.to_json()), likeness)


def sampled(manifest: Manifest, split: str, seed: int) -> Rows:
    """Rows of a split in order, int64, at most `MOST`; each class has its share of them."""
    part = manifest.part(split)
    shuffled = part.sample(frac=1, random_state=seed).sort_values("label", kind="stable").index.to_numpy(np.int64)
    places = np.linspace(0, len(shuffled) - 1, min(MOST, len(shuffled))).astype(np.int64)
    return np.sort(shuffled[places])


def _measured(manifest: Manifest, rows: Rows, predictor: "Predictor") -> dict[int, tuple[NDArray[np.uint8], Quality]]:
    """By place in the rows; without those that were there when training began and are no longer."""
    found = decode_all(manifest.take(rows).pictures(), predictor.measured)
    return {place: one for place, (_, one) in enumerate(found) if not isinstance(one, ImageError)}


def _of_training(manifest: Manifest, images: Images | Features, predictor: "Predictor", rows: Rows) -> Vectors:
    if isinstance(images, Features):
        found = _measured(manifest, rows, predictor)
        return _vectors(predictor, images, rows[list(found)], np.stack([image for image, _ in found.values()]))
    return _vectors(predictor, images, rows, images[rows])


def _vectors(predictor: "Predictor", images: Images | Features, rows: Rows, prepared: NDArray[np.uint8]) -> Vectors:
    """What pictures are compared by: their look, and their embeddings where the network has them, float32 (n, k)."""
    if isinstance(images, Features):
        embedding = predictor.rows(images, rows).embedding
    else:
        parts = [prepared[start : start + _BATCH] for start in range(0, len(rows), _BATCH)]
        found = [one for part in parts if (one := predictor.engine(part).embedding) is not None]
        embedding = np.concatenate(found) if found else None
    return {"look": look(prepared)} | ({} if embedding is None else {"embedding": embedding})
