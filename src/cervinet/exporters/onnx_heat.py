"""What a heat map needs beside the last feature map: the gradient of a logit with respect to it, as an ONNX file."""

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from cervinet.exporters.onnx import converted
from cervinet.exporters.onnx_gradients import HANDLERS
from cervinet.inference.feature_map import with_map


@dataclass(frozen=True)
class Gradient:
    """Of one picture, in float32.

    Attributes:
        of: takes the map (1, h, w, channels) and the class asked about as (1, classes), 1 for it and 0 for the others;
            gives `gradient` (1, h, w, channels): of that class's logit with respect to the map.
        map_shape: (1, h, w, channels).
        classes: how many.
        weights: bytes of the variables behind the map.
    """

    of: Callable[..., dict[str, tf.Tensor]]
    map_shape: tuple[int, ...]
    classes: int
    weights: int

    def __call__(self, maps: NDArray[np.float32], classes: NDArray[np.int64]) -> NDArray[np.float32]:
        """Of maps float32 (n, h, w, channels) and the class asked about of each, by TensorFlow: in the maps' shape."""
        asked = tf.one_hot(classes, self.classes)
        traced = tf.function(self.of, autograph=False)
        found = [traced(maps[one : one + 1], asked[one : one + 1])["gradient"] for one in range(len(maps))]
        gradients: NDArray[np.float32] = np.concatenate(found)
        return gradients

    def to_onnx(self) -> bytes:
        """A file that takes `map` and `asked` and gives `gradient`.

        The shapes are fixed: TensorFlow's gradients ask for the shapes of what they are gradients of, which constants
        can stand for then.

        Raises:
            CervinetError: there is an operation whose gradient cannot be written in ONNX.
        """
        inputs = {"map": self.map_shape, "asked": (1, self.classes)}
        return converted(self.of, inputs, ["gradient"], self.weights, HANDLERS)


def gradient_behind(model: keras.Model) -> Gradient:
    """Of a network as `build_model` makes it, in float32. Raises CervinetError where it has no last feature map."""
    found, logits = with_map(model).outputs
    head = keras.Model(found, logits)

    def gradient(map: tf.Tensor, asked: tf.Tensor) -> dict[str, tf.Tensor]:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(map)
            logit = tf.reduce_sum(head(map, training=False) * asked)
        return {"gradient": tape.gradient(logit, map)}

    return Gradient(gradient, (1, *found.shape[1:]), logits.shape[-1], 4 * head.count_params())
