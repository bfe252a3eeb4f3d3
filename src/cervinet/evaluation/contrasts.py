"""What is said of one run beside another, a measure at a time."""

from dataclasses import dataclass
from typing import Any, Literal

from cervinet.evaluation.intervals import Estimate
from cervinet.evaluation.metric_names import metric_name, metric_title
from cervinet.evaluation.paired_tests import PValue
from cervinet.evaluation.plain_json import plain

Verdict = Literal["better", "worse", "none seen", "unknown"]


@dataclass(frozen=True)
class Measure:
    """What is compared.

    Attributes:
        metric: accuracy, balanced_accuracy, log_loss, brier, auroc_macro or auroc.
        label: the class of an auroc.
    """

    metric: str
    label: str | None = None

    @property
    def key(self) -> str:
        """The metric, and of a class its name behind a colon."""
        return self.metric if self.label is None else f"{self.metric}:{self.label}"

    @property
    def title(self) -> str:
        """As it is shown, without the class."""
        return metric_title(self.metric)

    @property
    def lower_is_better(self) -> bool:
        return metric_name(self.metric).better == "lower"


def measures(classes: tuple[str, ...]) -> list[Measure]:
    """All that are compared; of two classes the areas are equal, and only that of the last is."""
    overall = [Measure(name) for name in ("accuracy", "balanced_accuracy", "log_loss", "brier")]
    if len(classes) == 2:
        return [*overall, Measure("auroc", classes[1])]
    return [*overall, Measure("auroc_macro"), *(Measure("auroc", label) for label in classes)]


@dataclass(frozen=True)
class Change:
    """One measure of one run beside that of the reference.

    Attributes:
        measure: what is compared.
        reference: of the reference.
        value: of the run.
        difference: value − reference, from the same bootstrap draws.
        confidence: of the intervals.
        test: of accuracy and of the areas of classes; None of other measures.
    """

    measure: Measure
    reference: Estimate
    value: Estimate
    difference: Estimate
    confidence: float
    test: PValue | None = None

    @property
    def verdict(self) -> Verdict:
        """By the interval of the difference alone."""
        lower, upper = self.difference.lower, self.difference.upper
        if self.difference.value == 0 and lower is None:
            return "none seen"
        if lower is None or upper is None:
            return "unknown"
        if lower <= 0 <= upper:
            return "none seen"
        return "better" if (lower > 0) != self.measure.lower_is_better else "worse"

    @property
    def sentence(self) -> str:
        """The verdict and its grounds."""
        if self.difference.value is None:
            return f"not known: {self.difference.reason}"
        values = f"{self.value.value:.3f} against {self.reference.value:.3f}"
        if self.measure.lower_is_better:
            values += ", lower is better"
        if self.difference.lower is None:
            said = "no difference seen" if self.difference.value == 0 else "whether they differ is not known"
            return f"{said} ({values}): the difference has no interval, {self.difference.reason}"
        bounds = f"{signed(self.difference.lower)} to {signed(self.difference.upper)}"
        interval = f"the {100 * self.confidence:g} % interval of the difference, {bounds},"
        if self.verdict == "none seen":
            return f"no difference seen ({values}): {interval} includes 0"
        return f"{self.verdict} ({values}): {interval} does not include 0"

    def to_json(self) -> dict[str, Any]:
        return {
            "metric": self.measure.metric,
            "class": self.measure.label,
            "reference": plain(self.reference),
            "value": plain(self.value),
            "difference": plain(self.difference),
            "test": plain(self.test),
            "verdict": self.verdict,
            "sentence": self.sentence,
        }


def signed(value: float | None) -> str:
    """With three decimals and its sign, `–` where there is none; a rounded 0 has no sign."""
    if value is None:
        return "–"
    return f"{value:+.3f}".replace("-", "−") if abs(value) >= 0.0005 else "0.000"


@dataclass(frozen=True)
class Contrast:
    """One run against the reference.

    Attributes:
        name: of the run.
        changes: a measure each.
        same: whether all probabilities are those of the reference.
        gained: images that the run gets right and the reference wrong; None where each has several predictions.
        lost: the other way round.
    """

    name: str
    changes: tuple[Change, ...]
    same: bool
    gained: int | None
    lost: int | None

    @property
    def summary(self) -> str:
        """What the run is better and worse at, in one line."""
        if self.same:
            return "no difference: both give every image the same probabilities"
        words = {"better": "better in", "worse": "worse in", "none seen": "no difference seen in"}
        said = []
        for verdict, word in (*words.items(), ("unknown", "not known for")):
            titles = [
                change.measure.title + (f" of {change.measure.label!r}" if change.measure.label else "")
                for change in self.changes
                if change.verdict == verdict
            ]
            if len(titles) == len(self.changes):
                return f"{word} {'any' if verdict == 'none seen' else 'every'} measure"
            if titles:
                said.append(f"{word} {', '.join(titles)}")
        return "; ".join(said)

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "summary": self.summary,
            "same_predictions": self.same,
            "right_only_here": self.gained,
            "right_only_in_reference": self.lost,
            "measures": plain(self.changes),
        }
