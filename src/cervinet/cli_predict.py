"""`cervinet predict`: what a run says of pictures."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cervinet.errors import PredictionError, UsageError
from cervinet.options import PATH, import_tensorflow, open_run, progress_of, views_option
from cervinet.results import next_commands, quoted, show_predictions, unreadable_text

if TYPE_CHECKING:
    from cervinet.answering import Asked
    from cervinet.inference.predicting import Prediction
    from cervinet.inference.predictor import Wanted
    from cervinet.inference.shard import Shard
    from cervinet.model_card import ModelCard
    from cervinet.progress import Progress
    from cervinet.report.predicted_files import Sink


def _shard(context: click.Context, option: click.Parameter, value: str | None) -> "Shard | None":
    from cervinet.inference.shard import Shard

    return Shard.parse(value) if value else None


@click.command(short_help="Class and probabilities of pictures.")
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...")
@click.option("--run", "run_path", type=PATH, help="Run directory. Default: the newest finished one under runs/.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line on stdout.")
@click.option("--csv", "csv_file", type=PATH, help="Write a CSV table to this file.")
@click.option("--parquet", "parquet_file", type=PATH, help="Write a Parquet table to this file.")
@click.option("--submission", type=PATH, help="Write Kaggle's format to this file: image_name,Type_1,Type_2,Type_3.")
@click.option("--explain", "explained", is_flag=True, help="Draw what speaks for each class (Grad-CAM).")
@click.option("--to", type=PATH, help="Folder for the pictures of --explain. Default: a new one in RUN/cam/.")
@click.option("--boxes", type=PATH, help="CSV with image, x, y, w, h in pixels, for a run that crops to boxes.")
@views_option
@click.option("--shard", callback=_shard, metavar="I/N", help="The I-th of N parts of the pictures, for job arrays.")
@click.option(
    "--engine",
    type=click.Choice(["auto", "onnx", "keras"]),
    default="auto",
    show_default=True,
    help="What runs the network. auto: onnxruntime where the run has a model.onnx.",
)
def predict(
    images: tuple[str, ...],
    run_path: Path | None,
    as_json: bool,
    csv_file: Path | None,
    parquet_file: Path | None,
    submission: Path | None,
    explained: bool,
    to: Path | None,
    boxes: Path | None,
    views: int | None,
    shard: "Shard | None",
    engine: "Wanted",
) -> None:
    """Class and probabilities of pictures.

    IMAGE is a file, a folder, a pattern such as 'scans/*.jpg', a CSV or Parquet table with a column image (and boxes
    in x, y, w, h), or - for paths on standard input, one a line. A picture that cannot be read is reported, the others
    are predicted, and the exit code is 5.
    """
    from cervinet import answering

    files = {"--csv": csv_file, "--parquet": parquet_file, "--submission": submission}
    if to and not explained:
        raise UsageError("--to is the folder for the pictures of --explain; give both, or neither")
    run = open_run(run_path)
    asked = answering.asked(
        run, images, boxes=boxes, shard=shard, outlined=explained, standard_input=sys.stdin.buffer.read
    )
    with ExitStack() as stack:
        sinks = _sinks(stack, asked, files)
        if answering.needs_tensorflow(run, engine, explained=explained):
            import_tensorflow()
        table = not as_json and not any(files.values())
        progress = progress_of(as_json or table or len(asked.pictures) == 1)
        if explained:
            predictions = _explained(asked, to, progress, views, engine)
        else:
            predictions = answering.answers(asked, progress, views, engine)
        for remark in asked.remarks:
            click.echo(remark, err=True)
        errors = list[str]()

        def seen() -> Iterator["Prediction"]:
            for prediction in predictions:
                errors.extend([prediction.error] if prediction.error else [])
                for sink in sinks:
                    sink(prediction)
                yield prediction

        if table:
            show_predictions(seen(), asked.card, asked.pictures)
        else:
            _write(seen(), asked, as_json)
    _conclude(asked, files, errors, table and not explained)


def _sinks(stack: ExitStack, asked: "Asked", files: "dict[str, Path | None]") -> "list[Sink]":
    """What writes each file that is wanted; all of them are seen to be writable before the first is begun."""
    from cervinet.files import check_writable
    from cervinet.report.predicted_files import check_submission, csv_sink, parquet_sink, submission_sink

    wanted = {option: path for option, path in files.items() if path}
    if len({path.absolute() for path in wanted.values()}) < len(wanted):
        raise UsageError(f"{' and '.join(wanted)} must name different files")
    for path in wanted.values():
        check_writable(path)
    if "--submission" in wanted:
        check_submission(asked.pictures)
    kinds: dict[str, Callable[[Path, ModelCard], AbstractContextManager[Sink]]]
    kinds = {"--csv": csv_sink, "--parquet": parquet_sink, "--submission": submission_sink}
    return [stack.enter_context(kinds[option](path, asked.card)) for option, path in wanted.items()]


def _explained(
    asked: "Asked", to: Path | None, progress: "Progress", views: int | None, engine: "Wanted"
) -> Iterator["Prediction"]:
    """The predictions, while the heat map of each is written; where, is said at the end."""
    from cervinet.escape import for_terminal
    from cervinet.overlays import show_heat

    written: Path | None = None
    shown = show_heat(
        asked.run, asked.pictures, method="grad_cam", asked=None, to=to, progress=progress, views=views, engine=engine
    )
    for one in shown:
        written = one.file or written
        for remark in one.remarks:
            click.echo(for_terminal(remark), err=True)
        yield one.prediction
    if written:
        click.echo(f"Heat maps: {for_terminal(written.parent)}", err=True)


def _write(predictions: Iterator["Prediction"], asked: "Asked", as_json: bool) -> None:
    from cervinet.report.predicted import as_object

    for prediction in predictions:
        if as_json:
            click.echo(json.dumps(as_object(prediction, asked.card)))


def _conclude(asked: "Asked", files: "dict[str, Path | None]", errors: list[str], table: bool) -> None:
    """What was written, what could not be read, and what to do next."""
    from cervinet.escape import for_terminal

    read = len(asked.pictures) - len(errors)
    for option, path in files.items():
        if not path:
            continue
        if option == "--submission" and errors:
            click.echo(f"{for_terminal(path)} was not written: a submission needs a row for every picture", err=True)
        else:
            click.echo(f"Wrote {len(asked.pictures)} rows to {for_terminal(path)}", err=True)
    if errors:
        raise PredictionError(unreadable_text(errors, read))
    if table and asked.pictures:
        next_commands(f"explain {quoted(asked.pictures[0].path)} --run {quoted(asked.run.path)}")
