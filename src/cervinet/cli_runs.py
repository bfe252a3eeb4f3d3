"""`cervinet crossval` and `cervinet ensemble`: several runs at once."""

import signal
from pathlib import Path
from typing import Literal

import click

from cervinet.errors import TrainingError
from cervinet.options import PATH, import_tensorflow, progress_of, quiet_option
from cervinet.results import next_commands, quoted, show_folds, show_members, show_results


@click.command(short_help="Train and judge by cross-validation.")
@click.option("--config", type=PATH, required=True, help="YAML file; `cervinet init` writes one.")
@click.option("--folds", type=click.IntRange(2), default=5, show_default=True, help="Parts of one size.")
@click.option("--repeat", type=click.IntRange(1), default=1, show_default=True, help="Times to divide anew.")
@click.option("--run-dir", type=PATH, help="Where to write, or to go on. Default: a new one under runs/.")
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@quiet_option
def crossval(
    config: Path, folds: int, repeat: int, run_dir: Path | None, overrides: tuple[str, ...], quiet: bool
) -> None:
    """Train a network for each fold, and judge all pictures by the network that did not learn from them.

    Stopped by anything, the same command with the same --run-dir goes on with the folds that are not finished.
    """
    from cervinet.crossval import cross_validate, plan

    wanted = plan(config, overrides, folds, repeat, run_dir)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a batch system's end is like Ctrl-C
    words: list[str | Path] = [
        "crossval",
        "--config",
        config,
        "--folds",
        str(folds),
        "--repeat",
        str(repeat),
        "--run-dir",
    ]
    import_tensorflow()
    try:
        found = cross_validate(wanted, progress_of(quiet))
    except (KeyboardInterrupt, TrainingError) as stopped:
        next_commands(" ".join(map(quoted, [*words, wanted.run.path, *overrides])))
        raise stopped if isinstance(stopped, TrainingError) else KeyboardInterrupt from None
    show_folds(found)
    show_results(found.judged)
    click.echo(f"Folds: {wanted.run.path}", err=True)


@click.command(short_help="Average the networks of several runs.")
@click.argument("runs", nargs=-1, required=True, type=PATH, metavar="RUN RUN...")
@click.option("--to", type=PATH, required=True, help="Directory of the new run; absent or empty.")
@click.option("--average", type=click.Choice(["probability", "logit"]), default="probability", show_default=True)
@click.option(
    "--weights",
    type=click.Choice(["equal", "fitted"]),
    default="equal",
    show_default=True,
    help="fitted: the lowest log-loss on the validation pictures that the runs have in common.",
)
@click.option("--no-test", is_flag=True, help="Make it without metrics, of runs with different test pictures.")
@quiet_option
def ensemble(
    runs: tuple[Path, ...],
    to: Path,
    average: Literal["probability", "logit"],
    weights: Literal["equal", "fitted"],
    no_test: bool,
    quiet: bool,
) -> None:
    """Make a run that averages the networks of other runs, and is used like any other.

    The networks are copied. They may be of any kind and image size, but must know the same classes and have the same
    test pictures, on which the ensemble is judged.
    """
    from cervinet import ensembling

    import_tensorflow()
    try:
        made = ensembling.ensemble(runs, to, progress_of(quiet), average=average, weights=weights, test=not no_test)
    except KeyboardInterrupt:
        raise KeyboardInterrupt from None  # an ensemble is nothing that `train --resume` could go on with
    show_members(made.card)
    if made.judged:
        show_results(made.judged)
    else:
        click.echo("The ensemble has no test pictures of its own and no metrics: it is for predicting.")
    if not quiet:
        judge = f"evaluate {quoted(to)}" if made.judged else f"evaluate {quoted(to)} --data OTHER_PICTURES"
        click.echo(f"Run: {to}", err=True)
        next_commands(judge, f"predict IMAGE --run {quoted(to)}")
