"""What each threshold finds, misses and alarms about."""

from collections.abc import Sequence

from cervinet.evaluation.operating import AtPoint, OperatingPoint
from cervinet.report.estimates import cell, missing, with_interval
from cervinet.report.html import Html, block, bullets, faint, joined, name, paragraph, section, table, text
from cervinet.report.unit import WHOLE

_SHARES = {"sensitivity": "sensitivity", "specificity": "specificity", "ppv": "PPV", "npv": "NPV"}
_PARTS = {
    "found": "found",
    "missed": "missed",
    "false_alarms": "false alarms",
    "rightly_cleared": "rightly cleared",
}
_EXPLAINED = (
    "Sensitivity: the share of positive {unit}s that are called positive. Specificity: the share of the others that "
    "are not. PPV: how many of those called positive are. NPV: how many of those cleared rightly are. PPV and NPV "
    "change with the prevalence, the first two do not."
)


def operating_section(points: Sequence[AtPoint], *, split: str, confidence: float, unit: str = "picture") -> Html:
    """A table for each question, a row a rule, and what 1,000 screened may expect.

    Args:
        points: on the judged pictures or groups, one at least.
        split: of these.
        confidence: of the intervals, in (0, 1).
        unit: "picture" or "group".
    """
    heading = text("Thresholds, and what they would find")
    parts = [
        paragraph(
            text(f"A threshold turns a probability into a decision: a {unit} is called positive from it on. Each was"),
            text(f"chosen on validation {unit}s, and what it gives is measured here on"),
            *([text(f"other {unit}s,")] if split == WHOLE else [text(f"the {unit}s of split"), _comma(name(split))]),
            text("which had no part in the choice."),
            text(_EXPLAINED.format(unit=unit)),
        )
    ]
    for positive in dict.fromkeys(one.point.positive for one in points):
        parts += _question(positive, [one for one in points if one.point.positive == positive], confidence, unit)
    if not all(one.prevalence_stated for one in points):
        parts.append(
            paragraph(
                text(f"Among the judged {unit}s more may be positive than where the network is to be used; set"),
                text("evaluation.prevalence to the share of positive patients there."),
                style="faint",
            )
        )
    return section("operating", heading, *parts)


def _comma(word: Html) -> Html:
    return joined(word, text(","), between="")


def _question(positive: tuple[str, ...], points: Sequence[AtPoint], confidence: float, unit: str) -> list[Html]:
    first = points[0]
    asked = joined(*map(name, positive), between=" or ")
    from_config = "as stated in the config" if first.prevalence_stated else f"that of these {unit}s"
    caption = joined(
        text("Positive:"),
        asked,
        text(
            f"· {100 * confidence:g} % intervals · {first.sensitivity.n:,} positive and {first.specificity.n:,} other "
            f"{unit}s · PPV and NPV at a prevalence of {_percent(first.prevalence)}, {from_config}"
        ),
    )
    heads = ["chosen for", "threshold", *_SHARES.values()]
    rows = [
        [
            joined(text(one.point.rule), faint(_on_validation(one.point))),
            text(f"{one.point.threshold:.3f}"),
            *(cell(getattr(one, share)) for share in _SHARES),
        ]
        for one in points
    ]
    shown = [table(caption, [text(head) for head in heads], rows)]
    lacking = missing(
        (f"{_SHARES[share]} ({one.point.rule})", getattr(one, share)) for one in points for share in _SHARES
    )
    told = [one for one in points if None not in [part.value for part in one.per_1000.values()]]
    if told:
        shown.append(
            paragraph(text(f"Of 1,000 screened at a prevalence of {_percent(first.prevalence)}, {from_config}:"))
        )
        shown.append(bullets(joined(block("strong", text(f"{one.point.rule}:")), _of_1000(one)) for one in told))
    return [*shown, lacking]


def _on_validation(point: OperatingPoint) -> str:
    return (
        f"in validation {point.sensitivity:.3f} of {point.positives:,} positive, "
        f"{point.specificity:.3f} of {point.negatives:,} others"
    )


def _of_1000(point: AtPoint) -> Html:
    parts = []
    for key, words in _PARTS.items():
        estimate = point.per_1000[key]
        digits = 1 if estimate.value is not None and estimate.value < 10 else 0
        parts.append(text(f"{with_interval(estimate, digits)} {words}"))
    return joined(joined(*parts, between=", "), text("."), between="")


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
