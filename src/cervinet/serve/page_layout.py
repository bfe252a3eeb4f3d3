"""What stands on the page before any picture is given."""

import base64
from collections.abc import Sequence

from cervinet.escape import for_terminal
from cervinet.evaluation.choices import Choices
from cervinet.model_card import ModelCard
from cervinet.report.html import Html, block, bullets, element, joined, name, table, text
from cervinet.serve.page_examples import Example
from cervinet.serve.page_rows import csv_head, empty_table
from cervinet.serve.page_words import FLAGS, NOTICE, percent

ACCEPTED = "image/*,.dcm,.dicom,.tif,.tiff,.jp2"
_MANY = 6


def heading(title: str, card: ModelCard) -> Html:
    """The notice that stays in sight, the run's name and its question."""
    notice = element("p", block("strong", text(NOTICE)), class_="notice", role="note")
    if len(card.classes) > _MANY:
        question = text(f"Which of {len(card.classes)} classes does a picture show?")
    else:
        *others, last = (name(label) for label in card.classes)
        listed = joined(joined(*others, between=", "), last, between=" or ")
        question = joined(text("Does a picture show "), listed, text("?"), between="")
    return element(
        "header", notice, element("h1", name(title)), element("p", question, class_="lead"), class_="cervinet"
    )


def workspace(card: ModelCard, examples: Sequence[Example], *, largest: int, most: int) -> Html:
    """Where pictures are given, and where answers will stand."""
    return element(
        "main",
        element("div", _ask(largest, most), _examples(examples), class_="ask"),
        _answers(csv_head(card)),
        class_="cervinet desk",
        data_largest=str(largest),
        data_most=str(most),
    )


def _ask(largest: int, most: int) -> Html:
    choose = element("input", type="file", multiple=True, accept=ACCEPTED, class_="unseen files")
    camera = element("input", type="file", accept="image/*", capture="environment", class_="unseen files")
    limits = f"Up to {most} pictures of {largest / 2**20:.0f} MiB each: JPEG, PNG, TIFF, WebP, DICOM and others."
    kept = "They are judged in memory and not kept: neither the picture nor its name is written to a file."
    return element(
        "section",
        element("h2", text("Pictures")),
        element(
            "div",
            element("p", text("Drop pictures here"), class_="hint"),
            element("label", choose, text("Choose pictures"), class_="button first"),
            element("label", camera, text("Use the camera"), class_="button camera"),
            class_="drop",
        ),
        element("p", text(limits), class_="faint"),
        element("p", text(kept), class_="faint"),
        aria_label="Give pictures",
    )


def _examples(examples: Sequence[Example]) -> Html:
    if not examples:
        return text("")
    buttons = []
    for one in examples:
        data = base64.b64encode(one.jpeg).decode("ascii")
        shown = element("img", src=f"data:image/jpeg;base64,{data}", alt="", draggable="false")
        buttons.append(
            element(
                "button",
                shown,
                element("span", text("drawn as "), name(one.label)),
                type="button",
                class_="example",
                data_name=one.name,
            )
        )
    return element(
        "section",
        element("h2", text("Examples")),
        element("p", text("Synthetic phantoms, drawn by a program, of no patient."), class_="faint"),
        element("div", *buttons, class_="examples"),
        aria_label="Synthetic examples",
    )


def _answers(head: str) -> Html:
    nothing = "No picture yet. Its class, how sure the network is and where it looks will stand here."
    take = element("a", text("Download as CSV"), class_="button take", download="predictions.csv", href="#")
    again = element("button", text("Clear"), type="button", class_="button clear", hidden=True)
    several = element(
        "div",
        element("div", empty_table(), class_="wide"),
        # Outside of an attribute line ends would be lost.
        element("p", take),
        class_="several",
        hidden=True,
        data_head=base64.b64encode(head.encode("utf-8", "surrogateescape")).decode("ascii"),
    )
    return element(
        "section",
        element("div", element("h2", text("Answer")), again, class_="top"),
        element("p", text(nothing), class_="state", role="status"),
        element("div", element("div", class_="done"), class_="progress", hidden=True),
        several,
        element("div", class_="one"),
        class_="answers",
        aria_label="Answer",
    )


def about(run: str, card: ModelCard) -> Html:
    """What the network is, what it was trained on and what it was not."""
    height, width = card.image_size
    facts = [
        joined(text("Run:"), name(run)),
        text(f"Network: {card.architecture}, on pictures of {height} × {width} pixels."),
        text(f"Trained on {card.note}: what it says holds for those alone, not for patients.")
        if card.note
        else text("Trained on pictures of the classes below; it knows no others."),
        *([text(card.not_deployable)] if card.not_deployable else []),
        *_rules(card),
    ]
    pieces = [element("h2", text("About this network")), bullets(facts)]
    if card.descriptions:
        rows = [[name(label), text(card.descriptions.get(label, "–"))] for label in card.classes]
        pieces.append(table(text("Classes"), [text("class"), text("what it means")], rows, style="words"))
    return element("footer", element("section", *pieces, aria_label="About this network"), class_="cervinet")


def _rules(card: ModelCard) -> list[Html]:
    said = []
    if card.calibration:
        pictures = f" on {card.calibration['n']} validation pictures" if "n" in card.calibration else ""
        said.append(f"Probabilities are calibrated{pictures}.")
    if card.choices:
        choices = Choices.from_json(card.choices)
        if choices.abstain is not None:
            said.append(f"It does not answer where no class is as probable as {percent(choices.abstain.threshold)}.")
    refused = [FLAGS.get(flag, flag) for flag in card.gate.get("refuse", ())]
    if refused:
        said.append(f"It does not judge pictures that are {', '.join(refused)}.")
    return [text(for_terminal(one)) for one in said]
