"""What share of the images the gate of a run flags, by what it flags them as."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from cervinet.evaluation.intervals import Estimate, Resampling, estimates
from cervinet.evaluation.means import means
from cervinet.evaluation.predictions import Predictions

FLAGS_COLUMN = "flags"
"""In a table of predictions; its texts are those of `flags_text`, empty where the gate was not asked."""

NONE = "none"
_BETWEEN = " "


def flags_text(flags: Sequence[str]) -> str:
    """`dark blurred`, or `none`: an empty text would mean that nothing is known."""
    return _BETWEEN.join(flags) or NONE


def flagged(
    predictions: Predictions, flags: Sequence[str], refuse: Collection[str], how: Resampling
) -> Mapping[str, Estimate]:
    """The share of each flag, of images with any ("any"), and of those that get no class for it ("refused").

    Args:
        predictions: of images; those without a text are left out.
        flags: every one that there is.
        refuse: those with which an image gets no class.
        how: the intervals are made.

    Returns:
        Nothing where no text is known.
    """
    texts = predictions.attributes.get(FLAGS_COLUMN, ())
    found = [set(text.split(_BETWEEN)) - {NONE} for text in texts]
    if not any(texts):
        return {}
    known = np.array([bool(text) for text in texts])
    counted = {flag: [flag in one for one in found] for flag in flags}
    counted["any"] = [bool(one & set(flags)) for one in found]
    counted["refused"] = [bool(one & set(refuse)) for one in found]
    parts = {name: (np.array(values) & known, known) for name, values in counted.items()}
    members, groups = predictions.members()
    return estimates(
        means(members, groups, parts),
        counted=dict.fromkeys(parts, predictions.count(known)),
        undefined=dict.fromkeys(parts, "the gate was asked of no image"),
        groups=groups,
        images=len(members),
        how=how,
        proportions=dict.fromkeys(parts, len(np.unique(members[known]))),
    )
