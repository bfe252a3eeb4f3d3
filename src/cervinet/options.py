"""What the commands of several modules share: kinds of arguments, the run, progress, the import that takes seconds."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from cervinet.progress import Progress
    from cervinet.run import Run

PATH = click.Path(path_type=Path)


def quiet_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--quiet", is_flag=True, help="Print results and errors only.")(command)


def views_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--views",
        "--tta",
        type=click.Choice(["1", "2", "4", "8"]),
        callback=lambda context, option, value: value and int(value),
        help="Test-time augmentation: average over mirror images, and for 8 also quarter turns. "
        "Default: as the run was trained to be judged.",
    )(command)


def config_argument(command: Callable[..., Any]) -> Callable[..., Any]:
    """CONFIG and the settings that are to differ from it."""
    command = click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")(command)
    return click.argument("path", type=PATH, metavar="CONFIG")(command)


def open_run(path: Path | None) -> "Run":
    """The run named, or the newest finished one, which is then said."""
    from cervinet.run import Run

    run = Run.open(path)
    if path is None:
        click.echo(f"Run: {run.path} (the newest finished one)", err=True)
    return run


def import_tensorflow() -> None:
    """Once a command's own input is known to be good: the import takes seconds."""
    from cervinet import native_log

    native_log.import_tensorflow()


def progress_of(quiet: bool) -> "Progress":
    if quiet:
        from cervinet.progress import Silent

        return Silent()
    from cervinet.terminal import Terminal

    return Terminal()
