"""`cervinet explain`: what in a picture speaks for a class."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cervinet.errors import PredictionError
from cervinet.options import PATH, import_tensorflow, progress_of, quiet_option
from cervinet.results import unreadable_text

if TYPE_CHECKING:
    from cervinet.inference.heat import Method


@click.command("explain", short_help="Show what in a picture speaks for its class.")
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...")
@click.option("--run", "run_path", type=PATH, help="Run directory. Default: the newest finished one under runs/.")
@click.option("--class", "asked", metavar="NAME", help="The class to explain. Default: the predicted one.")
@click.option(
    "--method",
    type=click.Choice(["grad_cam", "grad_cam_plus_plus"]),
    default="grad_cam",
    show_default=True,
    help="How heat is made.",
)
@click.option("--boxes", type=PATH, help="CSV with image, x, y, w, h in pixels: outlined, and cropped to if need be.")
@click.option("--to", type=PATH, help="Folder for the pictures. Default: a new one in RUN/cam/.")
@quiet_option
def explain(
    images: tuple[str, ...],
    run_path: Path | None,
    asked: str | None,
    method: "Method",
    boxes: Path | None,
    to: Path | None,
    quiet: bool,
) -> None:
    """Draw a heat map over each picture: files, folders, patterns such as 'scans/*.jpg'.

    Yellow parts speak most for the class. The heat shows where the network looked, not why, and not whether it is
    right. A picture that cannot be read is reported, the others are explained, and the exit code is 5.
    """
    from cervinet.escape import for_terminal
    from cervinet.inference.explainer import explains_without_tensorflow
    from cervinet.inference.inputs import pictures_named, region_remarks, with_boxes
    from cervinet.overlays import check_class, show_heat
    from cervinet.pictures import mask_suffix
    from cervinet.results import show_explained
    from cervinet.run import Run

    run = Run.open(run_path)
    if run_path is None:
        click.echo(f"Run: {run.path} (the newest finished one)", err=True)
    card = run.read_card()
    check_class(card, asked)
    named = pictures_named(images, mask_suffix=mask_suffix(run))
    pictures = with_boxes(named.pictures, boxes) if boxes else named.pictures
    crops = any(name == "crop_to_box" for name, _ in card.preprocess)
    remarks = region_remarks(card, pictures if crops else [replace(one, box=None) for one in pictures])
    if not explains_without_tensorflow(run):
        import_tensorflow()
    for remark in [*named.remarks, *remarks]:
        click.echo(remark, err=True)
    if card.views > 1:
        click.echo(f"Probabilities are means of {card.views} views; heat is that of the upright picture.", err=True)
    seen = list(show_heat(run, pictures, method=method, asked=asked, to=to, progress=progress_of(quiet)))
    show_explained(seen, card)
    for remark in (remark for one in seen for remark in one.remarks):
        click.echo(for_terminal(remark), err=True)
    errors = [one.prediction.error for one in seen if one.file is None]
    if errors:
        raise PredictionError(unreadable_text(errors, len(seen) - len(errors), "explained"))
