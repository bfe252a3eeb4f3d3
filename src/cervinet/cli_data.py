"""`cervinet data …`: look at pictures, bring them, prepare them."""

from pathlib import Path

import click

from cervinet.options import PATH, config_argument, progress_of, quiet_option
from cervinet.results import next_commands, quoted, show_findings


@click.group()
def data() -> None:
    """Look at pictures, bring them, prepare them."""


@data.command("check", short_help="Look for leaks, copies, wrong labels and bad pictures.")
@config_argument
@click.option("--out", type=PATH, help="Where to write; absent or empty. Default: a new folder under checks/.")
@quiet_option
def check(path: Path, overrides: tuple[str, ...], out: Path | None, quiet: bool) -> None:
    """Look for what would make results wrong: unreadable pictures, copies, one picture under two labels, groups and
    copies in two splits, bad exposures, shortcuts.

    Writes data_issues.csv and data_report.html, which shows the pictures. `data.check` in the config says what is done
    about each finding; `train` does it too. The exit code is 3 for an error in the data, 4 for a leak between splits.
    """
    from cervinet import workflow
    from cervinet.config import load_config

    checked = workflow.check_data(load_config(path, overrides), out, progress_of(quiet))
    show_findings(checked)
    if checked.audited.problem:
        raise checked.audited.problem
    if not quiet:
        next_commands(" ".join(["train --config", quoted(path), *map(quoted, overrides)]))


@data.command("prepare")
@config_argument
@quiet_option
def prepare(path: Path, overrides: tuple[str, ...], quiet: bool) -> None:
    """Decode and prepare every picture ahead of training."""
    from cervinet import workflow
    from cervinet.config import load_config

    store = workflow.prepare(load_config(path, overrides), progress_of(quiet))
    click.echo(store.path)


@data.command("preview", short_help="Draw pictures as the network gets them.")
@config_argument
@click.option("--to", type=PATH, default=Path("preview.png"), show_default=True, help="The PNG file to write.")
@click.option("--views", type=click.IntRange(1, 8), default=5, show_default=True, help="Augmented views of each.")
@quiet_option
def preview(path: Path, overrides: tuple[str, ...], to: Path, views: int, quiet: bool) -> None:
    """Draw prepared pictures of each class, and what augmentation makes of them."""
    from cervinet import workflow
    from cervinet.config import load_config
    from cervinet.errors import UsageError
    from cervinet.files import check_writable

    if to.suffix.lower() != ".png":
        raise UsageError(f"--to must name a PNG file, which ends in .png; got {to}")
    check_writable(to)
    workflow.preview(load_config(path, overrides), to, views, progress_of(quiet))
    click.echo(to)


@data.command("download", short_help="Bring a public data set.")
@click.argument("name")
@click.option("--to", type=PATH, required=True, help="Folder to put it in.")
@click.option("--keep-archive", is_flag=True, help="Keep the archive; else it is deleted once all of it was checked.")
@quiet_option
def download(name: str, to: Path, keep_archive: bool, quiet: bool) -> None:
    """Bring a public data set: kaggle-cervix, the pictures of the Intel & MobileODT competition.

    Needs `pip install 'cervinet[kaggle]'` and a Kaggle account whose owner accepted the competition's rules.
    Interrupted, the same command goes on where it stopped. A competition zip that lies in the folder already is used
    instead of a download.
    """
    from cervinet.data.fetch.download import download

    click.echo(download(name, to, progress_of(quiet), keep_archive=keep_archive))
