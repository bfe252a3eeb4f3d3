"""`cervinet predict`: what a run says of pictures."""

import json
from pathlib import Path

import click

from cervinet.errors import PredictionError
from cervinet.options import PATH, import_tensorflow, open_run, progress_of, views_option
from cervinet.results import show_predictions, unreadable_text


@click.command(short_help="Class and probabilities of pictures.")
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...")
@click.option("--run", "run_path", type=PATH, help="Run directory. Default: the newest finished one under runs/.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line on stdout.")
@click.option("--csv", "csv_file", type=PATH, help="Write a CSV table to this file.")
@click.option("--boxes", type=PATH, help="CSV with image, x, y, w, h in pixels, for a run that crops to boxes.")
@views_option
def predict(
    images: tuple[str, ...],
    run_path: Path | None,
    as_json: bool,
    csv_file: Path | None,
    boxes: Path | None,
    views: int | None,
) -> None:
    """Class and probabilities of pictures: files, folders, patterns such as 'scans/*.jpg'.

    A picture that cannot be read is reported, the others are predicted, and the exit code is 5.
    """
    from cervinet import workflow
    from cervinet.files import check_writable
    from cervinet.inference.inputs import pictures_named, region_remarks, with_boxes
    from cervinet.pictures import mask_suffix
    from cervinet.report.predicted import as_object, write_csv

    run = open_run(run_path)
    named = pictures_named(images, mask_suffix=mask_suffix(run))
    pictures = with_boxes(named.pictures, boxes) if boxes else named.pictures
    if csv_file:
        check_writable(csv_file)
    import_tensorflow()
    card, predictions = workflow.predict(run, pictures, progress_of(as_json), views)
    for remark in [*named.remarks, *region_remarks(card, pictures)]:
        click.echo(remark, err=True)
    seen = []
    for prediction in predictions:
        seen.append(prediction)
        if as_json:
            click.echo(json.dumps(as_object(prediction, card)))
    if csv_file:
        write_csv(seen, card.classes, csv_file, card.subclasses)
        click.echo(f"Wrote {len(seen)} rows to {csv_file}", err=True)
    elif not as_json:
        show_predictions(seen, card.classes, card.note)
    errors = [p.error for p in seen if p.error]
    if errors:
        raise PredictionError(unreadable_text(errors, len(seen) - len(errors)))
