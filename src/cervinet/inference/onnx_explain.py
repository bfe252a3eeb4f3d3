"""Heat maps by onnxruntime: no TensorFlow, and the same as `explain.Explainer` makes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cervinet.data.picture import Picture
from cervinet.data.preprocess import prepare
from cervinet.inference.heat import Heat, Method, Network, averaged
from cervinet.inference.onnx_engine import OnnxEngine
from cervinet.inference.onnx_session import open_session, run_session
from cervinet.model_card import ModelCard

Array = NDArray[np.float32]

_BATCH = 8  # the maps of a batch are in memory at once


class OnnxGradient:
    """What `exporters.onnx_heat` writes: the gradient of a logit with respect to the last feature map."""

    def __init__(self, file: Path) -> None:
        """Raises CervinetError where onnxruntime cannot load the file."""
        self._session = open_session(file)

    def __call__(self, maps: Array, classes: NDArray[np.int64], count: int) -> Array:
        """Of maps float32 (n, h, w, channels) and the class asked about of each, of so many: in the maps' shape."""
        asked = np.eye(count, dtype=np.float32)[classes]
        found = [
            run_session(self._session, ["gradient"], {"map": maps[one : one + 1], "asked": asked[one : one + 1]})[0]
            for one in range(len(maps))
        ]
        gradients: Array = np.concatenate(found)
        return gradients


@dataclass(frozen=True)
class Explained:
    """A network with its gradient, and its share in an ensemble."""

    engine: OnnxEngine
    gradient: OnnxGradient
    weight: float = 1.0


class OnnxExplainer:
    """See `explain.Explainer`, whose formulas these are; of networks that have a `heat.onnx`."""

    def __init__(self, networks: Sequence[Explained], card: ModelCard, method: Method) -> None:
        """`networks` take pictures prepared as `card` says; their weights sum to one."""
        self.card, self.size, self.steps = card, card.image_size, card.preprocess
        self._networks = networks
        self._weigh = {"grad_cam": _mean_gradient, "grad_cam_plus_plus": _plus_plus}[method]

    @classmethod
    def load(cls, networks: Sequence[Network], card: ModelCard, method: Method) -> "OnnxExplainer":
        """The networks of a run, as `heat.networks_of` gives them, after the hashes of their files were checked."""
        explained = [
            Explained(
                OnnxEngine.load(one.run, one.card), OnnxGradient(one.run.verified(one.card, one.run.heat)), one.weight
            )
            for one in networks
        ]
        return cls(explained, card, method)

    def prepare(self, picture: Picture) -> NDArray[np.uint8]:
        """What the network sees, uint8 (height, width, 3) RGB. Raises ImageError where the picture cannot be read."""
        return prepare(picture, self.size, self.steps)

    def predicted(self, images: NDArray[np.uint8]) -> NDArray[np.int64]:
        """The most probable class of each prepared picture as it stands, int64 (n,)."""
        parts = [images[start : start + _BATCH] for start in range(0, len(images), _BATCH)]
        found = [sum(one.weight * one.engine(part).probabilities for one in self._networks) for part in parts]
        best: NDArray[np.int64] = np.argmax(np.concatenate(found), axis=1)
        return best

    def heat(self, images: NDArray[np.uint8], classes: NDArray[np.int64] | None = None) -> Heat:
        """What speaks for a class: float32 (n, height, width), not negative; see `explain.Explainer.heat`."""
        asked = self.predicted(images) if classes is None else classes
        found = [
            np.concatenate([self._of_part(one, *part) for part in _parts(images, asked)]) for one in self._networks
        ]
        return averaged(found, [one.weight for one in self._networks])

    def _of_part(self, network: Explained, images: NDArray[np.uint8], classes: NDArray[np.int64]) -> Heat:
        (maps,) = network.engine.run(images, ["map"])
        weights = self._weigh(maps, network.gradient(maps, classes, len(self.card.classes)))
        small = np.maximum(np.einsum("nk,nhwk->nhw", weights, maps), 0)
        high, wide = self.size
        return np.stack([cv2.resize(one, (wide, high), interpolation=cv2.INTER_LINEAR) for one in small])


def _parts(images: NDArray[np.uint8], classes: NDArray[np.int64]) -> list[tuple[NDArray[np.uint8], NDArray[np.int64]]]:
    starts = range(0, len(images), _BATCH)
    return [(images[start : start + _BATCH], classes[start : start + _BATCH]) for start in starts]


def _mean_gradient(maps: Array, gradient: Array) -> Array:
    mean: Array = gradient.mean(axis=(1, 2))
    return mean


def _plus_plus(maps: Array, gradient: Array) -> Array:
    # As in `explain`: with g² taken out of it, the fraction keeps its digits where the gradient is tiny.
    below = 2 + gradient * maps.sum(axis=(1, 2), keepdims=True)
    alpha = np.divide(1, below, out=np.zeros_like(below), where=(gradient != 0) & (below != 0))
    weights: Array = (alpha * np.maximum(gradient, 0)).sum(axis=(1, 2))
    return weights
