"""Which part of a picture speaks for a class: gradient-weighted class activation maps."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from cervinet.data.picture import Picture
from cervinet.data.preprocess import prepare
from cervinet.inference.feature_map import with_map
from cervinet.inference.heat import Heat, Method, averaged, networks_of
from cervinet.inference.keras_engine import open_network
from cervinet.model_card import ModelCard
from cervinet.run import Run

_BATCH = 8  # a gradient keeps the maps of every layer in memory


class Explainer:
    """Heat maps of a trained network, or of the networks of an ensemble.

    The heat of a class is made from the last feature map A (see `feature_map.with_map`) and from the gradient g of the
    class's logit with respect to it, in float32: with a weight for each channel k,

        heat = ReLU(sum over k of weight_k A_k), enlarged linearly to the size of the picture.

    - grad_cam: weight_k is the mean of g_k (Selvaraju et al., Grad-CAM, ICCV 2017, equations 1 and 2). Behind a global
      average and one dense layer that is the class activation map of Zhou et al., CVPR 2016, over the cells of the map.
    - grad_cam_plus_plus: weight_k is the sum of alpha ReLU(g_k) with alpha = g_k² / (2 g_k² + g_k³ sum(A_k)), 0 where
      that is 0 / 0 (Chattopadhay et al., Grad-CAM++, WACV 2018, equations 19 and 21). The exponential of the logit,
      which the paper puts before it, is one factor for the whole picture and is left out, lest it overflow.

    The picture is explained as it stands: mirror images and turns that a run averages over are not.
    """

    def __init__(
        self, networks: Sequence[keras.Model], card: ModelCard, method: Method, weights: Sequence[float] = (1.0,)
    ) -> None:
        """`networks` take pictures prepared as `card` says; `weights` are their shares, which sum to one."""
        self.card, self.size, self.steps = card, card.image_size, card.preprocess
        self._weights = weights
        self._networks = [with_map(network) for network in networks]
        self._heat = [_traced(network, card.image_size, method) for network in self._networks]

    @classmethod
    def load(cls, run: Run, method: Method) -> "Explainer":
        """The network of a run, or those of the ensemble that it is.

        Raises:
            CervinetError: a file of it was changed or cannot be read, or a network cannot be explained.
            UsageError: the members of an ensemble prepare pictures in several ways, so that their maps do not match.
        """
        card, networks = networks_of(run)
        models = [open_network(one.run, one.card) for one in networks]
        return cls(models, card, method, [one.weight for one in networks])

    def prepare(self, picture: Picture) -> NDArray[np.uint8]:
        """What the network sees, uint8 (height, width, 3) RGB. Raises ImageError where the picture cannot be read."""
        return prepare(picture, self.size, self.steps)

    def predicted(self, images: NDArray[np.uint8]) -> NDArray[np.int64]:
        """The most probable class of each prepared picture as it stands, int64 (n,)."""
        probabilities = sum(
            weight * tf.nn.softmax(_in_parts(lambda part, one=network: one(part, training=False)[1], images)).numpy()
            for weight, network in zip(self._weights, self._networks, strict=True)
        )
        best: NDArray[np.int64] = np.argmax(probabilities, axis=1)
        return best

    def heat(self, images: NDArray[np.uint8], classes: NDArray[np.int64] | None = None) -> Heat:
        """What speaks for a class.

        Args:
            images: prepared pictures, uint8 (n, height, width, 3) RGB.
            classes: the class asked about of each, int64 (n,); None for the predicted ones.

        Returns:
            float32 (n, height, width), not negative, in no unit: to be compared within a picture alone. It is 0
            everywhere where nothing speaks for the class. Of an ensemble, the weighted mean of its networks' maps, each
            of which was divided by its sum.
        """
        asked = self.predicted(images) if classes is None else classes
        found: list[Heat] = [_in_parts(heat, images, asked) for heat in self._heat]
        return averaged(found, self._weights)

    @contextmanager
    def randomised(self, seed: int) -> Iterator[None]:
        """Within, every weight is as before any training: He-normal kernels, no bias, neutral normalization.

        Args:
            seed: of the weights, not negative.
        """
        own = [network.get_weights() for network in self._networks]
        random = np.random.default_rng(seed)
        try:
            for network in self._networks:
                network.set_weights([_untrained(variable, random) for variable in network.weights])
            yield
        finally:
            for network, weights in zip(self._networks, own, strict=True):
                network.set_weights(weights)


def _traced(network: keras.Model, size: tuple[int, int], method: Method) -> Callable[..., Any]:
    """Pictures uint8 (n, *size, 3) and classes int64 (n,) → heat float32 (n, *size)."""
    weigh = {"grad_cam": _mean_gradient, "grad_cam_plus_plus": _plus_plus}[method]

    def heat(images: tf.Tensor, classes: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            pixels = tf.cast(images, tf.float32)
            tape.watch(pixels)
            maps, logits = network(pixels, training=False)
            asked = tf.reduce_sum(tf.gather(logits, classes, batch_dims=1))
        gradient = tape.gradient(asked, maps)
        weights = weigh(maps, gradient)[:, None, None]
        found = tf.nn.relu(tf.reduce_sum(weights * maps, axis=-1, keepdims=True))
        return tf.image.resize(found, size)[..., 0]

    pictures, asked = tf.TensorSpec((None, *size, 3), tf.uint8), tf.TensorSpec((None,), tf.int64)
    traced: Callable[..., Any] = tf.function(heat).get_concrete_function(pictures, asked)
    return traced


def _mean_gradient(maps: tf.Tensor, gradient: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(gradient, axis=(1, 2))


def _plus_plus(maps: tf.Tensor, gradient: tf.Tensor) -> tf.Tensor:
    # With g² taken out of it, the fraction keeps its digits where the gradient is tiny.
    below = 2 + gradient * tf.reduce_sum(maps, axis=(1, 2), keepdims=True)
    alpha = tf.where(gradient != 0, tf.math.divide_no_nan(1.0, below), 0.0)
    return tf.reduce_sum(alpha * tf.nn.relu(gradient), axis=(1, 2))


def _in_parts(function: Callable[..., Any], *arrays: NDArray[Any]) -> Any:
    parts = range(0, len(arrays[0]), _BATCH)
    found = [function(*(tf.convert_to_tensor(one[start : start + _BATCH]) for one in arrays)) for start in parts]
    return np.concatenate([one.numpy() for one in found])


def _untrained(variable: Any, random: np.random.Generator) -> NDArray[Any]:
    shape = tuple(variable.shape)
    if len(shape) > 1:
        values = random.normal(0, np.sqrt(2 / np.prod(shape[:-1])), shape)
    else:
        values = np.full(shape, float(variable.name in ("gamma", "moving_variance")))
    return values.astype(variable.dtype)
