"""Tables of predictions, of cervinet or any other tool, judged without a network."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cervinet import deciding
from cervinet.assessing import Judged, assessed, resampling
from cervinet.config import Config, check
from cervinet.errors import LeakageError, UsageError
from cervinet.evaluation.prediction_tables import read_any
from cervinet.evaluation.predictions import Predictions, write_predictions
from cervinet.evaluation.table_columns import Columns
from cervinet.files import sha256
from cervinet.folders import claimed_folder, fresh_folder
from cervinet.progress import Progress
from cervinet.report.material import Material
from cervinet.report.redaction import redacted
from cervinet.report.write import write_assessment
from cervinet.yaml_source import Source, override

EVALUATIONS = Path("evaluations")
NO_VALIDATION = "there are no predictions on validation pictures (--validation FILE)"


@dataclass(frozen=True)
class Tables:
    """What is to be judged, and how it is read.

    Attributes:
        predictions: CSV or Parquet with a row an image.
        validation: predictions on the validation images, with the same columns; choices are made on it.
        labels: the true classes of both, where they are in a table of their own.
        columns: what holds what.
        classes: in the order wanted; None for those of the table of predictions.
        split: rows of `predictions` to take.
        validation_split: rows of `validation` to take.
        normalize: divide each row of probabilities by its sum.
    """

    predictions: Path
    validation: Path | None = None
    labels: Path | None = None
    columns: Columns = field(default_factory=Columns)
    classes: Sequence[str] | None = None
    split: str | None = None
    validation_split: str | None = None
    normalize: bool = False


def judge_table(
    tables: Tables, overrides: Iterable[str], out: Path | None, progress: Progress, *, redact: bool
) -> Judged:
    """Read the tables, judge the predictions, write what was found and the predictions as they were understood.

    With predictions on validation images thresholds are chosen on these; the probabilities stay as they are.

    Args:
        tables: what is to be judged.
        overrides: `evaluation.key=value` and `seed=value`.
        out: a directory, absent or empty; by default a new one under evaluations/.
        progress: is told how the tables were read.
        redact: no names in the report.

    Raises:
        DataError: a table is not as it must be.
        ConfigError: an override is wrong.
        LeakageError: an image or a group is in both tables.
        UsageError: an override of something else, or `out` has files.
    """
    check_overrides(overrides := list(overrides))
    predictions, validation = read_tables(tables, progress)
    config = settings_for(predictions.classes, overrides)
    deciding.check_evaluation(config.evaluation, predictions)
    folder = claimed_folder(out) if out else fresh_folder(EVALUATIONS, tables.predictions.stem)
    write_predictions(predictions, folder / "predictions.csv")
    if validation:
        write_predictions(validation, folder / "predictions_val.csv")
    choices = deciding.chosen(config.evaluation, validation) if validation else None
    found = assessed(config, predictions, choices, "" if validation else NO_VALIDATION, "none")
    name, digest = tables.predictions.name, sha256(tables.predictions)
    material = Material(name, found, hashes={name: digest}, how=resampling(config))
    material = redacted(material) if redact else material
    more = {"source": {"file": name, "sha256": digest}}
    write_assessment(material, folder, report=config.evaluation.report, more=more)
    return Judged(None, folder, found, "", predictions.unreadable)


def read_tables(tables: Tables, progress: Progress) -> tuple[Predictions, Predictions | None]:
    """The predictions, and those on validation images with the classes in the same order; no image is in both."""
    predictions = read_any(
        tables.predictions,
        tables.columns,
        tables.classes,
        tables.labels,
        tables.split,
        tables.normalize,
        progress=progress,
    )
    if tables.validation is None:
        return predictions, None
    validation = read_any(
        tables.validation,
        tables.columns,
        predictions.classes,
        tables.labels,
        tables.validation_split,
        tables.normalize,
        split_option="--validation-split",
        progress=progress,
    )
    for what, ours, theirs in (
        ("image", predictions.images, validation.images),
        ("group", predictions.groups, validation.groups),
    ):
        if both := sorted(set(ours) & set(theirs)):
            counted = f"{len(both)} {what}{'s' if len(both) > 1 else ''}"
            raise LeakageError(
                f"{tables.predictions} and {tables.validation} have {counted} in common, the first is {both[0]!r}; "
                f"choices must come from other {what}s than those that are judged: take them out of one of the tables"
            )
    return predictions, validation


def check_overrides(overrides: Sequence[str]) -> None:
    """Raises UsageError for one that has no meaning where there is no network."""
    for assignment in overrides:
        if assignment.startswith("evaluation.views"):
            raise UsageError(f"'{assignment}' cannot be set for a table: its predictions are made")
        if assignment.startswith("evaluation.calibration"):
            raise UsageError(f"'{assignment}' cannot be set for a table: its probabilities are judged as they are")
        if not assignment.startswith(("evaluation.", "seed=")):
            raise UsageError(f"'{assignment}' cannot be set for a table of predictions, only evaluation.… and seed")


def settings_for(classes: Sequence[str], overrides: Iterable[str]) -> Config:
    """The defaults of `evaluation` and `seed` with overrides, checked for these classes.

    Raises:
        ConfigError: an override is wrong.
    """
    source = Source({"classes": list(classes), "data": {"root": "."}})  # a config needs pictures; nothing reads them
    return check(override(source, overrides))
