"""`cervinet export`: a run's network for other programs."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cervinet.options import PATH, import_tensorflow, open_run, progress_of, quiet_option

if TYPE_CHECKING:
    from cervinet.exporting import Exported


@click.command("export", short_help="Write a run's network for other programs.")
@click.argument("run_path", required=False, type=PATH, metavar="[RUN]")
@click.option("--format", "name", required=True, metavar="NAME", help="keras, litert, onnx or saved_model.")
@click.option("--to", type=PATH, help="Folder, absent or empty. Default: a new one in RUN/exports/.")
@click.option("--pictures", "folder", type=PATH, help="Compare on these. Default: the run's own test pictures.")
@quiet_option
def export(run_path: Path | None, name: str, to: Path | None, folder: Path | None, quiet: bool) -> None:
    """Write a run's network in another format, and prove that it is the same network.

    A fresh process loads what was written, and what it says of 32 pictures is compared with what the run says. An
    export that does not agree is not kept. card.json beside the files says how to use them.
    """
    from cervinet import export_plan, exporting

    planned = export_plan.plan(open_run(run_path), name, to, folder, progress_of(quiet))
    import_tensorflow()
    _show(exporting.export(planned, progress_of(quiet)))


def _show(exported: "Exported") -> None:
    """How each part agrees with the run, what its coarser numbers cost, what should be known, and where it is."""
    from cervinet.escape import for_terminal
    from cervinet.report.exported import agreement_table, loss_table
    from cervinet.terminal import console, table

    out = console(sys.stdout)
    click.echo(f"Compared with the run on {for_terminal(exported.words)}")
    out.print(table(*agreement_table(exported.agreements), words={"allowed"}))
    if exported.losses:
        click.echo(f"What coarser numbers cost on all {exported.losses[0].images} test pictures of the run")
        out.print(table(*loss_table(exported.losses), words={"measure", "verdict"}))
    for remark in exported.remarks:
        click.echo(f"  {for_terminal(remark)}")
    click.echo(f"Export: {for_terminal(exported.folder)}")
