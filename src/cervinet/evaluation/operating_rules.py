"""The rules by which a threshold is chosen on validation predictions; a rule is a function and a name in a config."""

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from cervinet.evaluation.statistics import Array
from cervinet.registry import register

Share = Annotated[float, Field(gt=0, lt=1)]
Found = tuple[float, str]
"""A threshold, and in words what it was chosen for."""


@register("operating_point")
def sensitivity(truth: NDArray[np.bool_], scores: Array, *, at_least: Share = 0.95) -> Found:
    """The highest threshold that finds at least this share of the positive images."""
    raise NotImplementedError


@register("operating_point")
def specificity(truth: NDArray[np.bool_], scores: Array, *, at_least: Share = 0.95) -> Found:
    """The lowest threshold that clears at least this share of the negative images."""
    raise NotImplementedError


@register("operating_point")
def youden(truth: NDArray[np.bool_], scores: Array) -> Found:
    """The greatest sum of sensitivity and specificity."""
    raise NotImplementedError


@register("operating_point")
def cost(
    truth: NDArray[np.bool_],
    scores: Array,
    *,
    missed: Annotated[float, Field(gt=0)] = 10.0,
    false_alarm: Annotated[float, Field(gt=0)] = 1.0,
    prevalence: Share | None = None,
) -> Found:
    """The lowest expected cost, at the stated prevalence or that of the validation images."""
    raise NotImplementedError


@register("operating_point")
def prevalence(truth: NDArray[np.bool_], scores: Array, *, of: Share | None = None) -> Found:
    """As many called positive as there are positives, at the stated prevalence or that of the validation images."""
    raise NotImplementedError
