"""What is said of a picture, in sentences for people who do not know the terms."""

from collections.abc import Sequence

from cervinet.evaluation.choices import Choices
from cervinet.inference.verdict import Call, Verdict
from cervinet.model_card import ModelCard

NOTICE = "Research software, not a medical device. Nothing it says is a diagnosis."

FLAGS = {
    "dark": "too dark",
    "bright": "too bright",
    "blurred": "blurred",
    "small": "too small",
    "unlike": "unlike the pictures of training",
}


def either(names: Sequence[str]) -> str:
    """`a`, `a or b`, `a, b or c`."""
    return " or ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def flags_of(verdict: Verdict) -> list[str]:
    return [FLAGS.get(flag, flag) for flag in verdict.flags]


def headline(verdict: Verdict, card: ModelCard) -> tuple[str, str]:
    """What stands in large letters, and why where it is no class."""
    if verdict.label is not None:
        return verdict.label, ""
    if verdict.why == "not assessed":
        refused = [FLAGS.get(flag, flag) for flag in verdict.flags if flag in card.gate.get("refuse", ())]
        return f"Not assessed: {' and '.join(refused)}", (
            "The picture is outside what this network may judge, so it gives no class."
        )
    abstain = Choices.from_json(card.choices).abstain
    assert abstain is not None
    return "Unsure", (
        f"No class is as probable as {percent(abstain.threshold)}, below which this network does not answer: the limit "
        f"was chosen on {abstain.n} validation pictures for at most {percent(abstain.most_errors)} wrong answers."
    )


def set_sentence(card: ModelCard) -> str:
    """What the prediction set beside it promises."""
    rule = Choices.from_json(card.choices).sets[0]
    return (
        f"Sets made this way hold the true class of about {percent(rule.coverage)} of pictures like those of "
        f"validation (n = {rule.n}). More than one class means that the network cannot tell them apart here."
    )


def compared(call: Call) -> str:
    """The probability beside the threshold."""
    sign = "≥" if call.called else "<"
    return f"{decimals(call.probability, call.threshold)} {sign} {decimals(call.threshold, call.probability)}"


def percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def decimals(value: float, beside: float) -> str:
    """With two decimals, or as many as tell the two numbers apart, six at most."""
    for digits in (2, 3, 4, 5):
        if f"{value:.{digits}f}" != f"{beside:.{digits}f}" or value == beside:
            return f"{value:.{digits}f}"
    return f"{value:.6f}"
