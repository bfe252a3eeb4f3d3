"""Predictions → everything that is said of them, and the files that say it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cervinet import deciding, explaining
from cervinet.config import Config, check
from cervinet.config_evaluation import Evaluation as Settings
from cervinet.data.manifest import Manifest
from cervinet.errors import CervinetError
from cervinet.evaluation.assessment import Assessment, assess
from cervinet.evaluation.attributes import attributes_of
from cervinet.evaluation.choices import Choices
from cervinet.evaluation.evaluate import Evaluation
from cervinet.evaluation.flagged import flagged
from cervinet.evaluation.intervals import Resampling
from cervinet.evaluation.prediction_tables import read_predictions
from cervinet.evaluation.predictions import Predictions, Unreadable
from cervinet.evaluation.robustness import Robustness
from cervinet.evaluation.shift import shift
from cervinet.evaluation.units import by_group
from cervinet.inference.gate import FLAGS
from cervinet.model_card import ModelCard
from cervinet.progress import Progress
from cervinet.report.redaction import redacted
from cervinet.report.write import write_assessment
from cervinet.reporting import material_of
from cervinet.run import Run
from cervinet.yaml_source import read_yaml

NO_VALIDATION = "the run has no validation predictions to choose thresholds on"


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
        views: that are averaged, in place of those of the run.
    """

    external: bool = False
    perturb: bool = False
    redact: bool = False
    views: int | None = None


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
    settings, how = config.evaluation, resampling(config)
    choices, why = choices_of(run, card, settings)
    found = assessed(config, predictions, choices, why, card.calibration.get("method", "none"))
    found = replace(found, flagged=flagged(predictions, FLAGS, card.gate.get("refuse", ()), how))
    if extras.external and run.predictions("test").is_file():
        own = read_predictions(run.predictions("test"), card.classes)
        own = by_group(own)[0] if settings.unit == "group" else own
        found = replace(found, shift=shift(own, found.predictions, settings.positive, how))
    if extras.perturb:
        found = replace(found, robustness=_robustness(run, extras.views, manifest, predictions, how, progress))
    explained = _explained(config, run, manifest, predictions, None if extras.redact else Run(folder).cam, progress)
    if explained:
        found = replace(found, localisation=explained.localisation, sanity=explained.sanity)
    material = material_of(run, found, note, how, explained, external=manifest if extras.external else None)
    material = redacted(material) if extras.redact else material
    write_assessment(material, folder, report=settings.report)
    return Judged(run.path, folder, found, note, predictions.unreadable)


def _explained(
    config: Config, run: Run, manifest: Manifest, predictions: Predictions, folder: Path | None, progress: Progress
) -> explaining.Explained | None:
    """None where no heat maps are wanted, or none can be made, which is then said."""
    settings = config.evaluation
    if not (settings.report and settings.explain.pictures):
        return None
    try:
        found = explaining.explained(
            run,
            manifest,
            predictions,
            method=settings.explain.method,
            most=settings.explain.pictures,
            how=resampling(config),
            folder=folder,
            progress=progress,
        )
    except CervinetError as error:
        progress.say(f"No heat maps: {error}")
        return None
    for remark in found.remarks:
        progress.say(f"Not explained: {remark}")
    return found


def _robustness(
    run: Run, views: int | None, manifest: Manifest, predictions: Predictions, how: Resampling, progress: Progress
) -> Robustness:
    from cervinet.inference.predictor import Predictor
    from cervinet.perturbing import perturbed

    return perturbed(Predictor.load(run, views), manifest, predictions, how, progress)


def assessed(
    config: Config, predictions: Predictions, choices: Choices | None, why: str, calibration: str
) -> Assessment:
    """Everything that predictions alone tell, by the settings of a config."""
    settings = config.evaluation
    predictions, divided_by = _with_subgroups(settings, predictions)
    return assess(
        predictions,
        how=resampling(config),
        unit=settings.unit,
        positive=settings.positive,
        prevalence=settings.prevalence,
        choices=choices,
        no_choices=why,
        calibration=calibration,
        divided_by=divided_by,
    )


def _with_subgroups(
    settings: Settings, predictions: Predictions
) -> tuple[Predictions, list[tuple[str, Sequence[float] | None]]]:
    """The predictions with every column that is asked for; without any, by site and width where these differ."""
    asked: list[tuple[str, Sequence[float] | None]] = [(one.column, one.edges) for one in settings.subgroups]
    if asked:
        found = attributes_of(predictions, [column for column, _ in asked], settings.subgroup_file)
        return replace(predictions, attributes={**predictions.attributes, **found}), asked
    known = predictions.attributes
    return predictions, [(name, None) for name in ("site", "width") if len(set(known.get(name, ())) - {""}) > 1]


def choices_of(run: Run, card: ModelCard, settings: Settings) -> tuple[Choices | None, str]:
    """The thresholds that a run was finished with; chosen anew on its validation predictions where settings differ.

    Returns:
        The choices, or None and why there are none.

    Raises:
        CervinetError: the card holds something else.
    """
    own = check(read_yaml(run.config)).evaluation
    if card.choices and deciding.same_choices(own, settings):
        return _kept(run, card), ""
    if not run.predictions("val").is_file():
        return None, NO_VALIDATION
    validation = read_predictions(run.predictions("val"), card.classes)
    return (deciding.chosen(settings, validation), "") if validation.images else (None, NO_VALIDATION)


def _kept(run: Run, card: ModelCard) -> Choices:
    try:
        return Choices.from_json(card.choices)
    except (KeyError, TypeError, ValueError) as error:
        raise CervinetError(
            f"the choices in {run.card} must be those that a run was finished with; they cannot be read: {error!r}"
        ) from None


def resampling(config: Config) -> Resampling:
    settings = config.evaluation
    return Resampling(settings.draws, settings.confidence, config.seed, settings.interval)
