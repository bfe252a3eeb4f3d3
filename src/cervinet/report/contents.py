"""The parts of `report.html` in their order: what each is called, what makes it, and what to say where it is absent."""

from collections.abc import Callable
from dataclasses import dataclass

from cervinet.evaluation.calibration import Calibration
from cervinet.report.html import Html
from cervinet.report.material import Material
from cervinet.report.sections.calibration import calibration_section
from cervinet.report.sections.confusion import confusion_section
from cervinet.report.sections.curves import curves_section
from cervinet.report.sections.decision import decision_section
from cervinet.report.sections.errors import errors_section
from cervinet.report.sections.explanations import explanations_section
from cervinet.report.sections.flow import characteristics_section, flow_section
from cervinet.report.sections.gate import gate_section
from cervinet.report.sections.headline import headline_section, pictures_in
from cervinet.report.sections.metrics import metrics_section
from cervinet.report.sections.operating import operating_section
from cervinet.report.sections.reproducibility import reproducibility_section
from cervinet.report.sections.robustness import robustness_section
from cervinet.report.sections.shift import shift_section
from cervinet.report.sections.subgroups import subgroups_section
from cervinet.report.sections.training import training_section
from cervinet.report.sections.uncertainty import uncertainty_section
from cervinet.report.unit import UNITS


@dataclass(frozen=True)
class Part:
    """A section.

    Attributes:
        place: its id in the page.
        title: in the table of contents.
        make: the section, or None where there is nothing to show.
        why: one sentence for "What this report does not cover".
    """

    place: str
    title: str
    make: Callable[[Material], Html | None]
    why: Callable[[Material], str]


def said(sentence: str) -> Callable[[Material], str]:
    """The same sentence for every report."""
    return lambda material: sentence


def _flow(material: Material) -> Html | None:
    return flow_section(material.flow) if material.flow else None


def _characteristics(material: Material) -> Html | None:
    return characteristics_section(material.flow) if material.flow and material.flow.characteristics else None


def _training(material: Material) -> Html | None:
    if not material.history:
        return None
    trained, judged = (pictures_in(material, split) for split in ("train", "val"))
    return training_section(material.history, material.monitor, trained, judged, material.note)


def _metrics(material: Material) -> Html:
    one = material.assessment
    return metrics_section(one.evaluation, one.unit, one.other)


def _confusion(material: Material) -> Html:
    return confusion_section(material.assessment.evaluation, material.note, UNITS[material.assessment.unit])


def _curves(material: Material) -> Html:
    one = material.assessment
    return curves_section(one.predictions, one.evaluation, material.how, material.note, UNITS[one.unit])


def _calibration(material: Material) -> Html | None:
    one, card = material.assessment, material.card
    if one.calibrated is None:
        return None
    fitted = Calibration.from_json(card.calibration) if card and card.calibration else None
    return calibration_section(
        one.calibrated,
        fitted=fitted.in_words() if fitted else one.calibrated.method,
        split=one.evaluation.split,
        confidence=one.evaluation.confidence,
        note=material.note or None,
        unit=UNITS[one.unit],
    )


def _operating(material: Material) -> Html | None:
    one = material.assessment
    if not one.points:
        return None
    return operating_section(
        one.points,
        split=one.evaluation.split,
        confidence=one.evaluation.confidence,
        unit=UNITS[one.unit],
    )


def _decision(material: Material) -> Html | None:
    one = material.assessment
    if not one.decisions:
        return None
    return decision_section(
        one.decisions,
        one.costs,
        split=one.evaluation.split,
        confidence=one.evaluation.confidence,
        note=material.note or None,
    )


def _subgroups(material: Material) -> Html | None:
    one = material.assessment
    return subgroups_section(one.subgroups, UNITS[one.unit]) if one.subgroups else None


def _robustness(material: Material) -> Html | None:
    found = material.assessment.robustness
    return robustness_section(found, material.note) if found else None


def _uncertainty(material: Material) -> Html:
    one = material.assessment
    return uncertainty_section(
        one.sets,
        one.selective,
        one.evaluation,
        note=material.note,
        no_choices=one.no_choices,
        unit=UNITS[one.unit],
    )


def _explanations(material: Material) -> Html | None:
    one = material.assessment
    if material.heat is None:
        return None
    return explanations_section(
        material.explained,
        one.localisation,
        one.sanity,
        material.heat,
        redacted=material.redacted,
        remarks=material.remarks,
    )


def _shift(material: Material) -> Html | None:
    one = material.assessment
    return shift_section(one.shift, note=material.note, unit=UNITS[one.unit]) if one.shift else None


def _gate(material: Material) -> Html | None:
    found, card = material.assessment.flagged, material.card
    return gate_section(found, card.gate) if found and card else None


def _errors(material: Material) -> Html | None:
    return errors_section(material.worst, material.redacted) if material.worst else None


def _no_errors(material: Material) -> str:
    if material.assessment.evaluation.confusion.trace() == material.assessment.evaluation.confusion.sum():
        return "Every answer was right."
    return "The pictures themselves were not at hand."


def _no_thresholds(material: Material) -> str:
    why = material.assessment.no_choices or "no operating point was asked for"
    return f"Thresholds are settled on validation predictions: {why}."


def _reproducibility(material: Material) -> Html | None:
    if not (material.config or material.environment or material.card or material.hashes):
        return None
    seconds = [row["seconds"] for row in material.history if "seconds" in row]
    return reproducibility_section(
        material.config,
        material.environment,
        material.card,
        material.hashes,
        float(sum(seconds)) if seconds else None,
    )


PARTS = (
    Part("headline", "In short", headline_section, said("")),
    Part("flow", "Flow of the pictures", _flow, said("How the pictures were found and divided is not recorded.")),
    Part(
        "characteristics",
        "Characteristics of the splits",
        _characteristics,
        said("Nothing is recorded of the pictures of each split."),
    ),
    Part("training", "Training", _training, said("There is no history of the epochs.")),
    Part("metrics", "Metrics", _metrics, said("")),
    Part("confusion", "Confusion matrix", _confusion, said("")),
    Part("curves", "ROC and precision–recall", _curves, said("")),
    Part(
        "calibration",
        "Calibration",
        _calibration,
        said("Probabilities before calibration (logits) are not among the predictions."),
    ),
    Part("operating", "Operating points", _operating, _no_thresholds),
    Part(
        "decision",
        "Decision curves",
        _decision,
        said("The judged pictures are all positive or all negative."),
    ),
    Part("uncertainty", "Uncertainty", _uncertainty, said("")),
    Part(
        "subgroups",
        "Subgroups",
        _subgroups,
        said("No column was named by evaluation.subgroups, so differences between groups of patients are not known."),
    ),
    Part("gate", "Input gate", _gate, said("The run has no input gate, or it was not asked.")),
    Part("robustness", "Robustness", _robustness, said("Damaged pictures were not tried.")),
    Part("explanations", "Explanations", _explanations, said("No heat maps were made.")),
    Part("errors", "Worst errors", _errors, _no_errors),
    Part("shift", "Another site", _shift, said("These are the run's own test pictures, not those of another site.")),
    Part(
        "reproducibility",
        "Reproducibility",
        _reproducibility,
        said("Configuration, versions and hashes of the run are not known."),
    ),
)
"""In the order of the page; the reporting checklists, which look at all others, follow."""
