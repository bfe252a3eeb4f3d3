"""All metrics of a set of predictions, with their intervals: what `metrics.json` holds."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cervinet.errors import DataError
from cervinet.evaluation import quantities
from cervinet.evaluation.hierarchy import hierarchy_of
from cervinet.evaluation.intervals import Estimate, Resampling, estimates
from cervinet.evaluation.metrics import HIERARCHICAL
from cervinet.evaluation.plain_json import plain
from cervinet.evaluation.predictions import Predictions
from cervinet.evaluation.statistics import Hierarchy, Sample, confusion, summed

_OF_SUBCLASSES = ("accuracy", "log_loss", "auroc_macro", *HIERARCHICAL)


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What one set of predictions is worth.

    Attributes:
        split: such as "test".
        images: how many were predicted.
        groups: how many groups they are from.
        unreadable: how many more images had no prediction.
        classes: names, in the order of `confusion`.
        confidence: of the intervals, in (0, 1).
        metrics: name → estimate over all images; macro means end in `_macro`.
        per_class: class → name → estimate.
        confusion: int64 `(classes, classes)`; rows are the truth, columns the predicted class; the sum over repeats.
        repeats: how often each image was predicted; metrics are means over the repeats.
        subclasses: what the probabilities of the sub-classes are worth, where there are any.
    """

    split: str
    images: int
    groups: int
    unreadable: int
    classes: tuple[str, ...]
    confidence: float
    metrics: dict[str, Estimate]
    per_class: dict[str, dict[str, Estimate]]
    confusion: NDArray[np.int64]
    repeats: int = 1
    subclasses: "Evaluation | None" = None

    @property
    def support(self) -> NDArray[np.int64]:
        """int64 `(classes,)`, the images of each class."""
        support: NDArray[np.int64] = self.confusion.sum(axis=1) // self.repeats
        return support

    def to_json(self) -> dict[str, Any]:
        """The content of `metrics.json`: plain numbers, text and null, never NaN."""
        more = {"repeats": self.repeats} if self.repeats > 1 else {}
        finer = {"subclasses": self.subclasses._overall(_OF_SUBCLASSES)} if self.subclasses else {}
        return {
            "split": self.split,
            "images": self.images,
            "groups": self.groups,
            "unreadable": self.unreadable,
            "confidence": self.confidence,
            "metrics": plain(self.metrics),
            "per_class": {
                name: plain(self.per_class[name]) | {"images": images}
                for name, images in zip(self.classes, self.support.tolist(), strict=True)
            },
            "confusion": {"classes": list(self.classes), "counts": self.confusion.tolist()},
            **finer,
            **more,
        }

    def _overall(self, names: Iterable[str]) -> dict[str, Any]:
        return {"images": self.images, "metrics": {name: plain(self.metrics[name]) for name in names}}


def evaluate(predictions: Predictions, how: Resampling) -> Evaluation:
    """Compute every metric of the tables, with intervals by group.

    Of several repeats a metric is the mean of its values in each; a draw takes the same groups in all of them.

    Args:
        predictions: of one split.
        how: how intervals are made.

    Raises:
        DataError: there is no image to evaluate.

    Example:
        >>> how = Resampling(draws=2000, confidence=0.95, seed=1)
        >>> evaluate(read_predictions("predictions_test.csv"), how).metrics["accuracy"]
        Estimate(value=0.81, lower=0.76, upper=0.86, n=222, method='percentile bootstrap, …', reason=None, check=None)
    """
    if not predictions.images:
        raise DataError(
            f"there is no image to evaluate in split '{predictions.split}'; "
            f"{len(predictions.unreadable)} could not be read"
        )
    finer = predictions.of_subclasses()
    found = _evaluate(predictions, how, None)
    return replace(found, subclasses=_evaluate(finer, how, hierarchy_of(predictions)) if finer else None)


def _evaluate(predictions: Predictions, how: Resampling, hierarchy: Hierarchy | None) -> Evaluation:
    members, groups = predictions.members()
    samples = [
        Sample(predictions.labels[rows], predictions.probabilities[rows], members[rows], groups, hierarchy)
        for rows in predictions.by_repeat()
    ]
    repeats, classes = len(samples), predictions.classes
    whole = Sample(predictions.labels, predictions.probabilities, members, groups, hierarchy)
    sums = summed(members, groups, {"matrix": confusion(whole)})(np.ones((1, groups)))
    matrix = sums["matrix"].reshape(len(classes), -1)
    found = estimates(
        quantities.values_of(samples, classes),
        counted=quantities.counted(matrix, repeats, classes),
        undefined=quantities.undefined(whole, classes),
        groups=groups,
        images=len(members),
        how=how,
        proportions=quantities.proportions(whole, classes),
        distances=quantities.DISTANCES,
        checks=quantities.checks(whole, matrix, classes, how.confidence) if repeats == 1 else {},
    )
    return Evaluation(
        split=predictions.split,
        images=len(members) // repeats,
        groups=groups,
        unreadable=len(predictions.unreadable),
        classes=classes,
        confidence=how.confidence,
        metrics={name: estimate for (name, label), estimate in found.items() if label is None},
        per_class={
            label: {name: estimate for (name, of), estimate in found.items() if of == label} for label in classes
        },
        confusion=matrix.astype(np.int64),
        repeats=repeats,
    )
