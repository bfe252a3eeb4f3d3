"""Losses of each picture, from its target and the raw scores of the network.

A registered function gets a Context and its options, and returns a `PerPicture`. Its trait `head` names the kind of
head that gives the scores: the loss decides the end of the network; `ordered` says that it learns from the order of
the classes. Targets may be soft (mixup, cutmix): every loss is linear in them, the mean of its values for each class.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from cervinet.data.imbalance import effective_weights
from cervinet.errors import ConfigError
from cervinet.models.heads import Head
from cervinet.registry import register

PerPicture = Callable[[Any, Any], Any]
"""Targets float32 (n, head.targets) that sum to 1, scores float32 (n, head.units) → losses float32 (n,)."""

Smoothing = Annotated[float, Field(ge=0, lt=1)]
NotNegative = Annotated[float, Field(ge=0)]


@dataclass(frozen=True)
class Context:
    """What a loss may need to know of the data.

    Attributes:
        head: of the network.
        pictures: how many there are of each class in the training part, in the order of the classes.
    """

    head: Head
    pictures: tuple[int, ...]


@register("loss", head="softmax")
def cross_entropy(context: Context, *, label_smoothing: Smoothing = 0.0) -> PerPicture:
    """Categorical cross-entropy; smoothing as in Szegedy et al. 2016, arXiv:1512.00567."""
    return _likelihood(context.head, label_smoothing)


@register("loss", head="sigmoid")
def binary_cross_entropy(context: Context, *, label_smoothing: Smoothing = 0.0) -> PerPicture:
    """Cross-entropy of two classes with one output, the logit of the second class."""
    if context.head.classes != 2:
        raise ConfigError(
            f"`training.loss`: binary_cross_entropy needs two classes; there are {context.head.classes}: "
            "use cross_entropy, or name two by data.class_map"
        )
    return _likelihood(context.head, label_smoothing)


@register("loss", head="softmax")
def focal(context: Context, *, gamma: NotNegative = 2.0, alpha: list[NotNegative] | None = None) -> PerPicture:
    """Cross-entropy times (1 - p) ** gamma, little for what is right already; Lin et al. 2017, arXiv:1708.02002.

    `alpha` is a weight for each class in their order.
    """
    if alpha is not None and len(alpha) != context.head.classes:
        raise ConfigError(
            f"`training.loss.focal.alpha` must have a number for each of the {context.head.classes} classes; "
            f"got {len(alpha)}"
        )
    return _focal(context.head, gamma, np.ones(context.head.classes) if alpha is None else np.array(alpha))


@register("loss", head="softmax")
def class_balanced(
    context: Context, *, beta: Annotated[float, Field(ge=0, lt=1)] = 0.999, gamma: NotNegative = 0.0
) -> PerPicture:
    """Cross-entropy, or focal loss, by the effective number of pictures of a class; Cui et al. 2019, arXiv:1901.05555.

    The weights are in proportion to (1 - beta) ÷ (1 - beta ** pictures) and sum to the number of classes.
    """
    weights = effective_weights(np.maximum(context.pictures, 1), beta)
    return _focal(context.head, gamma, weights * len(weights) / weights.sum())


@register("loss", head="conditional", ordered=True)
def corn(context: Context) -> PerPicture:
    """For classes in order: is it above this one, given that it is above the one before; arXiv:2111.08851.

    Shi et al. 2021. A picture's loss is the sum over the questions asked of it, and so -log of the probability of its
    class. (The paper divides by the questions in the batch, with which a picture's loss would depend on the others.)
    """
    return _likelihood(context.head)


@register("loss", head="cumulative", ordered=True)
def cumulative_link(context: Context) -> PerPicture:
    """For classes in order: proportional odds, one location a picture among shared thresholds; McCullagh 1980."""
    return _likelihood(context.head)


@register("loss", head="hierarchical")
def hierarchical(
    context: Context,
    *,
    class_weight: NotNegative = 1.0,
    subclass_weight: NotNegative = 1.0,
    label_smoothing: Smoothing = 0.0,
) -> PerPicture:
    """Cross-entropy of the classes plus that of their sub-classes, of one softmax over the sub-classes.

    Smoothing is over the sub-classes; the target of a class is the sum of theirs.
    """
    if class_weight == subclass_weight == 0:
        raise ConfigError(
            "`training.loss.hierarchical` must have a class_weight or a subclass_weight above 0; both are 0"
        )
    head = context.head

    def loss(targets: Any, scores: Any) -> Any:
        from keras import ops

        targets = _smoothed(targets, label_smoothing, head.targets)
        of_subclasses = -ops.sum(targets * ops.log_softmax(scores), axis=-1)
        of_classes = -ops.sum(head.of_classes(targets) * head.log_probabilities(scores), axis=-1)
        return class_weight * of_classes + subclass_weight * of_subclasses

    return loss


def _likelihood(head: Head, label_smoothing: float = 0.0) -> PerPicture:
    def loss(targets: Any, scores: Any) -> Any:
        from keras import ops

        targets = _smoothed(targets, label_smoothing, head.classes)
        return -ops.sum(targets * head.log_probabilities(scores), axis=-1)

    return loss


def _focal(head: Head, gamma: float, weights: np.ndarray[Any, Any]) -> PerPicture:
    factors = weights.astype(np.float32)

    def loss(targets: Any, scores: Any) -> Any:
        from keras import ops

        logs = head.log_probabilities(scores)
        # Not down to 0, where the slope of a power below 1 has no end.
        missing = ops.maximum(-ops.expm1(logs), 1e-7)
        return -ops.sum(targets * factors * missing**gamma * logs, axis=-1)

    return loss


def _smoothed(targets: Any, share: float, outputs: int) -> Any:
    return targets * (1 - share) + share / outputs
