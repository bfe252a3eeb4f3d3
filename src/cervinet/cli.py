"""The command line. Each command imports what it needs inside its body, so that `--help` is instant."""

import json
import platform
import sys
from contextlib import redirect_stdout
from pathlib import Path

import click

from cervinet import __version__
from cervinet.cli_compare import compare
from cervinet.cli_data import data
from cervinet.cli_evaluate import evaluate
from cervinet.cli_explain import explain
from cervinet.cli_export import export
from cervinet.cli_predict import predict
from cervinet.cli_runs import crossval, ensemble
from cervinet.cli_serve import serve
from cervinet.cli_train import train
from cervinet.cli_tune import tune
from cervinet.exits import Sentences
from cervinet.options import PATH, config_argument, import_tensorflow, open_run, progress_of
from cervinet.results import next_commands, quoted, show_predictions, show_results


@click.group(cls=Sentences, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Train, evaluate and use image classifiers on medical pictures.

    Start with `cervinet demo`, or with `cervinet init FOLDER` on a folder of your own. Research software: not a
    medical device.
    """


@main.command(short_help="Write a config for a folder of pictures.")
@click.argument("folder", type=PATH)
@click.option("--to", type=PATH, help="The YAML file to write. Default: FOLDER's name in this directory.")
def init(folder: Path, to: Path | None) -> None:
    """Look at a folder or a table of pictures and write a config for it."""
    from cervinet.scaffold import write_config

    path, found = write_config(folder, to)
    click.echo(found)
    click.echo(f"Wrote {path}. Look through it.", err=True)
    next_commands(f"train --config {quoted(path)} --dry-run", f"train --config {quoted(path)}")


@main.command(short_help="Try it all on synthetic phantoms.")
@click.option("--run-dir", type=PATH, help="Where to write; absent or empty. Default: a new one under runs/.")
def demo(run_dir: Path | None) -> None:
    """Train, evaluate and predict on synthetic phantoms: no data, no download, about two minutes."""
    from cervinet import answering, workflow
    from cervinet.config import load_config
    from cervinet.data.picture import Picture
    from cervinet.shipped import shipped_config

    config = load_config(shipped_config("demo.yaml"))
    import_tensorflow()
    judged = workflow.train(config, run_dir, progress_of(quiet=False))
    if judged is None or judged.run is None:
        return
    show_results(judged)
    pictures = workflow.example_pictures(open_run(judged.run), count=3)
    run = open_run(judged.run)
    asked = answering.Asked(run, run.read_card(), [Picture(path) for path in pictures], [])
    show_predictions(answering.answers(asked, progress_of(quiet=True)), asked.card, asked.pictures)
    named = quoted(judged.run)
    click.echo(f"Run: {judged.run}", err=True)
    next_commands(f"predict {quoted(pictures[0])} --run {named}", f"evaluate {named}", "init YOUR_FOLDER")


@main.command(short_help="Look at this installation and this machine.")
def doctor() -> None:
    """Say what is installed, what this machine has, and what would keep cervinet from working here.

    Nothing is changed and nothing is sent. The exit code is 1 where something does not work.
    """
    from cervinet.doctor import examined

    click.echo(f"cervinet {__version__}, Python {platform.python_version()}, {platform.platform()}")
    faults = []
    for one in examined():
        click.echo(f"  {one.state:<6}{one.what:<15}{one.found}")
        if one.advice:
            click.echo(f"        {one.advice}")
        faults += [one.what] if one.state == "fault" else []
    if faults:
        click.echo(f"Not working: {', '.join(faults)}.", err=True)
        sys.exit(1)


@main.group()
def config() -> None:
    """Look at configs."""


@config.command("show")
@config_argument
def config_show(path: Path, overrides: tuple[str, ...]) -> None:
    """Print a config with every default, after checking it."""
    from cervinet.config import load_config

    click.echo(load_config(path, overrides).to_yaml(), nl=False)


@config.command("schema")
def config_schema() -> None:
    """Print the JSON Schema of a config, from which editors complete."""
    from cervinet.config import config_schema

    click.echo(json.dumps(config_schema(), indent=2))


for command in (train, predict, evaluate, compare, explain, export, serve, crossval, ensemble, tune, data):
    main.add_command(command)


@main.group()
def weights() -> None:
    """Bring pretrained weights."""


@weights.command("fetch")
@click.argument("name")
@click.option("--to", type=PATH, required=True, help="Folder for NAME.weights.h5.")
def weights_fetch(name: str, to: Path) -> None:
    """Download the ImageNet weights of a backbone, for a machine without a connection."""
    from cervinet import workflow

    import_tensorflow()
    with redirect_stdout(sys.stderr):  # Keras draws its download bar on stdout
        path = workflow.fetch_weights(name, to)
    click.echo(path)
    click.echo(f"On the other machine: cervinet train --config CONFIG model.weights={quoted(path)}", err=True)
