"""A run, loaded once, that answers many requests at a time."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cervinet.data.picture import Picture
from cervinet.errors import CervinetError, UsageError
from cervinet.inference.predicting import BATCH, AnyPredictor, Prediction
from cervinet.inference.predictor import Predictor
from cervinet.run import Run
from cervinet.serve.batching import Batcher, Watcher
from cervinet.serve.limits import Limits
from cervinet.serve.service import Heat
from cervinet.yaml_source import read_yaml

if TYPE_CHECKING:
    from cervinet.inference.heat import AnyExplainer

WAIT = 0.05
"""Seconds for which an idle network waits, at most, for what is being prepared while something else is ready."""


class LoadedRun:
    """See `service.Service`."""

    def __init__(self, run: Run, predictor: AnyPredictor, name: str, watcher: Watcher, limits: Limits) -> None:
        self.name, self.run, self.card = name, run.path.resolve().name, predictor.card
        self._source, self._predictor, self._watcher, self._limits = run, predictor, watcher, limits
        self._explainer: AnyExplainer | None = None
        self._explains = _explains(run)
        # A thread of its own, for a heat map must not hold up predictions, nor two of them each other.
        self._heat_thread = ThreadPoolExecutor(1, "heat")
        self._batcher = Batcher(
            predictor.prepare, predictor.judging(), watcher, queue=limits.queue, batch=BATCH, wait=WAIT
        )

    @classmethod
    def load(cls, run: Run, watcher: Watcher, limits: Limits) -> "LoadedRun":
        """A finished run whose network has answered once, so that the first request waits no longer than the next.

        Raises:
            UsageError: the run is not for new pictures.
            CervinetError: a file of it was changed or cannot be read, or its network does not answer.
        """
        card = run.read_card()
        if card.not_deployable:
            raise UsageError(
                f"{run.path} cannot be served, for it is not for use on new pictures: {card.not_deployable}"
            )
        predictor = Predictor.load(run)
        height, width = card.image_size
        black = Picture(Path("warm-up"), (0, 0, width, height), pixels=np.zeros((height, width, 3), np.uint8))
        for prediction in predictor.pictures([black]):
            if prediction.error:
                raise CervinetError(f"{run.path} cannot be served, for it does not answer: {prediction.error}")
        return cls(run, predictor, str(read_yaml(run.config).data["name"]), watcher, limits)

    async def predict(self, pictures: Sequence[Picture]) -> list[Prediction]:
        """See `service.Service`."""
        found = await self._batcher([replace(one, max_pixels=self._limits.pixels) for one in pictures])
        for prediction in found:
            self._watcher.said(prediction)
        return found

    async def heat(self, picture: Picture, label: str) -> Heat | None:
        """See `service.Service`. Raises ImageError where the picture cannot be read."""
        limited = replace(picture, max_pixels=self._limits.pixels)
        return await asyncio.get_running_loop().run_in_executor(self._heat_thread, self._heat, limited, label)

    def close(self) -> None:
        """Finish what waits and take nothing more."""
        self._batcher.close()
        self._heat_thread.shutdown(cancel_futures=True)

    def _heat(self, picture: Picture, label: str) -> Heat | None:
        if not self._explains:
            return None
        if self._explainer is None:
            from cervinet.inference.explainer import explainer_of

            self._explainer = explainer_of(self._source, "grad_cam")
        image = self._explainer.prepare(picture)
        asked = np.array([self.card.classes.index(label)])
        return Heat(image, self._explainer.heat(image[None], asked)[0])


def _explains(run: Run) -> bool:
    """Whether there are heat maps without TensorFlow, or it is in this process already."""
    from cervinet.inference.heat import networks_of

    try:
        networks = networks_of(run)[1]
    except UsageError:  # members that prepare pictures in different ways have no map in common
        return False
    files = [set(one.card.hashes) for one in networks]
    by_keras = any(run.onnx.name not in one for one in files)
    return by_keras or all(run.heat.name in one for one in files)
