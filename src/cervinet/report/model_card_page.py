"""`model_card.md`: what a network is, for whom, and how good, in the layout of Hugging Face's model cards.

Reference: Mitchell et al., Model Cards for Model Reporting, FAT* 2019; metadata: huggingface.co/docs/hub/model-cards.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from cervinet.escape import for_terminal
from cervinet.evaluation.metric_names import metric_name
from cervinet.files import write_atomically
from cervinet.report.estimates import interval_text, percent, value_text
from cervinet.report.material import Material
from cervinet.report.plots.progress import duration
from cervinet.report.sections.headline import cautions, pictures_in
from cervinet.report.sections.reproducibility import facts_of
from cervinet.report.sections.training import verdict

# Inline marks anywhere, links that GitHub makes of bare addresses, and what at the beginning of a line makes a block.
_SPECIAL = re.compile(r"[\\`*_{}\[\]|~$@]|:(?=//)|(?<=www)\.|^[#+=-]")
_NUMBERED = re.compile(r"^(\d{1,9})([.)])(?=\s|$)")


def write_model_card(path: Path, material: Material) -> None:
    """Write the card in one step. The same material gives the same bytes."""
    write_atomically(path, model_card(material).encode("utf-8", "backslashreplace"))


def model_card(material: Material) -> str:
    """The card as Markdown, after a block of YAML that programs read."""
    metadata = yaml.safe_dump(_metadata(material), sort_keys=False, allow_unicode=True, width=120)
    return f"---\n{metadata}---\n\n" + "\n".join(_body(material)).rstrip() + "\n"


def escaped(value: object) -> str:
    """Any text as what it says, on one line: nothing in it is Markdown or HTML."""
    visible = for_terminal(str(value)).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _NUMBERED.sub(r"\1\\\2", _SPECIAL.sub(lambda found: f"\\{found[0]}", visible))


def _metadata(material: Material) -> dict[str, Any]:
    found = material.assessment.evaluation
    metrics = [
        {"type": name, "name": metric_name(name).title, "value": round(one.value, 6)}
        for name, one in found.metrics.items()
        if one.value is not None
    ]
    dataset = {"type": "image-folder", "name": _shown(material.title), "split": _shown(found.split)}
    return {
        "license": "other",
        "license_name": "to-be-chosen",
        "library_name": "keras",
        "pipeline_tag": "image-classification",
        "tags": [
            "image-classification",
            "medical",
            "cervinet",
            *([_shown(_architecture(material))] * bool(material.card)),
        ],
        "metrics": [one["type"] for one in metrics],
        "model-index": [
            {
                "name": _shown(material.title),
                "results": [
                    {
                        "task": {"type": "image-classification", "name": "Image classification"},
                        "dataset": dataset,
                        "metrics": metrics,
                    }
                ],
            }
        ],
    }


def _body(material: Material) -> Iterator[str]:
    yield f"# {escaped(material.title)}\n"
    if material.note:
        yield f"> **These are {escaped(material.note)}.**\n"
    if material.redacted:
        yield "> A copy to hand on: codes stand for names of files and groups, and paths are removed.\n"
    for title, lines in (
        ("Model details", _details(material)),
        ("Uses", _uses()),
        ("Bias, risks and limitations", _limits(material)),
        ("How to get started", _start(material)),
        ("Training details", _training(material)),
        ("Evaluation", _evaluation(material)),
        ("Hardware, time and environment", _hardware(material)),
        ("Citation", [_to_do("how to cite the model, and whom to ask about it")]),
    ):
        yield f"## {title}\n"
        yield from lines
        yield ""


def _details(material: Material) -> Iterator[str]:
    card = material.card
    yield f"- **Classes:** {', '.join(map(escaped, material.assessment.evaluation.classes))}"
    if card is not None:
        height, width = card.image_size
        yield f"- **Architecture:** {escaped(_architecture(material))}"
        yield f"- **Input:** RGB picture, {height} × {width} pixels (height × width)"
        yield f"- **Fixed steps:** {', '.join(escaped(step) for step, _ in card.preprocess) or 'none'}"
        if card.calibration:
            yield f"- **Calibration:** {escaped(card.calibration.get('method', 'none'))}, fitted on validation pictures"
    yield _to_do("who made the model, and who keeps it up")
    yield _to_do("the license; the metadata above say `other` until you choose one")


def _uses() -> Iterator[str]:
    yield "### Direct use\n"
    yield "To study how well pictures like those of its training can be classified.\n"
    yield _to_do("the intended users, patients and place in care")
    yield "\n### Out of scope\n"
    yield "- It is no medical device: nobody is to be diagnosed, treated or sent home by its answer."
    yield "- Other devices, stains or populations than those of its training, until it was judged on them."
    yield "- Pictures of anything else: it gives one of its classes to every picture."
    yield _to_do("further uses that must be excluded")


def _limits(material: Material) -> Iterator[str]:
    for said in cautions(material):
        yield f"- {escaped(said)}"
    yield _to_do("how the patients of the training pictures differ from those it is meant for")


def _start(material: Material) -> Iterator[str]:
    if material.card is not None and material.card.not_deployable:
        yield f"New pictures cannot be given to it as they are: {escaped(material.card.not_deployable)}.\n"
    yield "```bash\ncervinet predict PICTURE --run RUN\n```\n"
    yield "`RUN` is the directory that holds `model.keras` and `model.json`."


def _training(material: Material) -> Iterator[str]:
    trained, judged = (pictures_in(material, split) for split in ("train", "val"))
    if trained is not None:
        yield f"- **Training pictures:** {trained:,}"
    if judged is not None:
        yield f"- **Validation pictures:** {judged:,}"
    if material.flow is not None:
        where = f"come from {material.flow.groups_from}" if material.flow.groups_from else "are not known"
        yield f"- **Groups of pictures, such as patients,** {escaped(where)}"
        for reason, number in material.flow.excluded:
            yield f"- **Left out, {escaped(reason)}:** {number:,}"
    if material.history:
        yield f"- **Epochs:** {len(material.history)}, the best chosen by {escaped(material.monitor)}"
        if said := verdict(material.history, material.monitor, judged):
            yield f"- {escaped(said)}"
    yield _to_do("where, when and of whom the pictures were taken, and who gave the labels")


def _evaluation(material: Material) -> Iterator[str]:
    one = material.assessment
    found = one.evaluation
    unit = "groups" if one.unit == "group" else "pictures"
    yield f"On {found.images:,} {unit} ({found.groups:,} groups) of the {escaped(found.split)} split.\n"
    heads = ["Metric", "Value", f"{percent(found.confidence)} interval", "n"]
    rows = [[metric_name(name).title, value_text(e), interval_text(e), f"{e.n:,}"] for name, e in found.metrics.items()]
    yield from _table(heads, rows)
    keys = list(next(iter(found.per_class.values())))
    yield from _table(
        ["Class", unit, *(metric_name(key).title for key in keys)],
        (
            [label, f"{count:,}", *(f"{value_text(e)} ({interval_text(e)})" for e in found.per_class[label].values())]
            for label, count in zip(found.classes, found.support.tolist(), strict=True)
        ),
    )
    for at in one.points:
        sensitivity, specificity = (f"{value_text(e)} ({interval_text(e)})" for e in (at.sensitivity, at.specificity))
        yield (
            f"- **{escaped(' or '.join(at.point.positive))}, {escaped(at.point.rule)}:** threshold "
            f"{at.point.threshold:.3f}, sensitivity {sensitivity}, specificity {specificity}"
        )
    if one.localisation is not None:
        yield f"- **Looks at the lesion?** {escaped(one.localisation.sentence)}"
    yield "\n`report.html` shows all of it with figures."


def _hardware(material: Material) -> Iterator[str]:
    environment = {key: value for key, value in material.environment.items() if key not in ("versions", "resumed")}
    for key, value in facts_of(environment):
        yield f"- **{escaped(key)}:** {escaped(value)}"
    seconds = [row["seconds"] for row in material.history if "seconds" in row]
    if seconds:
        yield f"- **training time:** {duration(sum(seconds))}"
    versions = material.environment.get("versions", {})
    if versions:
        yield f"- **versions:** {', '.join(f'{escaped(key)} {escaped(value)}' for key, value in versions.items())}"
    yield "- Energy was not measured."


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(map(escaped, heads))} |"
    yield f"| --- {'| ---: ' * (len(heads) - 1)}|"
    for row in rows:
        yield f"| {' | '.join(map(escaped, row))} |"
    yield ""


def _architecture(material: Material) -> str:
    return material.card.architecture if material.card else ""


def _shown(value: str) -> str:
    """For YAML: one visible line; the writer quotes what YAML would misread."""
    return for_terminal(value)


def _to_do(what: str) -> str:
    return f"- [ ] **To write:** {what}"
