"""Losses over targets, one-hot or soft, and the raw outputs of the head, float32 (n, …) → float32 (n,)."""

from typing import Annotated, Any

from pydantic import Field

from cervinet.registry import register


@register("loss", head="softmax")
def cross_entropy(*, label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0) -> Any:
    """Categorical cross-entropy; smoothing as in Szegedy et al. 2016, arXiv:1512.00567."""

    def per_picture(targets: Any, scores: Any) -> Any:
        import tensorflow as tf

        smooth = targets * (1 - label_smoothing) + label_smoothing / scores.shape[-1]
        return tf.nn.softmax_cross_entropy_with_logits(smooth, scores)

    return per_picture
