"""The answer to one picture as a card: class, probabilities, set, operating points, flags."""

from collections.abc import Sequence

from cervinet.inference.predicting import Prediction
from cervinet.inference.verdict import Call, Verdict
from cervinet.model_card import ModelCard
from cervinet.report.html import Html, block, element, joined, name, paragraph, table, text
from cervinet.serve.page_words import compared, either, flags_of, headline, set_sentence


def answer_card(prediction: Prediction, card: ModelCard) -> Html:
    """Of a picture that could be read; the place for its picture and heat is empty."""
    verdict = prediction.verdict
    assert verdict is not None
    assert prediction.probabilities is not None
    said, why = headline(verdict, card)
    pieces = [paragraph(name(said), style="verdict" if verdict.label is not None else "verdict none")]
    if why:
        pieces.append(paragraph(text(why), style="meaning"))
    elif verdict.label in card.descriptions:
        pieces.append(paragraph(text(card.descriptions[verdict.label]), style="meaning"))
    pieces.append(_flags(verdict))
    if verdict.why != "not assessed":
        pieces.append(_bars(card.classes, prediction.probabilities.tolist(), verdict.label))
        if card.subclasses and prediction.subclasses is not None:
            pieces.append(_finer(card.subclasses, prediction.subclasses.tolist()))
        pieces += [_set(verdict, card), _calls(verdict.calls)]
    return _card(str(prediction.image), *pieces)


def problem_card(prediction: Prediction) -> Html:
    """Of a picture that could not be read."""
    return _card(
        str(prediction.image),
        paragraph(text("Not read"), style="verdict none"),
        paragraph(text(prediction.error), style="meaning"),
    )


def _card(file: str, *pieces: Html) -> Html:
    heading = element("h3", name(file), class_="file")
    picture = element("div", class_="seen")
    return element("article", heading, element("div", picture, element("div", *pieces, class_="said"), class_="two"))


def _flags(verdict: Verdict) -> Html:
    if verdict.label is None and verdict.why == "not assessed":
        return text("")
    marks = [element("span", text(flag), class_="mark warn") for flag in flags_of(verdict)]
    return paragraph(text("The picture is"), *marks, style="flags") if marks else text("")


def _bars(names: Sequence[str], values: Sequence[float], chosen: str | None) -> Html:
    rows = [
        [block("strong", name(label)) if label == chosen else name(label), _bar(value), text(percent_of(value))]
        for label, value in zip(names, values, strict=True)
    ]
    columns = [text("class"), element("span", text("bar"), class_="unseen"), text("probability")]
    return table(text("Probability of each class"), columns, rows, style="bars")


def _bar(value: float) -> Html:
    filled = element("span", style=f"width: {100 * min(max(value, 0.0), 1.0):.1f}%")
    return element("span", filled, class_="bar", aria_hidden="true")


def percent_of(value: float) -> str:
    """With a decimal; never 0 or 100 of what is neither."""
    shown = f"{100 * value:.1f} %"
    if value < 1 and shown == "100.0 %":
        return "> 99.9 %"
    return "< 0.1 %" if value > 0 and shown == "0.0 %" else shown


def _finer(subclasses: Sequence[tuple[str, str]], values: Sequence[float]) -> Html:
    rows = [
        [joined(name(finer), element("span", text("of "), name(label), class_="faint")), _bar(p), text(percent_of(p))]
        for (finer, label), p in zip(subclasses, values, strict=True)
    ]
    columns = [text("sub-class"), element("span", text("bar"), class_="unseen"), text("probability")]
    whole = table(text("Probability of each sub-class"), columns, rows, style="bars")
    return element("details", element("summary", text("Sub-classes")), whole)


def _set(verdict: Verdict, card: ModelCard) -> Html:
    if verdict.set is None:
        return text("")
    classes = joined(*(block("strong", name(label)) for label in verdict.set), between=" or ")
    return joined(
        element("h4", text("Prediction set")),
        paragraph(classes, style="set"),
        paragraph(text(set_sentence(card)), style="faint"),
    )


def _calls(calls: Sequence[Call]) -> Html:
    if not calls:
        return text("")
    rows, before = list[list[Html]](), tuple[str, ...]()
    for call in calls:
        asked = name(either(call.positive)) if call.positive != before else text("")
        said = "positive" if call.called else "negative"
        mark = element("span", text(said), class_="mark yes" if call.called else "mark")
        rows.append([asked, text(call.rule), text(compared(call)), mark])
        before = call.positive
    columns = [text(head) for head in ("class", "threshold for", "probability", "called")]
    caption = text("Called positive where the probability is at least the threshold, chosen on validation pictures")
    return joined(element("h4", text("Operating points")), table(caption, columns, rows, style="calls"))
