"""`cervinet evaluate`: a run, or a table of predictions, judged."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cervinet.errors import PredictionError, UsageError
from cervinet.options import PATH, import_tensorflow, open_run, progress_of, quiet_option, views_option
from cervinet.results import show_results, unreadable_text

if TYPE_CHECKING:
    from cervinet.assessing import Judged

_TABLE_OPTIONS = (
    click.option("--validation", type=PATH, help="Predictions on the validation pictures, with the same columns."),
    click.option("--labels", type=PATH, help="CSV or Parquet with image and label, for predictions without labels."),
    click.option("--classes", metavar="A,B,…", help="The classes, in the order wanted. Default: as in FILE."),
    click.option("--image-column", metavar="NAME", help="Holds the pictures' names. Default: image, filename, …"),
    click.option("--group-column", metavar="NAME", help="Holds patients. Default: group, patient_id, …, or none."),
    click.option("--label-column", metavar="NAME", help="Holds the true classes. Default: label, y_true, …"),
    click.option("--split-column", metavar="NAME", help="Holds the splits. Default: split, or none."),
    click.option("--probability-columns", metavar="PATTERN", help="Such as 'prob_{}'. Default: 'p_{}', or '{}'."),
    click.option("--split", metavar="NAME", help="Judge the rows of this split of FILE."),
    click.option("--validation-split", metavar="NAME", help="Take the rows of this split of the validation file."),
    click.option("--normalize", is_flag=True, help="Divide each row of probabilities by its sum."),
)


def _table_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_TABLE_OPTIONS):
        command = option(command)
    return command


@click.command(short_help="Judge a run, or a table of predictions.")
@click.argument("run_or_override", nargs=-1, metavar="[RUN] [KEY=VALUE]...")
@click.option("--data", type=PATH, help="Another folder or table to judge the run on, all of it.")
@click.option("--out", type=PATH, help="Where to write. Default: a new folder in RUN/evaluations/, or evaluations/.")
@views_option
@click.option("--predictions", type=PATH, metavar="FILE", help="CSV or Parquet of any tool; no run is needed.")
@_table_options
@click.option("--perturb", is_flag=True, help="Judge the run on damaged copies of the pictures too.")
@click.option("--by", "columns", multiple=True, metavar="COLUMN", help="Make subgroups by it; may be given again.")
@click.option("--subgroups", type=PATH, metavar="FILE", help="CSV with image or group, and columns for --by.")
@click.option("--redact", is_flag=True, help="No file names and no pictures in the report.")
@quiet_option
def evaluate(
    run_or_override: tuple[str, ...],
    data: Path | None,
    out: Path | None,
    views: int | None,
    predictions: Path | None,
    perturb: bool,
    columns: tuple[str, ...],
    subgroups: Path | None,
    redact: bool,
    quiet: bool,
    **table: Any,
) -> None:
    """Judge a run (the newest finished one) on its test split or on other data, or a table of predictions.

    With --data, KEY=VALUE tells how to read them, as in data.reader.table.label=diagnosis. With --predictions, FILE has
    a row a picture: its name, its true class, and the probability of each class; the options below it say how to read
    it. KEY=VALUE sets evaluation.… and seed.
    """
    runs = [word for word in run_or_override if "=" not in word or Path(word).is_dir()]
    overrides = [word for word in run_or_override if word not in runs]
    overrides += _of_subgroups(columns, subgroups)
    if predictions is None:
        _refuse_without_table(runs, [name for name, value in table.items() if value])
        judged = _judged_run(runs, overrides, data, out, views, quiet, perturb=perturb, redact=redact)
    else:
        _refuse_with_table(runs, data, views, perturb)
        judged = _judged_table(predictions, overrides, out, quiet, redact, **table)
    show_results(judged)
    if judged.unreadable:
        raise PredictionError(unreadable_text([u.error for u in judged.unreadable], judged.evaluation.images))


def _of_subgroups(columns: Sequence[str], file: Path | None) -> list[str]:
    """The settings that the options stand for; `--by age:30,50` sets the edges too."""
    if file and not columns:
        raise UsageError("--subgroups needs --by COLUMN: the columns of the file that make subgroups")
    found = [f"evaluation.subgroup_file={json.dumps(str(file))}"] if file else []
    if columns:
        split = [column.partition(":") for column in columns]
        entries = [{"column": name} | ({"edges": _edges(edges, name)} if edges else {}) for name, _, edges in split]
        found.append(f"evaluation.subgroups={json.dumps(entries)}")
    return found


def _edges(text: str, column: str) -> list[float]:
    try:
        return [float(edge) for edge in text.split(",")]
    except ValueError:
        raise UsageError(
            f"--by must be COLUMN or COLUMN:EDGE,EDGE with numbers, as in age:30,50; got '{column}:{text}'"
        ) from None


def _refuse_without_table(runs: Sequence[str], of_tables: Sequence[str]) -> None:
    if of_tables:
        raise UsageError(f"--{of_tables[0].replace('_', '-')} is for a table of predictions; name it by --predictions")
    if len(runs) > 1:
        raise UsageError(f"one RUN at a time; got {', '.join(runs)}")


def _judged_run(
    runs: Sequence[str],
    overrides: Sequence[str],
    data: Path | None,
    out: Path | None,
    views: int | None,
    quiet: bool,
    *,
    perturb: bool,
    redact: bool,
) -> "Judged":
    from cervinet import workflow
    from cervinet.assessing import Extras
    from cervinet.pictures import config_of

    run = open_run(Path(runs[0]) if runs else None)
    config = config_of(run, data, overrides)
    import_tensorflow()
    extras = Extras(external=data is not None, views=views, perturb=perturb, redact=redact)
    return workflow.evaluate(run, config, out=out, progress=progress_of(quiet), extras=extras)


def _refuse_with_table(runs: Sequence[str], data: Path | None, views: int | None, perturb: bool) -> None:
    if runs:
        raise UsageError(f"--predictions needs no run; leave out {runs[0]}, or --predictions")
    if data is not None:
        raise UsageError("--predictions and --data cannot go together: pictures need a run to predict them")
    if views is not None:
        raise UsageError("--predictions and --views cannot go together: the predictions of a table are made")
    if perturb:
        raise UsageError("--predictions and --perturb cannot go together: damaged pictures need a run to predict them")


def _judged_table(
    predictions: Path,
    overrides: Sequence[str],
    out: Path | None,
    quiet: bool,
    redact: bool,
    *,
    validation: Path | None,
    labels: Path | None,
    classes: str | None,
    image_column: str | None,
    group_column: str | None,
    label_column: str | None,
    split_column: str | None,
    probability_columns: str | None,
    split: str | None,
    validation_split: str | None,
    normalize: bool,
) -> "Judged":
    from cervinet.evaluation.table_columns import Columns
    from cervinet.judging import Tables, judge_table

    if probability_columns is not None and probability_columns.count("{}") != 1:
        raise UsageError(
            f"--probability-columns must have one {{}} where the class stands, as in 'prob_{{}}'; "
            f"got '{probability_columns}'"
        )
    if validation_split is not None and validation is None:
        raise UsageError("--validation-split is for --validation; name the file by it")
    tables = Tables(
        predictions,
        validation,
        labels,
        Columns(image_column, group_column, label_column, split_column, probability_columns),
        None if classes is None else _names(classes),
        split,
        validation_split,
        normalize,
    )
    return judge_table(tables, overrides, out, progress_of(quiet), redact=redact)


def _names(classes: str) -> list[str]:
    names = [name.strip() for name in classes.split(",")]
    if len(set(names)) < max(2, len(names)) or not all(names):
        raise UsageError(f"--classes must be two or more different names with commas between them; got '{classes}'")
    return names
