"""`cervinet evaluate`: a run, or a table of predictions, judged."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from cervinet.errors import PredictionError, UsageError
from cervinet.options import PATH, import_tensorflow, open_run, progress_of, quiet_option, views_option
from cervinet.results import show_results, unreadable_text

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
@quiet_option
def evaluate(
    run_or_override: tuple[str, ...],
    data: Path | None,
    out: Path | None,
    views: int | None,
    predictions: Path | None,
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
    if predictions is None:
        _evaluate_run(runs, overrides, data, out, views, quiet, [name for name, value in table.items() if value])
    else:
        _refuse_with_table(runs, data, views)
        _evaluate_table(predictions, overrides, out, quiet, **table)


def _evaluate_run(
    runs: Sequence[str],
    overrides: Sequence[str],
    data: Path | None,
    out: Path | None,
    views: int | None,
    quiet: bool,
    of_tables: Sequence[str],
) -> None:
    from cervinet import workflow
    from cervinet.pictures import config_of

    if of_tables:
        raise UsageError(f"--{of_tables[0].replace('_', '-')} is for a table of predictions; name it by --predictions")
    if len(runs) > 1:
        raise UsageError(f"one RUN at a time; got {', '.join(runs)}")
    run = open_run(Path(runs[0]) if runs else None)
    config = config_of(run, data, overrides)
    import_tensorflow()
    judged = workflow.evaluate(
        run, config, external=data is not None, out=out, progress=progress_of(quiet), views=views
    )
    show_results(judged)
    if judged.unreadable:
        raise PredictionError(unreadable_text([u.error for u in judged.unreadable], judged.evaluation.images))


def _refuse_with_table(runs: Sequence[str], data: Path | None, views: int | None) -> None:
    if runs:
        raise UsageError(f"--predictions needs no run; leave out {runs[0]}, or --predictions")
    if data is not None:
        raise UsageError("--predictions and --data cannot go together: pictures need a run to predict them")
    if views is not None:
        raise UsageError("--predictions and --views cannot go together: the predictions of a table are made")


def _evaluate_table(
    predictions: Path,
    overrides: Sequence[str],
    out: Path | None,
    quiet: bool,
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
) -> None:
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
    judged = judge_table(tables, overrides, out, progress_of(quiet))
    show_results(judged)
    if judged.unreadable:
        raise PredictionError(unreadable_text([u.error for u in judged.unreadable], judged.evaluation.images))


def _names(classes: str) -> list[str]:
    names = [name.strip() for name in classes.split(",")]
    if len(set(names)) < max(2, len(names)) or not all(names):
        raise UsageError(f"--classes must be two or more different names with commas between them; got '{classes}'")
    return names
