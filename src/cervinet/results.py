"""What a command found, on stdout, and what to do next, on stderr."""

import os
import shlex
import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from cervinet.assessing import Judged
    from cervinet.comparing import Compared
    from cervinet.crossval import CrossValidated
    from cervinet.data.picture import Picture
    from cervinet.inference.predicting import Prediction
    from cervinet.model_card import ModelCard
    from cervinet.overlays import Shown
    from cervinet.tuning.tune import Tuned
    from cervinet.workflow import Checked

_MOST_ERRORS = 20


def show_results(judged: "Judged") -> None:
    """The metrics, overall and by class, and where the plots are."""
    from cervinet.escape import for_terminal
    from cervinet.report.tables import overall_rows, per_class_table
    from cervinet.terminal import console, table

    found = judged.evaluation
    out = console(sys.stdout)
    note = f", {judged.note}" if judged.note else ""
    which = "all" if found.split == "all" else f"the {found.split}"
    by_group = judged.assessment.unit == "group"
    of = f"{found.groups} groups" if by_group else f"{found.images} images of {found.groups} groups"
    what = f"Results on {which} pictures: {of}{note}"
    rows, reasons = overall_rows(found)
    click.echo(for_terminal(what))
    out.print(table(["metric", "value", f"{found.confidence:.0%} interval", "n"], rows))
    for reason in filter(None, (*reasons, judged.assessment.left_out)):
        click.echo(f"  {for_terminal(reason)}")
    out.print(table(*per_class_table(found, judged.assessment.unit)))
    _show_points(judged)
    click.echo(f"Plots: {for_terminal(judged.folder / 'plots')}")
    if (report := judged.folder / "report.html").is_file():
        click.echo(f"Report: {for_terminal(report)}")


def _show_points(judged: "Judged") -> None:
    """What each threshold gives, or why there is none."""
    from cervinet.escape import for_terminal
    from cervinet.report.tables import point_rows
    from cervinet.terminal import console, table

    found = judged.assessment
    if found.no_choices:
        click.echo(f"No thresholds: {for_terminal(found.no_choices)}.")
        return
    for remark in found.choices.remarks if found.choices else ():
        click.echo(f"  {for_terminal(remark)}")
    if found.points:
        unit = "groups" if found.unit == "group" else "pictures"
        click.echo(f"Thresholds chosen on the validation {unit}, and what they give here")
        columns, rows = point_rows(found.points)
        console(sys.stdout).print(table(columns, rows, words={"positive", "chosen for"}))


def show_trained(judged: "Judged | None", quiet: bool) -> None:
    """The results of a run, where it lies, and what can be done with it; nothing in a process that did not judge."""
    if judged is None:
        return
    show_results(judged)
    if not quiet and judged.run:
        run = quoted(judged.run)
        click.echo(f"Run: {judged.run}", err=True)
        next_commands(f"evaluate {run}", f"predict IMAGE --run {run}")


def show_folds(found: "CrossValidated") -> None:
    """A row a fold, and what the same prediction for every picture would give."""
    from cervinet.terminal import console, table

    rows = [
        ["–" if value != value else f"{value:.3f}" if isinstance(value, float) else str(value) for value in row]
        for row in found.folds.itertuples(index=False, name=None)
    ]
    console(sys.stdout).print(table([str(name).replace("_", " ") for name in found.folds], rows))
    uniform, prior = found.constants["uniform_log_loss"], found.constants["prior_log_loss"]
    click.echo(f"Log loss of constants: {uniform:.3f} uniform, {prior:.3f} the shares of the classes in training")


def show_comparison(compared: "Compared") -> None:
    """Each run against the first, what must be said with it, and where the page is."""
    from cervinet.escape import for_terminal
    from cervinet.report.compared import contrast_rows, discordant_sentence
    from cervinet.terminal import console, table

    found = compared.comparison
    click.echo(f"{found.images} images of {found.groups} groups; the first: {for_terminal(found.reference)}")
    for contrast in found.contrasts:
        columns, rows, reasons = contrast_rows(contrast)
        click.echo(for_terminal(f"{contrast.name}: {contrast.summary}"))
        console(sys.stdout).print(table(columns, rows, words={"verdict"}))
        for sentence in filter(None, (discordant_sentence(contrast), *reasons)):
            click.echo(f"  {for_terminal(sentence)}")
    for remark in found.remarks:
        click.echo(f"  {for_terminal(remark)}")
    click.echo(f"Page: {for_terminal(compared.page)}")


def show_members(card: "ModelCard") -> None:
    """The networks of an ensemble, with their weights."""
    from cervinet.terminal import console, table

    rows = [[member.source, f"{member.weight:.3f}"] for member in card.members]
    console(sys.stdout).print(table(["network", "weight"], rows))


def show_predictions(predictions: Iterable["Prediction"], card: "ModelCard", pictures: "Sequence[Picture]") -> None:
    """A row a picture as it comes: its class, probabilities, and what the run says by its thresholds and its gate.

    Plain text, for importing what draws tables would take longer than predicting a picture.
    """
    from cervinet.report.predicted_text import head, layout_of, lines

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    layout = layout_of(card, pictures, width)
    for line in head(layout, card):
        click.echo(line)
    for prediction in predictions:
        for line in lines(layout, card, prediction):
            click.echo(line)


def show_explained(shown: "Sequence[Shown]", card: "ModelCard") -> None:
    """A row a picture: predicted class and probability, the class that was asked about, and the file of its overlay."""
    from cervinet.terminal import console, table

    if card.note:
        click.echo(f"The network was trained on {card.note}.")
    rows = []
    for one in shown:
        probabilities = one.prediction.probabilities
        if one.file is None or probabilities is None:
            rows.append([str(one.prediction.image), "not read", "–", "–", "–", "–"])
            continue
        best, asked = int(probabilities.argmax()), card.classes.index(one.asked)
        predicted = [card.classes[best], f"{probabilities[best]:.3f}"]
        rows.append([str(one.prediction.image), *predicted, one.asked, f"{probabilities[asked]:.3f}", str(one.file)])
    columns = ["image", "predicted", "probability", "heat for", "its probability", "written"]
    console(sys.stdout).print(table(columns, rows, words={"predicted", "heat for", "written"}))


def show_findings(checked: "Checked") -> None:
    """What a check of the data found, kind by kind, and where the pictures are shown."""
    from cervinet.escape import for_terminal
    from cervinet.report.findings import WORDS, finding_rows, finding_sentences
    from cervinet.terminal import console, table

    found = checked.audited
    click.echo(for_terminal(f"{len(found.whole)} pictures under {found.whole.root}; {len(found.manifest)} are used"))
    if found.findings:
        console(sys.stdout).print(table(*finding_rows(found.whole, found.findings), words=WORDS))
    for sentence in filter(None, (*found.whole.remarks, found.whole.ignored_line())):
        click.echo(for_terminal(sentence))
    for sentence in finding_sentences(found.findings):
        click.echo(sentence)
    click.echo(f"Pages: {for_terminal(checked.page)} (pictures), {for_terminal(checked.issues)} (all of it)")


def show_search(tuned: "Tuned") -> None:
    """The best trial, what mattered, and where it all is."""
    from cervinet.escape import for_terminal
    from cervinet.terminal import console, table
    from cervinet.tuning.tune import importance_rows

    best = tuned.best
    of = f"{len(tuned.tried)} trials" if len(tuned.tried) > 1 else "1 trial"
    click.echo(f"Best of {of}: number {best.number}, {tuned.monitor} {best.value:.4f}")
    columns, rows, why = importance_rows(tuned)
    console(sys.stdout).print(table(columns, rows, words={"best"}))
    if why:
        click.echo(f"  {why}")
    click.echo("  The best of many trials on the same validation pictures flatters; the test split was not judged.")
    click.echo(f"Search: {for_terminal(tuned.folder)} (trials.csv, importance.png, best.yaml)")


def unreadable_text(errors: Sequence[str], read: int, done: str = "predicted") -> str:
    """How many pictures could not be read, and what was wrong with each of the first of them."""
    shown = "\n".join(f"  {error}" for error in errors[:_MOST_ERRORS])
    if len(errors) > _MOST_ERRORS:
        shown += f"\n  and {len(errors) - _MOST_ERRORS} more; --json and --csv say what is wrong with each"
    others = f"; the others were {done}" if read else ""
    return f"{len(errors)} of {len(errors) + read} pictures could not be read{others}:\n{shown}"


def next_commands(*commands: str) -> None:
    """Useful commands, ready to paste: with the path of this program where it is not on the PATH."""
    own = Path(sys.argv[0])
    off_path = own.name == "cervinet" and not shutil.which("cervinet")
    program = quoted(Path(os.path.relpath(own))) if off_path else "cervinet"
    click.echo("Next:", err=True)
    for command in commands:
        click.echo(f"  {program} {command}", err=True)


def quoted(word: str | Path) -> str:
    """A path or another word as a shell takes it."""
    return shlex.quote(os.fspath(word))
