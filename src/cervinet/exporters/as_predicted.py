"""A network's answer as `predict` says it, as TensorFlow operations: the mean over views, and the calibration.

The same arithmetic, in float64, as `inference.calibrating`, `inference.average` and `inference.views`; a test compares
the two.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from cervinet.evaluation.calibration import SURE, Calibration
from cervinet.model_card import ModelCard

PROBABILITIES, FINER = "probabilities", "subclass_probabilities"
_TINY = np.finfo(np.float64).tiny


def answered(network: keras.Model, images: tf.Tensor, card: ModelCard) -> dict[str, tf.Tensor]:
    """What the run says of pictures.

    Args:
        network: a `served_graph`.
        images: uint8 (n, height, width, 3) RGB.
        card: whose views and calibration hold.

    Returns:
        float32: `probabilities` (n, classes), and of a network that has sub-classes `subclass_probabilities`
        (n, sub-classes).
    """
    found = _mean_of_views(network, images, card.views)
    own = found[PROBABILITIES]
    said = {PROBABILITIES: _calibrated(found["logits"], own, card.calibration)}
    if card.subclasses:
        finer, parents = found[FINER], [card.classes.index(label) for _, label in card.subclasses]
        said[FINER] = _corrected(finer, own, said[PROBABILITIES], parents) if card.calibration else finer
    return {name: tf.cast(value, tf.float32) for name, value in said.items()}


def _mean_of_views(network: keras.Model, images: tf.Tensor, views: int) -> dict[str, tf.Tensor]:
    """Every output that is a probability, and logits, float64; of several views the mean, and its logarithm."""
    upright = [images, images[:, :, ::-1], images[:, ::-1], images[:, ::-1, ::-1]]
    seen = [*upright, *(tf.transpose(view, (0, 2, 1, 3)) for view in (upright if views > 4 else ()))][:views]
    found = network(tf.cast(tf.concat(seen, 0), tf.float32), training=False)
    wide = {name: tf.cast(found[name], tf.float64) for name in (PROBABILITIES, "logits", FINER) if name in found}
    if views == 1:
        return wide
    mean = {name: tf.reduce_mean(tf.reshape(one, (views, -1, one.shape[1])), axis=0) for name, one in wide.items()}
    return mean | {"logits": tf.math.log(tf.maximum(mean[PROBABILITIES], _TINY))}


def _calibrated(logits: tf.Tensor, own: tf.Tensor, calibration: Mapping[str, Any]) -> tf.Tensor:
    if not calibration:
        return own
    fitted = Calibration.from_json(calibration)
    numbers = {name: tf.constant(value, tf.float64) for name, value in fitted.values.items()}
    if fitted.method == "temperature":
        return tf.nn.softmax(logits / numbers["temperature"])
    if fitted.method == "vector":
        return tf.nn.softmax(logits * numbers["scale"] + numbers["shift"])
    if fitted.method == "none":
        return tf.nn.softmax(logits)
    difference = logits[:, 1] - logits[:, 0]
    if fitted.method == "platt":
        moved = numbers["slope"] * difference + numbers["intercept"]
        return tf.nn.softmax(tf.stack([tf.zeros_like(moved), moved], axis=1))
    second = tf.clip_by_value(_between(difference, numbers["at"], numbers["value"]), SURE, 1 - SURE)
    return tf.stack([1 - second, second], axis=1)


def _corrected(finer: tf.Tensor, own: tf.Tensor, probabilities: tf.Tensor, parents: Sequence[int]) -> tf.Tensor:
    """See `evaluation.choices.finer_corrected`."""
    before, equal = tf.gather(own, parents, axis=1), 1 / np.bincount(parents)[np.asarray(parents)]
    shares = tf.where(before >= _TINY, finer / tf.maximum(before, _TINY), tf.constant(equal, tf.float64))
    return shares * tf.gather(probabilities, parents, axis=1)


def _between(x: tf.Tensor, at: tf.Tensor, value: tf.Tensor) -> tf.Tensor:
    """Straight lines between points, level beyond the first and the last, as `numpy.interp` draws them."""
    inside = tf.clip_by_value(x, at[0], at[-1])
    after = tf.clip_by_value(tf.searchsorted(at, inside, side="right"), 1, max(at.shape[0] - 1, 1))
    after = tf.minimum(after, at.shape[0] - 1)
    before = tf.maximum(after - 1, 0)
    x0, x1 = tf.gather(at, before), tf.gather(at, after)
    y0, y1 = tf.gather(value, before), tf.gather(value, after)
    return y0 + tf.math.divide_no_nan((inside - x0) * (y1 - y0), x1 - x0)
