"""`comparison.html`: is one run better than another, as one file."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from cervinet.evaluation.comparison import Comparison
from cervinet.evaluation.contrasts import Change, Contrast
from cervinet.report.compared import contrast_rows, discordant_sentence
from cervinet.report.html import (
    Html,
    block,
    bullets,
    joined,
    name,
    paragraph,
    plot,
    section,
    table,
    text,
    write_page,
)
from cervinet.report.plots.comparison import comparison_plot


def write_comparison_page(path: Path, comparison: Comparison) -> None:
    """Write the page; it needs no network, no script and no other file."""
    write_page(path, "Comparison of runs", _body(comparison))


def _body(comparison: Comparison) -> Iterator[Html]:
    judged = f"{comparison.images:,} pictures"
    if comparison.groups != comparison.images:
        judged += f" of {comparison.groups:,} groups"
    yield block(
        "header",
        Html("<h1>Comparison of runs</h1>\n"),
        paragraph(
            text(f"Judged on the same {judged}. All are compared with"), name(comparison.reference), style="lead"
        ),
        paragraph(text(f"Made on {datetime.now():%Y-%m-%d at %H:%M}."), style="faint"),
    )
    yield section(
        "found",
        text("What was found"),
        bullets(
            joined(name(one.name), text(f"– {one.summary}; {discordant_sentence(one)}".rstrip("; ")))
            for one in comparison.contrasts
        ),
        *(paragraph(text(remark), style="note") for remark in comparison.remarks),
    )
    yield section(
        "differences",
        text("Differences"),
        paragraph(
            text(
                "Each dot is how far a run is from the reference, and its line shows which differences are plausible "
                "with this many pictures: where the line crosses 0, they do not show which of the two is better."
            )
        ),
        plot(comparison_plot(comparison), "Differences of each run to the reference, measure by measure"),
    )
    for number, one in enumerate(comparison.contrasts, start=1):
        yield _contrast_section(f"run-{number}", comparison, one)
    yield _methods(comparison)


def _contrast_section(place: str, comparison: Comparison, contrast: Contrast) -> Html:
    columns, rows, reasons = contrast_rows(contrast)
    heads = [*map(text, ("measure", "reference", "this run", "difference")), text(columns[4]), text(columns[5])]
    cells = []
    for change, row in zip(contrast.changes, rows, strict=True):
        label = change.measure.label
        title = text(change.measure.title) if label is None else joined(text(change.measure.title), name(label))
        interval = text(row[4].replace("…", " to "))
        cells.append([title, *map(text, row[1:4]), interval, text(row[5]), text(_verdict(change))])
    return section(
        place,
        joined(name(contrast.name), text("against"), name(comparison.reference)),
        paragraph(
            text(
                "The verdict goes by the interval of the difference: better or worse where it leaves out 0. "
                "“No difference seen” does not mean that the two are equal."
            )
        ),
        table(text("Every measure of the two"), [*heads, text("verdict")], cells, style="numbers marked"),
        bullets(map(text, reasons)) if reasons else Html(""),
    )


def _verdict(change: Change) -> str:
    word = {"none seen": "no difference seen", "unknown": "not known"}.get(change.verdict, change.verdict)
    if change.difference.lower is None:
        return word
    return f"{word}: the interval {'includes' if change.verdict == 'none seen' else 'leaves out'} 0"


def _methods(comparison: Comparison) -> Html:
    tests = {change.test.method for one in comparison.contrasts for change in one.changes if change.test}
    chance = 100 * (1 - comparison.confidence)
    said = [
        f"Intervals: {next(_methods_of(comparison), 'none')}; each draw takes the same groups for all runs.",
        f"Tests of accuracy and of the areas of classes: {', '.join(sorted(tests))}.",
        "Brier score: squared distance between the probabilities and the truth, summed over the classes, 0 to 2.",
        f"Where there is no difference, each measure still has a chance of about {chance:.2g} % to seem better or "
        "worse; many are compared here.",
    ]
    return section("methods", text("How it was compared"), bullets(map(text, said)))


def _methods_of(comparison: Comparison) -> Iterator[str]:
    for contrast in comparison.contrasts:
        for change in contrast.changes:
            if change.difference.method != "none":
                yield change.difference.method
