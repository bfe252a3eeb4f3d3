"""One step on several devices at once: each takes its part of a batch, and gradients and sums are added up.

`tf.distribute.Strategy` is None wherever there is one device.
"""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import tensorflow as tf

from cervinet.training.tracing import for_any_size

Strategy = Any


def on_every_device(strategy: Strategy, step: Callable[..., Any], *, xla: bool) -> Callable[..., Any]:
    """A compiled step that returns what the first device of this process returned."""
    if strategy is None:
        return for_any_size(tf.function(step, jit_compile=xla, reduce_retracing=True))
    # Devices talk to each other in the step, which a function inside a function forbids, but for XLA on GPUs.
    one = tf.function(step, jit_compile=True, reduce_retracing=True) if xla else step

    def everywhere(*batch: tuple[tf.Tensor, ...], **values: tf.Tensor) -> Any:
        found = strategy.run(one, [_given_out(strategy, parts) for parts in batch], values)
        return tf.nest.map_structure(lambda value: strategy.experimental_local_results(value)[0], found)

    return for_any_size(tf.function(everywhere))


def _given_out(strategy: Strategy, parts: tuple[tf.Tensor, ...]) -> Any:
    """A part for each device of this process."""
    left = iter(parts)
    return strategy.experimental_distribute_values_from_function(lambda context: next(left))


def added_up(strategy: Strategy, values: list[tf.Tensor]) -> list[tf.Tensor]:
    """Inside a step: the sums over all devices, which every device gets."""
    if strategy is None:
        return values
    return list(tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, values))


def takes_sums(optimizer: Any) -> None:
    """Let a Keras optimizer take gradients that are added up already.

    It would add them up itself, but after it has clipped those of each device.
    """
    getattr(optimizer, "inner_optimizer", optimizer)._all_reduce_sum_gradients = list


def dealt(strategy: Strategy, batches: tf.data.Dataset) -> Any:
    """Batches to iterate over; under a strategy, `batches` gives one part after the other for each local device.

    TensorFlow's own iterator has the processes tell each other before every step whether they have a batch, which here
    all have, and at the end of a process whose partner is gone it prints what failed there.
    """
    return batches if strategy is None else _grouped(batches, len(strategy.extended.worker_devices))


def _grouped(batches: tf.data.Dataset, size: int) -> Iterator[tuple[tuple[tf.Tensor, ...], ...]]:
    """(images of each device, targets of each device, …)."""
    parts = iter(batches)
    for first in parts:
        yield tuple(zip(first, *islice(parts, size - 1), strict=True))


def accumulator(variable: Any) -> tf.Variable:
    """Zeros in the shape of a variable, of which each device keeps the same sums."""
    return tf.Variable(
        tf.zeros(variable.shape),
        trainable=False,
        synchronization=tf.VariableSynchronization.ON_READ,
        aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
    )
