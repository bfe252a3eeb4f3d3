"""`cervinet compare`: is one run better than another?"""

import json
from pathlib import Path

import click

from cervinet.options import PATH
from cervinet.results import show_comparison


@click.command(short_help="Compare runs on the same pictures.")
@click.argument("runs", nargs=-1, required=True, type=PATH, metavar="RUN RUN...")
@click.option("--out", type=PATH, help="Where to write; absent or empty. Default: a new folder under comparisons/.")
@click.option("--json", "as_json", is_flag=True, help="Print what comparison.json holds instead of tables.")
@click.option("--draws", type=click.IntRange(100), help="Bootstrap draws. Default: as of evaluation.draws.")
@click.option(
    "--confidence",
    type=click.FloatRange(0.5, 1, min_open=True, max_open=True),
    help="Of the intervals. Default: as of evaluation.confidence.",
)
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), help="Of the draws. Default: as of seed.")
def compare(
    runs: tuple[Path, ...],
    out: Path | None,
    as_json: bool,
    draws: int | None,
    confidence: float | None,
    seed: int | None,
) -> None:
    """Compare runs with the first of them, the reference: better, worse, or no difference seen.

    RUN is a run directory, a cross-validation, a folder in RUN/evaluations/ or a predictions CSV. All must be of the
    same pictures. Writes comparison.json and comparison.html.
    """
    from cervinet.comparing import compare_runs

    found = compare_runs(runs, out, draws=draws, confidence=confidence, seed=seed)
    if as_json:
        click.echo(json.dumps(found.content, ensure_ascii=False, indent=2))
    else:
        show_comparison(found)
