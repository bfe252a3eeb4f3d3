"""What a network must beat: predictions that are the same for every picture."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def uniform_log_loss(classes: int) -> float:
    """Log-loss in nats of giving every class the same probability."""
    return math.log(classes)


def prior_log_losses(train: Sequence[str], labels: Sequence[str]) -> NDArray[np.float64]:
    """Log-loss in nats of each picture when every class gets its share of the training pictures.

    Args:
        train: the class of each training picture.
        labels: the class of each picture that is judged.

    Returns:
        float64 (len(labels),), clipped like the metric `log_loss`: 34.5 for a class that was not trained on.
    """
    names, counts = np.unique(np.array(train, dtype=object), return_counts=True)
    share = dict(zip(names, counts / counts.sum(), strict=True))
    losses: NDArray[np.float64] = -np.log(np.clip([share.get(label, 0.0) for label in labels], 1e-15, 1 - 1e-15))
    return losses
