"""Whether a network learnt its training pictures by heart, in one plain sentence."""

import math
from collections.abc import Mapping

LIMIT = 0.05
"""Accuracy in training above that in validation by more than this is called over-fitting."""
CAVEAT = "Training accuracy is taken while the epoch runs, with any augmentation and dropout on, which lower it."
_REMEDIES = "augmentation, dropout, weight decay or more pictures narrow it"


def overfitting(row: Mapping[str, float], pictures: int | None = None) -> str:
    """What the gap between the accuracies of an epoch, the best one, says.

    A gap above LIMIT is called over-fitting, unless it lies within 1.96 standard errors, √(p (1 − p) / n), of the
    accuracy p in n validation pictures.

    Args:
        row: of the history, with accuracy and val_accuracy, in [0, 1].
        pictures: in validation; None leaves chance out of account.
    """
    train, val = round(row["accuracy"], 2), round(row["val_accuracy"], 2)
    gap = round(train - val, 2)
    found = f"at the best epoch accuracy is {train:.2f} in training and {val:.2f} in validation"
    if gap <= 0:
        return f"No sign of over-fitting: {found}."
    found += f", a gap of {gap:.2f}"
    if gap <= LIMIT:
        return f"No sign of over-fitting: {found}."
    if pictures is not None and gap <= 1.96 * math.sqrt(val * (1 - val) / pictures):
        return f"No clear over-fitting: {found}, which chance alone may make with {pictures} validation pictures."
    return f"Over-fitting: {found}; {_REMEDIES}."
