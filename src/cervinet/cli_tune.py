"""`cervinet tune`: search for better settings."""

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cervinet.options import PATH, import_tensorflow, progress_of, quiet_option
from cervinet.results import next_commands, quoted, show_search

if TYPE_CHECKING:
    from cervinet.tuning.tune import Trial


@click.command("tune", short_help="Search for better settings.")
@click.option("--config", type=PATH, required=True, help="YAML file whose section `tune` says where to look.")
@click.option("--trials", type=click.IntRange(min=1), required=True, help="How many, those done before included.")
@click.option("--run-dir", type=PATH, help="Where to write, or of a search to go on with. Default: under searches/.")
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@quiet_option
def tune(config: Path, trials: int, run_dir: Path | None, overrides: tuple[str, ...], quiet: bool) -> None:
    """Train with many settings, judge each on the validation split, and write the best config.

    Needs `pip install 'cervinet[hpo]'`. Interrupted or killed, the same command with the same --run-dir goes on. The
    test split is not judged.
    """
    from cervinet.tuning.trial import trial_of
    from cervinet.tuning.tune import tune

    def trials_on(*material: Any) -> "Trial":
        import_tensorflow()
        return trial_of(*material)

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a batch system's end is like Ctrl-C
    tuned = tune(config, overrides, trials, run_dir, trials_on, progress_of(quiet))
    show_search(tuned)
    if not quiet:
        next_commands(f"train --config {quoted(tuned.config)}")
