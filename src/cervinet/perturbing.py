"""A network asked again about the pictures it was judged on, each damaged in fifty ways."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from cervinet.data.decoding import decode_all
from cervinet.data.manifest import Manifest
from cervinet.data.perturb import DAMAGES, damaged, region_centre
from cervinet.data.picture import Picture
from cervinet.data.preprocess import decoded
from cervinet.environment import cores
from cervinet.errors import DataError, ImageError
from cervinet.evaluation.intervals import Resampling
from cervinet.evaluation.predictions import Predictions
from cervinet.evaluation.robustness import Answer, Robustness, robustness
from cervinet.model_card import ModelCard
from cervinet.progress import Progress

if TYPE_CHECKING:
    from cervinet.inference.predicting import AnyPredictor

MOST_AT_ONCE = 4
"""Threads that damage: more would hold too many whole pictures, four for each."""


def perturbed(
    predictor: "AnyPredictor", manifest: Manifest, predictions: Predictions, how: Resampling, progress: Progress
) -> Robustness:
    """Damage every judged picture in each way, before any other step, and judge the answers.

    A picture is decoded once. No more is held than some twenty damaged copies and the answers. An ensemble, whose
    members may want other sizes, gets its pictures decoded at full size.

    Args:
        predictor: that made the predictions.
        manifest: of the judged pictures, and perhaps of others.
        predictions: of single pictures, in the order of the manifest; those that could not be read are not among them.
        how: draws, confidence, seed and method of the intervals.
        progress: shows how far it is.

    Raises:
        DataError: the predictions are not of pictures of the manifest, in its order.
        ImageError: a picture cannot be read any more.
    """
    rows = np.flatnonzero(manifest.table["image"].isin(predictions.images))
    judged = manifest.take(manifest.table.index[rows].to_numpy())
    if tuple(judged.table["image"]) != predictions.images:
        raise DataError(
            f"only predictions of the {len(judged)} pictures at hand, in their order, can be compared with damaged "
            f"ones; got {len(predictions.images)} predictions"
        )
    pictures = progress.track(judged.pictures(), len(judged), "Damaging")
    shape = (len(judged), len(DAMAGES), len(predictions.classes))
    probabilities = np.empty(shape)
    for place, answer in enumerate(predictor.pictures(_damaged_pictures(pictures, predictor.card))):
        if answer.probabilities is None:
            raise ImageError(answer.error)
        probabilities[divmod(place, len(DAMAGES))] = answer.probabilities
    answers = [
        Answer(damage.kind, damage.severity, damage.amount, probabilities[:, number])
        for number, damage in enumerate(DAMAGES)
    ]
    return robustness(predictions, answers, how)


def _damaged_pictures(pictures: Iterator[Picture], card: ModelCard) -> Iterator[Picture]:
    """Every damage of the first picture, then every one of the second, and so on."""
    for picture in pictures:
        image = picture.read() if card.members else decoded(picture, card.image_size, card.preprocess)
        centre = region_centre(picture, image, card.preprocess)
        damage = partial(damaged, image, centre=centre)
        for _, found in decode_all(DAMAGES, damage, workers=min(MOST_AT_ONCE, cores())):
            if isinstance(found, ImageError):
                raise found
            yield replace(picture, pixels=found)
