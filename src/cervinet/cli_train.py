"""The command that trains."""

import os
import signal
from pathlib import Path

import click

from cervinet.errors import UsageError
from cervinet.options import PATH, import_tensorflow, progress_of, quiet_option
from cervinet.results import show_trained


@click.command()
@click.option("--config", type=PATH, help="YAML file; `cervinet init` writes one.")
@click.option("--run-dir", type=PATH, help="Where to write; absent or empty. Default: a new one under runs/.")
@click.option("--dry-run", is_flag=True, help="Check everything with one batch of each split; keep nothing.")
@click.option(
    "--resume",
    metavar="[RUN]",
    is_flag=False,
    flag_value="",
    help="Go on with a run, by default the newest unfinished one under runs/; needs no --config.",
)
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@quiet_option
def train(
    config: Path | None,
    run_dir: Path | None,
    dry_run: bool,
    resume: str | None,
    overrides: tuple[str, ...],
    quiet: bool,
) -> None:
    """Train a network and judge it on its test split, or go on with a run that ended early.

    Settings of the config can be changed by KEY=VALUE, as in training.epochs=5; with --resume training.epochs alone.
    """
    from cervinet import workflow
    from cervinet.config import load_config
    from cervinet.training.cluster import find_cluster

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a batch system's end is like Ctrl-C
    if resume is not None:
        if run_dir or dry_run:
            raise UsageError("--resume goes on in the directory of its run; leave --run-dir and --dry-run out")
        _go_on(resume, config, overrides, quiet)
        return
    if config is None:
        raise UsageError("name a config by --config, or go on with a run by --resume")
    settings = load_config(config, overrides)
    chief = find_cluster(os.environ).chief
    import_tensorflow()
    if dry_run:
        workflow.dry_run(settings, progress_of(quiet or not chief))
        if chief:
            click.echo("Dry run passed: the data, the network and one step of everything work. No run was kept.")
        return
    show_trained(workflow.train(settings, run_dir, progress_of(quiet or not chief)), quiet)


def _go_on(resume: str, config: Path | None, overrides: tuple[str, ...], quiet: bool) -> None:
    """`train --resume`: the word behind it may be a setting, and then no run is named."""
    from cervinet import resuming, workflow
    from cervinet.run import Run
    from cervinet.training.cluster import find_cluster

    named = "" if "=" in resume and not Path(resume).is_dir() else resume
    run = Run.unfinished(Path(named) if named else None)
    settings = resuming.settings(run, config, [*([resume] if resume != named else []), *overrides])
    import_tensorflow()
    chief = find_cluster(os.environ).chief
    if chief:
        click.echo(f"Run: {run.path}", err=True)
    show_trained(workflow.resume(run, settings, progress_of(quiet or not chief)), quiet)
