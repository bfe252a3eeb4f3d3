"""What the page says of pictures, without a browser and without Gradio: words, tables, names that are hostile."""

import asyncio
import base64
import csv
import gc
import io
import json
import re
import weakref
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from small_service import CLASSES, SmallService, card, phantom, with_verdict

from cervinet.csv_table import unescape
from cervinet.serve.page_examples import examples
from cervinet.serve.page_layout import about, heading, workspace
from cervinet.serve.page_requests import BUSY, Requests
from cervinet.serve.page_rows import csv_head
from cervinet.serve.page_words import FLAGS, NOTICE

HOSTILE = "<img src=x onerror=alert(1)>\"'&\n\u202egpj"
LARGEST = 200_000


def asked(service, name="a.jpg", data=None, call="answer", **more):
    content = phantom() if data is None else data
    sent = {"name": name, "data": base64.b64encode(content).decode(), **more}
    return asyncio.run(getattr(Requests(service, LARGEST), call)(sent))


class Plain(HTMLParser):
    """The text of a page, and its elements."""

    def __init__(self, html):
        super().__init__()
        self.words, self.tags = [], []
        self.feed(html)

    def handle_data(self, data):
        self.words.append(data)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))


def words(html):
    return " ".join(" ".join(Plain(html).words).split())


def lines(card, *texts):
    return list(csv.reader(io.StringIO(csv_head(card) + "".join(texts))))


def test_a_card_says_class_meaning_probabilities_set_and_operating_points():
    service = SmallService()
    said = asked(service)
    (found,) = service.predictor.predict([phantom()])
    assert found.verdict.label == "Type_1"
    assert said["label"] == "Type_1"
    assert said["unread"] == ""
    numbers = [f"{100 * p:.1f} %" for p in found.probabilities]
    p = found.verdict.calls[0].probability
    assert words(said["card"]) == (
        f"a.jpg Type_1 it lies outside Probability of each class class bar probability "
        f"Type_1 {numbers[0]} Type_2 {numbers[1]} Type_3 {numbers[2]} "
        "Prediction set Type_1 Sets made this way hold the true class of about 90 % of pictures like those of "
        "validation (n = 100). More than one class means that the network cannot tell them apart here. "
        "Operating points Called positive where the probability is at least the threshold, chosen on validation "
        "pictures class threshold for probability called "
        f"Type_2 or Type_3 sensitivity at least 0.95 {p:.2f} < 0.60 negative"
    )
    assert words(said["row"]) == f"a.jpg Type_1 {numbers[0]} Type_1 –"


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([1 - 2e-6, 1e-6, 1e-6], ["> 99.9 %", "< 0.1 %", "< 0.1 %"]),
        ([1.0, 0.0, 0.0], ["100.0 %", "0.0 %", "0.0 %"]),
        ([0.334, 0.333, 0.333], ["33.4 %", "33.3 %", "33.3 %"]),
    ],
)
def test_no_probability_is_rounded_to_certainty(values, shown):
    def change(found):
        return replace(found, probabilities=np.array(values))

    found = Plain(asked(SmallService(change=change))["card"]).words
    assert [one for one in found if re.fullmatch(r"[<>]? ?[\d.]+ %", one)] == shown


def test_a_threshold_that_is_near_is_told_with_as_many_decimals_as_it_takes():
    (found,) = SmallService().predictor.predict([phantom()])
    near = replace(found.verdict.calls[0], probability=0.60004, threshold=0.60001, called=True)
    said = asked(SmallService(change=with_verdict(calls=(near,))))
    assert words(said["card"]).endswith("Type_2 or Type_3 sensitivity at least 0.95 0.60004 ≥ 0.60001 positive")


def test_what_is_not_assessed_has_no_class_no_bars_and_no_heat():
    gated = card(gate={"refuse": ["dark", "unlike"]})
    change = with_verdict(label=None, why="not assessed", flags=("dark", "blurred"), set=None, calls=())
    service = SmallService(change=change)
    service.card = gated
    said = asked(service)
    assert words(said["card"]) == (
        "a.jpg Not assessed: too dark The picture is outside what this network may judge, so it gives no class."
    )
    assert words(said["row"]) == "a.jpg not assessed – – too dark, blurred"
    assert said["label"] == ""
    row = dict(zip(*lines(gated, said["csv"]), strict=True))
    assert (row["class"], row["why"], row["flags"], row["set"]) == ("", "not assessed", "dark;blurred", "")


def test_an_unsure_answer_says_by_which_limit():
    abstain = {"threshold": 0.55, "most_errors": 0.05, "n": 80}
    own = card()
    service = SmallService(card(choices={**own.choices, "abstain": abstain}), with_verdict(label=None, why="unsure"))
    said = asked(service)
    assert (
        "Unsure No class is as probable as 55 %, below which this network does not answer: the limit was chosen on 80 "
        "validation pictures for at most 5 % wrong answers. Probability of each class"
    ) in words(said["card"])
    assert said["label"] == "Type_1"


def test_flags_stand_beside_a_class_in_plain_words():
    said = asked(SmallService(change=with_verdict(flags=tuple(FLAGS))))
    every = "too dark, too bright, blurred, too small, unlike the pictures of training"
    assert f"The picture is {every.replace(',', '')}" in words(said["card"])
    assert words(said["row"]).endswith(every)


def test_an_unreadable_picture_gets_its_sentence_without_a_path_of_the_server():
    said = asked(SmallService(), name="scan.jpg", data=b"no picture")
    sentence = (
        "'scan.jpg' must be a JPEG, PNG, TIFF, BMP, GIF, WebP, AVIF, JPEG 2000, PNM or DICOM file, but it is something "
        "that begins with 6e 6f 20 70; convert it or remove it"
    )
    assert said["unread"] == sentence
    assert words(said["card"]) == f"scan.jpg Not read {sentence}"
    assert words(said["row"]) == f"scan.jpg not read: {sentence}"
    assert said["label"] == ""
    row = dict(zip(*lines(card(), said["csv"]), strict=True))
    assert (row["image"], row["class"], row["p_Type_1"], unescape(row["error"])) == ("scan.jpg", "", "", sentence)


def test_the_csv_holds_every_number_to_the_last_bit():
    service = SmallService()
    (found,) = service.predictor.predict([phantom()])
    head, row = lines(service.card, asked(service)["csv"])
    assert head == ["image", "class", "why", "p_Type_1", "p_Type_2", "p_Type_3", "set", "flags", "error"]
    assert [float(cell) for cell in row[3:6]] == found.probabilities.tolist()
    assert [*row[:3], *row[6:]] == ["a.jpg", "Type_1", "", "Type_1", "", ""]


def test_names_of_classes_and_files_stay_text_everywhere():
    classes = (HOSTILE, "=1+1", "{{value}}${1+1}</script>")
    own = card(classes, descriptions={HOSTILE: HOSTILE}, subclasses=((HOSTILE, "=1+1"),))
    service = SmallService(own, lambda found: replace(found, subclasses=np.array([0.25])))
    said = asked(service, name=f"=cmd{HOSTILE}.jpg")
    shown = [
        said["row"],
        said["card"],
        heading(HOSTILE, own),
        about(HOSTILE, own),
        workspace(own, [], largest=9, most=9),
    ]
    shown.append(asked(service, call="heat", label=HOSTILE)["figure"])
    for html in shown:
        found = Plain(html)
        assert not any(key.startswith("on") for _, attributes in found.tags for key in attributes)
        assert {tag for tag, _ in found.tags}.isdisjoint({"script", "b"})
        assert all(attributes["src"].startswith("data:") for tag, attributes in found.tags if tag == "img")
        assert not set("\u202e\n") & set("".join(found.words).replace("\n", ""))
    head, row = lines(own, said["csv"])
    assert [unescape(cell) for cell in head[3:7]] == [f"p_{name}" for name in classes] + [f"psub_{HOSTILE}"]
    assert row[0].startswith("'=cmd")
    assert row[6] == "0.25"
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in [*head, *row])


@pytest.mark.parametrize("name", ["", ".", "a\0b", "\ud800.jpg", "x" * 5000, "../../etc/passwd"])
def test_any_name_is_only_a_name(name):
    said = asked(SmallService(), name=name)
    json.dumps(said, ensure_ascii=False).encode()
    assert said["unread"] == ""


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"data": "not base64!"}, "The picture did not arrive whole; give it again."),
        ({"data": "é"}, "The picture did not arrive whole; give it again."),
        ({"data": "AAAA" * 80_000}, "The picture is larger than the service takes."),
    ],
)
def test_what_is_no_file_is_refused(sent, sentence):
    assert asyncio.run(Requests(SmallService(), LARGEST).answer({"name": "a", **sent})) == {"refused": sentence}


def test_a_busy_service_says_so_and_the_next_call_is_answered():
    service = SmallService()
    service.busy = 1
    assert asked(service) == {"busy": BUSY}
    assert asked(service)["label"] == "Type_1"


def test_heat_is_drawn_for_the_class_that_is_asked_about_and_missing_heat_is_told():
    figure = Plain(asked(SmallService(), call="heat", label="Type_2")["figure"])
    chosen = [attributes["value"] for tag, attributes in figure.tags if tag == "option" and "selected" in attributes]
    assert chosen == ["Type_2"]
    assert [attributes["alt"] for tag, attributes in figure.tags if tag == "img"] == [
        "The picture as the network sees it",
        "Heat map of what speaks for Type_2",
    ]
    nothing = "There is no heat map of this picture: the run's files for it are not there."
    assert words(asked(SmallService(), call="heat", label="Type_9")["figure"]) == nothing

    class Without(SmallService):
        async def heat(self, picture, label):
            return None

    assert words(asked(Without(), call="heat", label="Type_2")["figure"]) == nothing


def test_a_picture_is_forgotten_with_its_call():
    kept = []

    class Watching(SmallService):
        async def predict(self, pictures):
            kept.extend(map(weakref.ref, pictures))
            return await super().predict(pictures)

    asked(Watching())
    gc.collect()
    assert [reference() for reference in kept] == [None]


def test_examples_are_synthetic_of_each_type_and_of_no_other_question():
    assert [(one.name, one.label) for one in examples(card())] == [(f"phantom-{c}.jpg", c) for c in CLASSES]
    assert examples(card(("benign", "malignant"))) == []
    assert "Synthetic phantoms, drawn by a program, of no patient." in words(
        workspace(card(), examples(card()), largest=2**20, most=5)
    )


def test_the_notice_and_what_it_was_trained_on_stand_on_the_page():
    assert NOTICE in words(heading("cervix", card()))
    assert "Does a picture show Type_1 , Type_2 or Type_3 ?" in words(heading("cervix", card()))
    assert "Does a picture" not in words(heading("many", card(tuple("abcdefgh"))))
    assert "Trained on synthetic phantoms: what it says holds for those alone, not for patients." in words(
        about("run", card())
    )
