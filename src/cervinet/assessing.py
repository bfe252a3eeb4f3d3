"""Predictions → everything that is said of them, and the files that say it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cervinet import deciding
from cervinet.config import Config, check
from cervinet.config_evaluation import Evaluation as Settings
from cervinet.data.manifest import Manifest
from cervinet.evaluation.assessment import Assessment, assess
from cervinet.evaluation.attributes import attributes_from
from cervinet.evaluation.choices import Choices
from cervinet.evaluation.evaluate import Evaluation
from cervinet.evaluation.intervals import Resampling
from cervinet.evaluation.prediction_tables import read_predictions
from cervinet.evaluation.predictions import Predictions, Unreadable
from cervinet.evaluation.shift import shift
from cervinet.model_card import ModelCard
from cervinet.progress import Progress
from cervinet.report.write import write_assessment
from cervinet.reporting import material_of
from cervinet.run import Run
from cervinet.yaml_source import read_yaml

if TYPE_CHECKING:
    pass


@dataclass(frozen=True)
class Judged:
    """What a command found.

    Attributes:
        run: directory of the run; None where only a table of predictions was judged.
        folder: where predictions, metrics, plots and report were written.
        assessment: all that was found.
        note: says that the pictures were synthetic, or that groups were derived, where they were.
        unreadable: pictures without a prediction, and why.
    """

    run: Path | None
    folder: Path
    assessment: Assessment
    note: str
    unreadable: tuple[Unreadable, ...] = ()

    @property
    def evaluation(self) -> Evaluation:
        return self.assessment.evaluation


@dataclass(frozen=True)
class Extras:
    """What is looked at only when it is asked for, or only of pictures that are at hand.

    Attributes:
        external: the pictures are another site's.
        perturb: judge damaged pictures too.
        redact: no file names and no pictures in the report.
    """

    external: bool = False
    perturb: bool = False
    redact: bool = False


NOTHING_MORE = Extras()


def judge(
    config: Config,
    run: Run,
    card: ModelCard,
    manifest: Manifest,
    predictions: Predictions,
    folder: Path,
    note: str,
    progress: Progress,
    extras: Extras = NOTHING_MORE,
) -> Judged:
    """Assess predictions of pictures that are at hand, by the choices of their run, and write it all down.

    Args:
        config: whose `evaluation` says how.
        run: that the network is of.
        card: of the network.
        manifest: the pictures, those that could not be read among them.
        predictions: of those that could be.
        folder: for metrics.json, plots, report.html, model_card.md.
        note: what must be said with every number.
        progress: told what takes long.
        extras: what else is wanted.
    """
    settings = config.evaluation
    choices, why = choices_of(run, card, settings)
    found = assessed(settings, config.seed, predictions, choices, why, card.calibration.get("method", "none"))
    how = resampling(settings, config.seed)
    if extras.external and run.predictions("test").is_file():
        own = in_unit(read_predictions(run.predictions("test")), settings.unit)
        found = replace(found, shift=shift(own, found.predictions, settings.positive, how))
    if extras.perturb:
        from cervinet.perturbing import perturbed

        found = replace(found, robustness=perturbed(predictor, manifest, predictions, how, progress))
    cases, worst = (), ()
    if settings.report and settings.explain.pictures and not extras.redact:
        pass
    material = material_of(run, found, note, external=manifest if extras.external else None)
    write_assessment(material, folder, report=settings.report)
    return Judged(run.path, folder, found, note, predictions.unreadable)


def assessed(
    settings: Settings, seed: int, predictions: Predictions, choices: Choices | None, why: str, calibration: str
) -> Assessment:
    """Everything that predictions alone tell, by the settings of a config."""
    divided_by = [(one.column, one.edges) for one in settings.subgroups]
    if settings.subgroup_file:
        columns = [column for column, _ in divided_by if column not in predictions.attributes]
        found = attributes_from(settings.subgroup_file, predictions, columns)
        predictions = replace(predictions, attributes={**predictions.attributes, **found})
    known = ("site", "width") if not divided_by else ()
    divided_by += [(name, None) for name in known if len(set(predictions.attributes.get(name, ())) - {""}) > 1]
    return assess(
        predictions,
        how=resampling(settings, seed),
        unit=settings.unit,
        positive=settings.positive,
        prevalence=settings.prevalence,
        choices=choices,
        no_choices=why,
        calibration=calibration,
        divided_by=divided_by,
    )


def choices_of(run: Run, card: ModelCard, settings: Settings) -> tuple[Choices | None, str]:
    """The thresholds that a run was finished with; chosen anew on its validation predictions where settings differ.

    Returns:
        The choices, or None and why there are none.
    """
    own = check(read_yaml(run.config)).evaluation
    if card.choices and deciding.same_choices(own, settings):
        return Choices.from_json(card.choices), ""
    if not run.predictions("val").is_file():
        return None, "the run has no validation predictions to choose thresholds on"
    return deciding.chosen(settings, read_predictions(run.predictions("val"), card.classes)), ""


def resampling(settings: Settings, seed: int) -> Resampling:
    return Resampling(settings.draws, settings.confidence, seed, settings.interval)
