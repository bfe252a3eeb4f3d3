"""Several networks that predict as one."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from cervinet.data.picture import Picture
from cervinet.data.preprocess import prepare_and_measure
from cervinet.data.quality import quality
from cervinet.inference.answers import Answers
from cervinet.inference.average import combined
from cervinet.inference.calibrating import calibrated
from cervinet.inference.predicting import AnyPredictor, Prepared
from cervinet.inference.predictor import Predictor
from cervinet.model_card import ModelCard

Recipe = tuple[tuple[int, int], tuple[tuple[str, dict[str, Any]], ...]]


class Ensemble(AnyPredictor):
    """Members that each prepare a picture in their own way, and whose answers are averaged."""

    def __init__(self, card: ModelCard, members: Sequence[Predictor]) -> None:
        self.card = replace(card, views=ModelCard.common_views(member.card for member in members))
        self._members = members
        self._weights = [member.weight for member in card.members]
        recipes = [(member.card.image_size, member.card.preprocess) for member in members]
        # Members that prepare pictures alike share the work.
        self._recipes: list[Recipe] = [one for n, one in enumerate(recipes) if one not in recipes[:n]]
        self._recipe_of = [self._recipes.index(one) for one in recipes]

    def prepare(self, picture: Picture) -> Prepared:
        """For each recipe; the quality is that of the first, as the gate of the ensemble is its first member's."""
        found = [prepare_and_measure(picture, size, steps) for size, steps in self._recipes]
        return Prepared(tuple(image for image, _ in found), quality(*found[0]) if self.card.gate else None)

    def judge(self, prepared: Sequence[Prepared]) -> Answers:
        """See `AnyPredictor`."""
        images = [np.stack(alike) for alike in zip(*(one.images for one in prepared), strict=True)]
        found = [
            member.probabilities(images[recipe]) for member, recipe in zip(self._members, self._recipe_of, strict=True)
        ]
        if not self.card.subclasses:  # each member may have others
            found = [replace(one, subclasses=None) for one in found]
        return calibrated(combined(found, self._weights, self.card.average), self.card)
