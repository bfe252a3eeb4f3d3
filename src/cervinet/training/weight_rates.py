"""An optimizer that knows its weights: which of them decay, and at what share of the learning rate each learns."""

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

# By name where the shape does not tell: a bias of attention has two axes, as a kernel has.
_SPARED = ("bias", "gamma", "beta", "scale")


def with_rates(stock: Any, clip_norm: float | None, rates: Mapping[str, float]) -> Any:
    """The same optimizer, not yet built, of a class that is also `WeightRates`.

    Args:
        stock: of Keras, not built.
        clip_norm: longest gradient over all weights together, or None.
        rates: path of a weight → factor of its learning rate; 1 for all others.
    """
    # On the class: Keras takes a dictionary on the optimizer itself for state.
    kind: Any = type(type(stock).__name__, (WeightRates, type(stock)), {"rates": dict(rates)})
    return kind.from_config(stock.get_config() | {"global_clipnorm": clip_norm})


def decays(variable: Any) -> bool:
    """Whether weight decay is for this weight: for kernels alone, not for biases, scales and offsets."""
    return len(variable.shape) > 1 and variable.path.rpartition("/")[2] not in _SPARED


class WeightRates:
    """Stands before an optimizer of Keras among the bases of a class. Holds under tf.distribute too."""

    rates: Mapping[str, float]
    # Of the optimizer of Keras:
    weight_decay: float | None
    learning_rate: Any
    _distribution_strategy: Any

    def update_step(self: Any, gradient: Any, variable: Any, learning_rate: Any) -> None:
        super().update_step(gradient, variable, learning_rate * self._factor(variable))  # type: ignore[misc]

    def _factor(self: Any, variable: Any) -> float:
        # TensorFlow hands over each device's own copy, which has no path.
        known = self._trainable_variables[self._get_variable_index(variable)]
        return self.rates.get(known.path, 1.0)  # type: ignore[no-any-return]

    def _apply_weight_decay(self: Any, variables: Sequence[Any]) -> None:
        decay = self.weight_decay
        if not decay:
            return

        def on_every_device(strategy: Any, variables: Sequence[Any]) -> None:
            for variable in filter(decays, variables):
                share = decay * self._factor(variable)
                strategy.extended.update(variable.value, lower, args=(share,), group=False)

        def lower(weight: Any, share: float) -> None:
            weight.assign_sub(weight * tf.cast(self.learning_rate * share, weight.dtype))

        merge = tf.__internal__.distribute.interim.maybe_merge_call
        merge(on_every_device, self._distribution_strategy, variables)
