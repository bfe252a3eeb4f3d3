"""How much worse a network gets as pictures get worse.

A change is paired: the same images, undamaged and damaged, and the same bootstrap draws of groups for both. Most of
what varies between images cancels, so a change can be clear where the intervals of the two values overlap widely.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cervinet.errors import DataError
from cervinet.evaluation.intervals import Estimate, Resampling, estimates
from cervinet.evaluation.measured import Value, mean_sensitivity, measured
from cervinet.evaluation.metrics import OVERALL, PER_CLASS
from cervinet.evaluation.predictions import Predictions
from cervinet.evaluation.statistics import Array, Sample, Weights

METRICS = ("accuracy", "balanced_accuracy", "log_loss", "auroc_macro")


@dataclass(frozen=True)
class Degraded:
    """One kind of damage at one severity: `amount` in words ("JPEG quality 20"), severity 1 (slight) to 5."""

    kind: str
    severity: int
    amount: str
    metrics: dict[str, Estimate]
    fall: dict[str, Estimate]
    """The paired difference to the undamaged pictures, of each metric: damaged minus undamaged, so that a fall of the
    accuracy is below 0, and a rise of the log-loss above."""


@dataclass(frozen=True)
class Robustness:
    """Metrics of the undamaged pictures, and of every damage; each at its severities, slight ones first.

    `images` and `groups` are how many there are, `confidence` is that of the intervals.
    """

    undamaged: dict[str, Estimate]
    steps: tuple[Degraded, ...]
    images: int = 0
    groups: int = 0
    confidence: float = 0.95

    def kinds(self) -> tuple[str, ...]:
        """Names of the kinds of damage, in their order."""
        return tuple(dict.fromkeys(step.kind for step in self.steps))

    def of(self, kind: str) -> tuple[Degraded, ...]:
        """The steps of a kind, by severity."""
        return tuple(sorted((step for step in self.steps if step.kind == kind), key=lambda step: step.severity))


@dataclass(frozen=True, eq=False)
class Answer:
    """What the network said of damaged pictures.

    Attributes:
        kind: of the damage.
        severity: 1 to 5.
        amount: in words.
        probabilities: float64 `(n, classes)`, in the order of the undamaged predictions.
    """

    kind: str
    severity: int
    amount: str
    probabilities: Array


def robustness(predictions: Predictions, answers: Sequence[Answer], how: Resampling) -> Robustness:
    """Judge the answers to damaged pictures, and what changed.

    Args:
        predictions: of the undamaged pictures, a row an image.
        answers: of the same images in the same order, damaged.
        how: draws, confidence, seed and method of the intervals.

    Raises:
        DataError: there is no image, or each was predicted in several repeats.
        ValueError: an answer is of other images or classes.
    """
    if not len(predictions.images):
        raise DataError("there must be images to be damaged; no picture could be read")
    if predictions.repeats is not None:
        raise DataError("damaged pictures are judged by one network; these are predictions of several repeats")
    shape = predictions.probabilities.shape
    for answer in answers:
        if answer.probabilities.shape != shape:
            raise ValueError(f"probabilities of {answer.amount} must be {shape}; got {answer.probabilities.shape}")
    members, groups = predictions.members()

    def judged(probabilities: Array) -> Callable[[Weights], dict[str, Array]]:
        return _values(Sample(predictions.labels, probabilities, members, groups))

    undamaged = judged(predictions.probabilities)
    damaged = [judged(answer.probabilities) for answer in answers]

    def values(weights: Weights) -> dict[str, Array]:
        # In one go: draws and the undamaged pictures are worked on once for all damages.
        before = undamaged(weights)
        found = dict(before)
        for number, of in enumerate(damaged):
            after = of(weights)
            found |= {f"{name}/{number}": after[name] for name in METRICS}
            found |= {f"{name}/{number}/fall": after[name] - before[name] for name in METRICS}
        return found

    marks = ["", *(f"/{number}{what}" for number in range(len(answers)) for what in ("", "/fall"))]
    found = estimates(
        values,
        counted={f"{name}{mark}": shape[0] for mark in marks for name in METRICS},
        undefined={f"{name}{mark}": reason for mark in marks for name, reason in _reasons(predictions).items()},
        groups=groups,
        images=shape[0],
        how=how,
    )

    def of(mark: str) -> dict[str, Estimate]:
        return {name: found[f"{name}{mark}"] for name in METRICS}

    return Robustness(
        undamaged=of(""),
        steps=tuple(
            Degraded(answer.kind, answer.severity, answer.amount, of(f"/{number}"), of(f"/{number}/fall"))
            for number, answer in enumerate(answers)
        ),
        images=shape[0],
        groups=groups,
        confidence=how.confidence,
    )


def falls(step: Degraded, metric: str = "accuracy") -> bool:
    """Whether the metric is lower: with the whole interval of the change, or without one by its value."""
    change = step.fall[metric]
    return change.value is not None and change.value < 0 and (change.upper is None or change.upper < 0)


def what_hurts_most(robustness: Robustness) -> str:
    """A sentence for a reader who is a clinician: the deepest fall of the accuracy, and what does no harm."""
    if all(step.fall["accuracy"].value is None for step in robustness.steps):
        return "No damage was judged."
    harmful = [step for step in robustness.steps if falls(step)]
    if not harmful:
        return "No kind of damage lowers the accuracy by more than chance explains."
    worst = min(harmful, key=lambda step: step.fall["accuracy"].value or 0)
    before, after, fall = robustness.undamaged["accuracy"], worst.metrics["accuracy"], worst.fall["accuracy"]
    interval = "no interval"
    if fall.lower is not None and fall.upper is not None:
        interval = f"{100 * robustness.confidence:g} % interval {-fall.upper:.3f} – {-fall.lower:.3f}"
    sentence = (
        f"What hurts most is {worst.kind} ({worst.amount}): the accuracy falls from {before.value:.3f} to "
        f"{after.value:.3f}, by {-(fall.value or 0):.3f} ({interval})."
    )
    harmless = [kind for kind in robustness.kinds() if not any(map(falls, robustness.of(kind)))]
    if harmless:
        sentence += f" At no step do these lower it by more than chance explains: {', '.join(harmless)}."
    return sentence


def _values(sample: Sample) -> Callable[[Weights], dict[str, Array]]:
    """Counts `(draws, groups)` → the metrics, `(draws,)` each."""
    rows: dict[str, Value] = {
        "accuracy": OVERALL["accuracy"].value,
        "balanced_accuracy": mean_sensitivity(sample.labels),
        "log_loss": OVERALL["log_loss"].value,
        "auroc": PER_CLASS["auroc"].value,
    }
    of = measured([sample], rows)

    def values(weights: Weights) -> dict[str, Array]:
        found = of(weights)
        return found | {"auroc_macro": found.pop("auroc").mean(axis=1)}

    return values


def _reasons(predictions: Predictions) -> dict[str, str]:
    """Why each metric can be undefined."""
    present = set(predictions.labels.tolist())
    lacking = [name for number, name in enumerate(predictions.classes) if number not in present or len(present) == 1]
    named = ", ".join(map(repr, lacking[:3])) + (f" and {len(lacking) - 3} more" if len(lacking) > 3 else "")
    reasons = {name: OVERALL[name].undefined for name in METRICS if name in OVERALL}
    return reasons | {"auroc_macro": PER_CLASS["auroc"].undefined.format(name=named or "every class")}
