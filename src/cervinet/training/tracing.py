"""A compiled step that rounds in one way, whichever batch comes first."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf


def for_any_size(compiled: Any) -> Callable[..., Any]:
    """The step traced once, for batches of any size; a part of a batch is a tensor, or one for each device.

    Traced for the sizes as they come, it would round the shorter last batch of an epoch one way in a run that came upon
    it after longer ones, and another way in a run that was resumed just before it.
    """
    traced: list[Any] = []

    def step(*batch: Any, **values: tf.Tensor) -> Any:
        if not traced:
            wide = tf.nest.map_structure(lambda part: tf.TensorSpec([None, *part.shape[1:]], part.dtype), batch)
            traced.append(compiled.get_concrete_function(*wide, **values))
        return traced[0](*batch, **values)

    return step
