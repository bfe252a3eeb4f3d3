"""What the metrics are called where they are shown, what they mean in a line, and which way is better."""

from dataclasses import dataclass
from typing import Literal

Better = Literal["higher", "lower", "nearer to 0", "nearer to 1", "neither"]

_AVERAGES = {
    "macro": "Mean over the classes.",
    "weighted": "Mean over the classes by their shares.",
    "micro": "Over all pairs of a picture and a class.",
}


_PROPER = ("Brier", "Cohen", "Matthews", "Youden")


@dataclass(frozen=True)
class MetricName:
    """How a metric is shown.

    Attributes:
        title: with a capital.
        meaning: one sentence for a clinician; empty for a metric that is not in the table.
        better: which values are.
    """

    title: str
    meaning: str
    better: Better


_NAMES = {
    "accuracy": MetricName("Accuracy", "Share of all that get the right class; large classes dominate it.", "higher"),
    "balanced_accuracy": MetricName(
        "Balanced accuracy", "Mean of the sensitivities of the classes; each class counts the same.", "higher"
    ),
    "log_loss": MetricName("Log loss", "Punishes probabilities that were sure and wrong; 0 is perfect.", "lower"),
    "auroc": MetricName(
        "AUROC", "How often one of the class gets a higher probability than one of the others; 0.5 is chance.", "higher"
    ),
    "average_precision": MetricName(
        "Average precision", "Mean precision over all sensitivities; chance is the share of the class.", "higher"
    ),
    "precision": MetricName("Precision", "Share of those called the class that are of it.", "higher"),
    "ppv": MetricName("PPV", "Positive predictive value: share of those called positive that are.", "higher"),
    "npv": MetricName("NPV", "Negative predictive value: share of those called negative that are.", "higher"),
    "sensitivity": MetricName("Sensitivity", "Share of the class that is found (recall).", "higher"),
    "specificity": MetricName("Specificity", "Share of the others that is rightly not called the class.", "higher"),
    "f1": MetricName("F1", "Harmonic mean of precision and sensitivity.", "higher"),
    "brier": MetricName(
        "Brier score",
        "Squared error of the probabilities, summed over the classes: 0 is perfect, 2 the worst.",
        "lower",
    ),
    "ece": MetricName(
        "Calibration error (ECE)", "How far the probability of the answer is from how often it is right.", "lower"
    ),
    "ece_equal_mass": MetricName("Calibration error, equal bins", "The same in bins that hold equally many.", "lower"),
    "ece_classwise": MetricName(
        "Calibration error, classwise", "How far each class's probability is from how often it is true.", "lower"
    ),
    "ece_classwise_equal_mass": MetricName(
        "Calibration error, classwise, equal bins", "The same in bins that hold equally many.", "lower"
    ),
    "mcc": MetricName("Matthews correlation", "Agreement of answer and truth; 0 is chance, 1 perfect.", "higher"),
    "kappa": MetricName("Cohen's kappa", "Agreement beyond what chance gives; 0 is chance, 1 perfect.", "higher"),
    "kappa_linear": MetricName(
        "Kappa, linear weights",
        "The same where classes have an order: a far miss counts more than a near one.",
        "higher",
    ),
    "kappa_quadratic": MetricName(
        "Kappa, quadratic weights", "The same, and a far miss counts much more than a near one.", "higher"
    ),
    "auroc_hand_till": MetricName(
        "AUROC, Hand & Till", "Mean over all pairs of classes, whatever their shares; 0.5 is chance.", "higher"
    ),
    "hierarchical_precision": MetricName(
        "Hierarchical precision", "Precision where a wrong sub-class of the right class counts in part.", "higher"
    ),
    "hierarchical_recall": MetricName(
        "Hierarchical recall", "Sensitivity where a wrong sub-class of the right class counts in part.", "higher"
    ),
    "hierarchical_f": MetricName("Hierarchical F", "Harmonic mean of the hierarchical two.", "higher"),
    "youden": MetricName("Youden's index", "Sensitivity plus specificity minus 1; 0 is chance.", "higher"),
    "intercept": MetricName(
        "Calibration intercept", "Above 0: risks are called too low; below 0: too high.", "nearer to 0"
    ),
    "slope": MetricName(
        "Calibration slope", "Below 1: probabilities are too extreme; above 1: too timid.", "nearer to 1"
    ),
    "in_the_large": MetricName(
        "Calibration in the large", "Mean share that came true, against the mean probability.", "nearer to 0"
    ),
}

HEADLINE = ("auroc_macro", "balanced_accuracy", "accuracy", "log_loss")
"""What a reader wants first, in this order."""


def metric_name(name: str) -> MetricName:
    """Of a key of `metrics.json`; one that is not in the table is shown as it is written, with spaces."""
    if name in _NAMES:
        return _NAMES[name]
    plain, _, kind = name.rpartition("_")
    if kind not in _AVERAGES:
        return MetricName(_spelt(name), "", "neither")
    known = _NAMES.get(plain) or MetricName(_spelt(plain), "", "neither")
    return MetricName(f"{known.title}, {kind}", f"{_AVERAGES[kind]} {known.meaning}".strip(), known.better)


def metric_title(key: str) -> str:
    """Within a sentence: `log_loss` → "log loss", `auroc_macro` → "macro AUROC", `auroc:Type_1` → "AUROC Type_1"."""
    name, colon, label = key.partition(":")
    plain, _, kind = name.rpartition("_")
    averaged = kind in _AVERAGES and name not in _NAMES
    title = metric_name(plain if averaged else name).title
    if title[1:2].islower() and not title.startswith(_PROPER):
        title = title[:1].lower() + title[1:]
    words = [kind, title] if averaged else [title]
    return " ".join([*words, label] if colon else words)


def _spelt(name: str) -> str:
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]
