"""A network run by Keras."""

from collections.abc import Callable, Mapping
from functools import cached_property

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from cervinet.errors import CervinetError, first_line
from cervinet.inference.answers import Answers
from cervinet.inference.engine import EngineName
from cervinet.inference.served_graph import served_graph
from cervinet.model_card import ModelCard
from cervinet.run import Run


class KerasEngine:
    """See `engine.Engine`."""

    name: EngineName = "keras"

    def __init__(self, model: keras.Model, image_size: tuple[int, int]) -> None:
        self.model, self._size = served_graph(model), image_size
        self.source, self._finer = model, "subclass_probabilities" in self.model.output_names

    @classmethod
    def load(cls, run: Run, card: ModelCard) -> "KerasEngine":
        """The saved network of a run that is no ensemble. Raises CervinetError where Keras cannot load it."""
        return cls(open_network(run, card), card.image_size)

    def __call__(self, images: NDArray[np.uint8]) -> Answers:
        return _answers(self._infer(tf.convert_to_tensor(images)))

    @cached_property
    def _infer(self) -> Callable[[tf.Tensor], Mapping[str, tf.Tensor]]:
        """Traced by itself: TensorFlow would warn of retracing where one process makes many engines."""
        spec = tf.TensorSpec((None, *self._size, 3), tf.uint8)
        network = self.model

        def infer(images: tf.Tensor) -> Mapping[str, tf.Tensor]:
            found = network(tf.cast(images, tf.float32), training=False)
            return {name: value for name, value in found.items() if name != "map"}

        traced: Callable[[tf.Tensor], Mapping[str, tf.Tensor]] = tf.function(infer).get_concrete_function(spec)
        return traced

    def of_features(self, features: NDArray[np.float32]) -> Answers:
        """The same of what the backbone made of the pictures, float32 (n, width)."""
        source = self.source
        named = ["probabilities", "logits", *(["subclass_probabilities"] if self._finer else [])]
        head = keras.Model(source.get_layer("features").output, {name: source.get_layer(name).output for name in named})
        return _answers({**head(tf.constant(features), training=False), "embedding": tf.constant(features)})


def open_network(run: Run, card: ModelCard) -> keras.Model:
    """The saved network of a run that is no ensemble, after its hash was checked.

    Raises:
        CervinetError: the file was changed, or Keras cannot load it.
    """
    file = run.verified(card, run.model)
    try:
        return keras.models.load_model(file, compile=False, safe_mode=True)
    except Exception as error:
        raise CervinetError(f"{file} cannot be loaded by Keras {keras.__version__}: {first_line(error)}") from None


def _answers(found: Mapping[str, tf.Tensor]) -> Answers:
    return Answers.of_outputs({name: value.numpy() for name, value in found.items()})
