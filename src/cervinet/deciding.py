"""What is settled on the validation pictures of a run, and only applied from then on: calibration and thresholds."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
import pandas as pd

from cervinet.config_evaluation import Evaluation
from cervinet.data.manifest import Manifest
from cervinet.errors import DataError
from cervinet.evaluation.attributes import attributes_of
from cervinet.evaluation.bands import parts_of
from cervinet.evaluation.calibration import Calibration, fit_calibration
from cervinet.evaluation.choices import Choices, choose, corrected
from cervinet.evaluation.flagged import FLAGS_COLUMN, flags_text
from cervinet.evaluation.predictions import Predictions
from cervinet.evaluation.question import questions
from cervinet.evaluation.units import by_group, check_groups
from cervinet.model_card import ModelCard
from cervinet.progress import Progress

_OF_CHOICES = ("unit", "positive", "operating_points", "coverage", "most_errors")
_NOTHING = Calibration("none", {}, 0)


@dataclass(frozen=True)
class Settled:
    """Calibration and thresholds; `why` says why there are no thresholds, where there are none."""

    calibration: Calibration
    choices: Choices | None
    why: str = ""

    def on(self, card: ModelCard) -> ModelCard:
        """The card of a network that is used with them."""
        calibration = {} if self.calibration.method == "none" else asdict(self.calibration)
        return replace(card, calibration=calibration, choices=self.choices.to_json() if self.choices else {})


def check_evaluation(settings: Evaluation, known: Predictions) -> None:
    """Raises a DataError before anything is trained, predicted or written where these images cannot be judged so.

    Args:
        settings: what is asked for.
        known: the images to judge; see `unanswered` for those without predictions.
    """
    check_questions(settings, known.classes)
    if settings.unit == "group":
        check_groups(known)
    check_subgroups(settings, known)


def check_questions(settings: Evaluation, classes: Sequence[str]) -> None:
    """Raises a DataError where what is to be judged does not fit the classes."""
    questions(classes, settings.positive)
    if settings.calibration in ("platt", "isotonic") and len(classes) > 2:
        raise DataError(
            f"`evaluation.calibration` must be none, temperature or vector for {len(classes)} classes; "
            f"got {settings.calibration!r}, which is for two"
        )


def check_subgroups(settings: Evaluation, known: Predictions) -> None:
    """Raises a DataError where a column of `evaluation.subgroups` cannot divide the images."""
    found = attributes_of(known, [one.column for one in settings.subgroups], settings.subgroup_file)
    for one in settings.subgroups:
        parts_of(one.column, found[one.column], one.edges)


def unanswered(manifest: Manifest, split: str | None = None, gated: bool | None = None) -> Predictions:
    """The pictures of a split, or all, as far as they are known before any is decoded and predicted.

    `gated`: whether a gate will flag them; None where it is still to be made of the manifest's validation pictures.
    """
    part = manifest if split is None else manifest.take(manifest.part(split).index.to_numpy())
    # Sides are known of every picture once it is decoded; until then any number stands for them.
    site, some = part.table["site"], ("1",) * len(part)
    gated = len(manifest.part("val")) > 1 if gated is None else gated
    flags = {FLAGS_COLUMN: (flags_text(()),) * len(part), "unlike": some} if gated else {}
    return Predictions(
        images=tuple(part.table["image"]),
        groups=tuple(part.groups()),
        labels=pd.Categorical(part.table["label"], list(part.classes)).codes.astype(np.int64),
        probabilities=np.full((len(part), len(part.classes)), 1 / len(part.classes)),
        classes=part.classes,
        split=split or "external",
        attributes=({"site": tuple(site.fillna(""))} if site.notna().any() else {})
        | {"height": some, "width": some}
        | flags,
    )


def settled(settings: Evaluation, card: ModelCard, validation: Predictions | None, progress: Progress) -> Settled:
    """Fit and choose on validation predictions as the network gives them; without any, nothing is settled.

    A calibration that cannot be fitted is said and left out: the run is not lost for it.
    """
    if validation is None or not validation.images:
        return Settled(_NOTHING, None, "there are no validation pictures to calibrate and choose thresholds on")
    assert validation.logits is not None
    calibration = _NOTHING
    try:
        calibration = fit_calibration(settings.calibration, validation.logits, validation.labels)
    except DataError as error:
        progress.say(f"Warning: the probabilities are not calibrated: {error}")
    return Settled(calibration, chosen(settings, calibrated(validation, calibration, card)))


def calibrated(predictions: Predictions, calibration: Calibration, card: ModelCard) -> Predictions:
    """Predictions of a network before calibration → after it."""
    if calibration.method == "none":
        return predictions
    return corrected(predictions, calibration, [label for _, label in card.subclasses])


def chosen(settings: Evaluation, validation: Predictions) -> Choices:
    """Thresholds by the settings, on calibrated predictions of validation images."""
    return choose(
        by_group(validation)[0] if settings.unit == "group" else validation,
        unit=settings.unit,
        positive=settings.positive,
        rules=[(point.name, point.options) for point in settings.operating_points],
        coverage=settings.coverage,
        most_errors=settings.most_errors,
    )


def same_choices(one: Evaluation, other: Evaluation) -> bool:
    """Whether the same thresholds follow from both settings."""
    return all(getattr(one, name) == getattr(other, name) for name in _OF_CHOICES)
