"""The optimizers of Keras by name; the learning rate is `training.learning_rate`.

Each option has Keras's own default. Weight decay is decoupled from the gradient, arXiv:1711.05101: each update also
takes learning rate × weight decay of the weight away, and `make_optimizer` spares biases and the scales and offsets of
normalisation. Adam without it is `adam`, with it `adamw`. Keras is imported on use, so that a config can be checked
without TensorFlow.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from cervinet.registry import find, register

Decay = Annotated[float, Field(ge=0, lt=1)]
NotNegative = Annotated[float, Field(ge=0)]


def make_optimizer(
    name: str,
    options: Mapping[str, Any],
    learning_rate: float,
    *,
    clip_norm: float | None = None,
    rates: Mapping[str, float] | None = None,
) -> Any:
    """A Keras optimizer, not yet built, whose `learning_rate` may be assigned.

    Args:
        name: a registered optimizer.
        options: of it.
        learning_rate: above 0.
        clip_norm: longest gradient over all weights together; None leaves it as it is.
        rates: path of a weight (`variable.path`) → factor of its learning rate and weight decay; 1 for all others.
    """
    from cervinet.training.weight_rates import with_rates

    stock = find("optimizer", name).function(learning_rate, **options)
    return with_rates(stock, clip_norm, rates or {})


def _keras(name: str, learning_rate: float, options: dict[str, Any]) -> Any:
    from keras import optimizers

    return getattr(optimizers, name)(learning_rate, **options)


@register("optimizer")
def adam(
    learning_rate: float,
    *,
    beta_1: Decay = 0.9,
    beta_2: Decay = 0.999,
    epsilon: float = 1e-7,
    amsgrad: bool = False,
) -> Any:
    """Kingma & Ba 2015, arXiv:1412.6980."""
    return _keras("Adam", learning_rate, dict(beta_1=beta_1, beta_2=beta_2, epsilon=epsilon, amsgrad=amsgrad))


@register("optimizer")
def adamw(
    learning_rate: float, *, weight_decay: NotNegative = 0.004, beta_1: Decay = 0.9, beta_2: Decay = 0.999
) -> Any:
    """Adam with decoupled weight decay, Loshchilov & Hutter 2019, arXiv:1711.05101."""
    return _keras("AdamW", learning_rate, dict(weight_decay=weight_decay, beta_1=beta_1, beta_2=beta_2))


@register("optimizer")
def sgd(learning_rate: float, *, momentum: Decay = 0.0, nesterov: bool = False, weight_decay: NotNegative = 0.0) -> Any:
    """Stochastic gradient descent, with momentum if asked."""
    return _keras("SGD", learning_rate, dict(momentum=momentum, nesterov=nesterov, weight_decay=weight_decay or None))


@register("optimizer")
def rmsprop(
    learning_rate: float,
    *,
    rho: Decay = 0.9,
    momentum: Decay = 0.0,
    centered: bool = False,
    weight_decay: NotNegative = 0.0,
) -> Any:
    """Tieleman & Hinton 2012, lecture 6e of "Neural networks for machine learning"."""
    options = dict(rho=rho, momentum=momentum, centered=centered, weight_decay=weight_decay or None)
    return _keras("RMSprop", learning_rate, options)


@register("optimizer")
def nadam(learning_rate: float, *, beta_1: Decay = 0.9, beta_2: Decay = 0.999, weight_decay: NotNegative = 0.0) -> Any:
    """Adam with Nesterov momentum, Dozat 2016."""
    return _keras("Nadam", learning_rate, dict(beta_1=beta_1, beta_2=beta_2, weight_decay=weight_decay or None))


@register("optimizer")
def adamax(learning_rate: float, *, beta_1: Decay = 0.9, beta_2: Decay = 0.999) -> Any:
    """Adam by the infinity norm, arXiv:1412.6980, section 7."""
    return _keras("Adamax", learning_rate, dict(beta_1=beta_1, beta_2=beta_2))


@register("optimizer")
def adagrad(learning_rate: float, *, initial_accumulator_value: NotNegative = 0.1) -> Any:
    """Duchi et al. 2011, JMLR 12."""
    return _keras("Adagrad", learning_rate, dict(initial_accumulator_value=initial_accumulator_value))


@register("optimizer")
def adadelta(learning_rate: float, *, rho: Decay = 0.95) -> Any:
    """Zeiler 2012, arXiv:1212.5701."""
    return _keras("Adadelta", learning_rate, dict(rho=rho))


@register("optimizer")
def adafactor(learning_rate: float, *, beta_2_decay: float = -0.8, relative_step: bool = True) -> Any:
    """Shazeer & Stern 2018, arXiv:1804.04235."""
    return _keras("Adafactor", learning_rate, dict(beta_2_decay=beta_2_decay, relative_step=relative_step))


@register("optimizer")
def ftrl(learning_rate: float, *, l1_regularization_strength: NotNegative = 0.0) -> Any:
    """McMahan et al. 2013, KDD."""
    return _keras("Ftrl", learning_rate, dict(l1_regularization_strength=l1_regularization_strength))


@register("optimizer")
def lamb(learning_rate: float, *, beta_1: Decay = 0.9, beta_2: Decay = 0.999, weight_decay: NotNegative = 0.0) -> Any:
    """You et al. 2020, arXiv:1904.00962."""
    return _keras("Lamb", learning_rate, dict(beta_1=beta_1, beta_2=beta_2, weight_decay=weight_decay or None))


@register("optimizer")
def lion(learning_rate: float, *, beta_1: Decay = 0.9, beta_2: Decay = 0.99, weight_decay: NotNegative = 0.0) -> Any:
    """Chen et al. 2023, arXiv:2302.06675."""
    return _keras("Lion", learning_rate, dict(beta_1=beta_1, beta_2=beta_2, weight_decay=weight_decay or None))


@register("optimizer")
def muon(
    learning_rate: float, *, momentum: Decay = 0.95, nesterov: bool = True, weight_decay: NotNegative = 0.004
) -> Any:
    """Jordan et al. 2024, kellerjordan.github.io/posts/muon; AdamW for all but the kernels of dense layers."""
    decay = weight_decay or None
    options = dict(momentum=momentum, nesterov=nesterov, weight_decay=decay, adam_weight_decay=decay)
    return _keras("Muon", learning_rate, options)
