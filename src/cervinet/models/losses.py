"""Losses over one-hot labels and probabilities, float32 (n, classes)."""

from typing import Annotated, Any

from pydantic import Field

from cervinet.registry import register


@register("loss")
def cross_entropy(*, label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0) -> Any:
    """Categorical cross-entropy; smoothing as in Szegedy et al. 2016, arXiv:1512.00567."""
    from keras import losses

    return losses.CategoricalCrossentropy(label_smoothing=label_smoothing)
