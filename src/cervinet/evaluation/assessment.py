"""All that is said of a set of predictions: what `metrics.json` holds and `report.html` shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cervinet.evaluation.calibration import softmax
from cervinet.evaluation.choices import Choices
from cervinet.evaluation.conformal import Coverage, covered
from cervinet.evaluation.decision import CostCurve, DecisionCurve, cost_curve, decision_curve
from cervinet.evaluation.evaluate import Evaluation, evaluate
from cervinet.evaluation.intervals import Estimate, Resampling
from cervinet.evaluation.localisation import Localisation
from cervinet.evaluation.operating import AtPoint, at_point
from cervinet.evaluation.plain_json import plain
from cervinet.evaluation.predictions import Predictions
from cervinet.evaluation.question import Question, questions
from cervinet.evaluation.reliability import Calibrated, calibrated
from cervinet.evaluation.robustness import Robustness
from cervinet.evaluation.sanity import Sanity
from cervinet.evaluation.selective import Selective, selective
from cervinet.evaluation.shift import Shift
from cervinet.evaluation.subgroups import Subgroups, subgroups
from cervinet.evaluation.units import by_group, check_groups


@dataclass(frozen=True, eq=False)
class Assessment:
    """Everything that was found, for the unit of the config unless said otherwise.

    Attributes:
        predictions: one row a unit.
        unit: "image" or "group".
        evaluation: metrics.
        other: metrics of the other unit; None where every image is its own group.
        questions: what was asked of operating points and decision curves.
        choices: settled on validation predictions; None where there were none, and `no_choices` says why.
        no_choices: why there are none.
        calibrated: before and after calibration; None where no logits are known.
        points: operating points on these predictions.
        sets: prediction sets on these predictions.
        selective: risk and coverage.
        decisions: net benefit, a curve a question that has both answers.
        costs: cost curves, likewise.
        subgroups: by each column.
        robustness: under damage to the pictures, if it was asked for.
        localisation: of the explanations, where masks or boxes are known.
        sanity: whether the explanations depend on the weights of the network, if there are any.
        shift: to another site, if these are its pictures.
        flagged: share of the images that the gate of the run flags, by flag; empty where there is no gate.
        mixed_groups: groups with images of several classes, which have no place among the groups.
    """

    predictions: Predictions
    unit: str
    evaluation: Evaluation
    other: Evaluation | None
    questions: tuple[Question, ...]
    choices: Choices | None
    no_choices: str
    calibrated: Calibrated | None
    points: tuple[AtPoint, ...]
    sets: tuple[Coverage, ...]
    selective: Selective
    decisions: tuple[DecisionCurve, ...]
    costs: tuple[CostCurve, ...]
    subgroups: tuple[Subgroups, ...]
    robustness: Robustness | None = None
    localisation: Localisation | None = None
    sanity: Sanity | None = None
    shift: Shift | None = None
    flagged: Mapping[str, Estimate] = field(default_factory=dict)
    mixed_groups: int = 0

    @property
    def left_out(self) -> str:
        """The groups that are not judged as such, in words; empty where there are none."""
        if not self.mixed_groups:
            return ""
        one = self.mixed_groups == 1
        return (
            f"{self.mixed_groups:,} {'group has' if one else 'groups have'} images of several classes, so no single "
            f"truth, and {'is' if one else 'are'} not judged by group"
        )

    def to_json(self) -> dict[str, Any]:
        """The content of `metrics.json`: the metrics, and below them all the rest."""
        more = {
            "other_unit": self.other,
            "choices": self.choices,
            "no_choices": self.no_choices or None,
            "calibration": self.calibrated,
            "operating_points": self.points,
            "prediction_sets": self.sets,
            "selective": self.selective,
            "decision_curves": self.decisions,
            "cost_curves": self.costs,
            "subgroups": self.subgroups,
            "robustness": self.robustness,
            "explanations": self.localisation,
            "sanity": self.sanity,
            "shift": self.shift,
            "mixed_groups": self.mixed_groups or None,
            "gate": self.flagged,
        }
        said = {name: plain(value) for name, value in more.items() if value not in (None, (), {})}
        return self.evaluation.to_json() | {"unit": self.unit} | said


def assess(
    predictions: Predictions,
    *,
    how: Resampling,
    unit: str,
    positive: Sequence[str] | None,
    prevalence: float | None,
    choices: Choices | None,
    no_choices: str,
    calibration: str,
    divided_by: Sequence[tuple[str, Sequence[float] | None]],
) -> Assessment:
    """Say all that can be said of predictions alone.

    Args:
        predictions: a row an image, calibrated; with logits where the probabilities before that are known.
        how: draws, confidence, seed and method of the intervals.
        unit: "image" or "group".
        positive: classes that are to be found; None: see `questions`.
        prevalence: share of positives where the network is to be used; None: that of these predictions.
        choices: settled on validation predictions of the same unit.
        no_choices: why there are none.
        calibration: method that made the probabilities of the logits; "none".
        divided_by: (attribute of the predictions, edges) of each division into subgroups.

    Raises:
        DataError: there is no image, or for groups none of one class; a positive class is not known.
    """
    if unit == "group":
        check_groups(predictions)
    groups, mixed = by_group(predictions)
    judged, other = (predictions, groups) if unit == "image" else (groups, predictions)
    asked = questions(predictions.classes, positive)
    grouped = 0 < len(groups.images) < len(predictions.images)
    points = choices.points if choices else ()
    return Assessment(
        predictions=judged,
        unit=unit,
        evaluation=evaluate(judged, how),
        other=evaluate(other, how) if grouped else None,
        questions=asked,
        choices=choices,
        no_choices=no_choices,
        calibrated=_before_and_after(predictions, unit, calibration, how, asked),
        points=tuple(at_point(point, judged, prevalence, how) for point in points),
        sets=tuple(covered(rule, judged, how) for rule in (choices.sets if choices else ())),
        selective=selective(judged, choices.abstain if choices else None, how),
        decisions=tuple(filter(None, (decision_curve(one, judged, prevalence, how) for one in asked))),
        costs=tuple(filter(None, (cost_curve(one, judged) for one in asked))),
        subgroups=tuple(_divided(predictions, judged, column, edges, how, positive) for column, edges in divided_by),
        mixed_groups=mixed,
    )


def _divided(
    predictions: Predictions,
    judged: Predictions,
    column: str,
    edges: Sequence[float] | None,
    how: Resampling,
    positive: Sequence[str] | None,
) -> Subgroups:
    """Without parts where the images have values, of which no group has one that all its images share."""
    values = judged.attributes[column]
    if any(predictions.attributes[column]) and not any(values):
        why = f"the images of each group differ in {column}, so that no group has one value of it"
        return Subgroups(column, (), len(set(judged.images)), (), why, how.confidence)
    return subgroups(judged, column, values, edges, how, positive)


def _before_and_after(
    predictions: Predictions, unit: str, method: str, how: Resampling, asked: Sequence[Question]
) -> Calibrated | None:
    """None where the probabilities before calibration are not known."""
    if predictions.logits is None:
        return None
    before = replace(predictions, probabilities=softmax(predictions.logits))
    after = predictions
    if unit == "group":
        before, after = by_group(before)[0], by_group(after)[0]
    return calibrated(after, before.probabilities, method, how, asked)
