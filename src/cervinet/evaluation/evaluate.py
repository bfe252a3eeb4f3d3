"""All metrics of a set of predictions, with their intervals: what `metrics.json` holds."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cervinet.errors import DataError
from cervinet.evaluation.intervals import Estimate, bootstrap, estimate
from cervinet.evaluation.metrics import OVERALL, PER_CLASS
from cervinet.evaluation.predictions import Predictions
from cervinet.evaluation.statistics import Array, Sample, Weights, confusion

_OF_SUBCLASSES = ("accuracy", "log_loss", "auroc_macro")


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
            "metrics": {name: value.to_json() for name, value in self.metrics.items()},
            "per_class": {
                name: {key: value.to_json() for key, value in self.per_class[name].items()} | {"images": images}
                for name, images in zip(self.classes, self.support.tolist(), strict=True)
            },
            "confusion": {"classes": list(self.classes), "counts": self.confusion.tolist()},
            **finer,
            **more,
        }

    def _overall(self, names: Iterable[str]) -> dict[str, Any]:
        return {"images": self.images, "metrics": {name: self.metrics[name].to_json() for name in names}}


def evaluate(predictions: Predictions, *, draws: int = 2000, confidence: float = 0.95, seed: int = 0) -> Evaluation:
    """Compute every metric of the table, with percentile bootstrap intervals by group.

    Of several repeats a metric is the mean of its values in each; a draw takes the same groups in all of them.

    Args:
        predictions: of one split.
        draws: bootstrap draws; 0 for values without intervals.
        confidence: of the intervals, in (0, 1).
        seed: not negative; the same seed gives the same draws on any machine.

    Raises:
        DataError: there is no image to evaluate.

    Example:
        >>> evaluate(read_predictions("predictions_test.csv")).metrics["accuracy"]
        Estimate(value=0.81, lower=0.76, upper=0.86, n=222, method='percentile bootstrap, …', reason=None)
    """
    if not predictions.images:
        raise DataError(
            f"there is no image to evaluate in split '{predictions.split}'; "
            f"{len(predictions.unreadable)} could not be read"
        )
    members, groups = predictions.members()
    samples = [
        Sample(predictions.labels[rows], predictions.probabilities[rows], members[rows], groups)
        for rows in predictions.by_repeat()
    ]
    repeats = len(samples)
    once = np.ones((1, groups), dtype=np.int32)
    matrix = sum(confusion(sample)(once)[0] for sample in samples)
    values = _mean_of_all(list(map(_all_values, samples)))
    found = values(once)
    drawn = {name: column[:0] for name, column in found.items()}
    if draws and groups > 1:
        drawn = bootstrap(values, groups=groups, images=len(members), draws=draws, seed=seed)

    # A draw without one of the sample's classes would average over fewer of them: another quantity.
    occurs: NDArray[np.bool_] = np.greater(matrix.sum(axis=1), 0)
    lacking = np.isnan(drawn["sensitivity"][:, occurs]).any(axis=1, keepdims=True)
    drawn["balanced_accuracy"] = np.where(lacking, np.nan, drawn["balanced_accuracy"])

    def estimated(name: str, at: slice, reasons: list[str], n: int) -> Estimate:
        return estimate(found[name][0, at], drawn[name][:, at], reasons, n=n, groups=groups, confidence=confidence)

    finer = predictions.of_subclasses()
    classes, images = predictions.classes, len(members) // repeats
    metrics = {name: estimated(name, slice(None), [row.undefined], images) for name, row in OVERALL.items()}
    per_class: dict[str, dict[str, Estimate]] = {label: {} for label in classes}
    for name, row in PER_CLASS.items():
        reasons = [row.undefined.format(name=repr(label)) for label in classes]
        metrics[f"{name}_macro"] = estimated(name, slice(None), reasons, images)
        for index, (label, n) in enumerate(zip(classes, row.counted(matrix), strict=True)):
            at = slice(index, index + 1)
            per_class[label][name] = estimated(name, at, [reasons[index]], round(n / repeats))
    return Evaluation(
        split=predictions.split,
        images=images,
        groups=groups,
        unreadable=len(predictions.unreadable),
        classes=classes,
        confidence=confidence,
        metrics=metrics,
        per_class=per_class,
        confusion=matrix.astype(np.int64),
        repeats=repeats,
        subclasses=evaluate(finer, draws=draws, confidence=confidence, seed=seed) if finer else None,
    )


def _mean_of_all(
    repeats: Sequence[Callable[[Weights], dict[str, Array]]],
) -> Callable[[Weights], dict[str, Array]]:
    """The mean over the repeats of every metric; undefined where it is in one of them."""

    def values(weights: Weights) -> dict[str, Array]:
        found = [of(weights) for of in repeats]
        return {name: np.mean([one[name] for one in found], axis=0) for name in found[0]}

    return values


def _all_values(sample: Sample) -> Callable[[Weights], dict[str, Array]]:
    """Counts `(draws, groups)` → every metric of the table, `(draws, 1)` or `(draws, classes)`."""
    table = OVERALL | PER_CLASS
    statistics = {statistic: statistic(sample) for statistic in {row.statistic for row in table.values()}}

    def values(weights: Weights) -> dict[str, Array]:
        seen = {statistic: of(weights) for statistic, of in statistics.items()}
        return {name: row.value(seen[row.statistic]).reshape(len(weights), -1) for name, row in table.items()}

    return values
