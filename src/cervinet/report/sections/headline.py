"""The figures that a reader wants first, and what must be known before they are believed."""

import math

from cervinet.evaluation.intervals import FEW_GROUPS
from cervinet.evaluation.metric_names import HEADLINE, metric_name
from cervinet.evaluation.operating import AtPoint
from cervinet.report.data_overview import counted
from cervinet.report.estimates import NO_VALUE, interval_text, percent, value_text
from cervinet.report.html import Html, block, bullets, joined, name, paragraph, section, text
from cervinet.report.material import Material
from cervinet.report.sections.flow import pictures_of
from cervinet.report.sections.training import verdict
from cervinet.report.unit import UNITS

_METRICS = 2


def headline_section(material: Material) -> Html:
    """Up to five figures, each with its interval, and a list of cautions."""
    found = material.assessment.evaluation
    unit = UNITS[material.assessment.unit]
    of_groups = f"of {counted(found.groups, 'group')}" if found.groups != found.images else ""
    tiles = [_tile(f"{found.images:,}", f"Judged {unit}{'' if found.images == 1 else 's'}", text(of_groups))]
    keys = [key for key in HEADLINE if key in found.metrics][:_METRICS]
    for key in keys:
        estimate, known = found.metrics[key], metric_name(key)
        under = text(estimate.reason or "")
        if estimate.lower is not None:
            head = block("div", text(f"{percent(found.confidence)} interval"))
            under = joined(head, block("div", text(interval_text(estimate))))
        tiles.append(_tile(value_text(estimate), known.title, under))
    tiles += [_point(point, found.confidence) for point in material.assessment.points[:1]]
    tiles.append(_lesion(material))
    said = cautions(material)
    cautioned = [block("h3", text("Before you believe it")), bullets(map(text, said))] if said else []
    return section("headline", text("In short"), block("div", *tiles, style="tiles"), *cautioned)


def cautions(material: Material) -> list[str]:
    """What limits the results, in plain words."""
    one = material.assessment
    found = one.evaluation
    said = []
    flow = material.flow
    if flow is not None and (flow.guessed or not flow.groups_from):
        said.append(
            "No patients are known: pictures of one patient may stand in training and in test, which flatters results."
        )
    if flow is None and one.unit == "image" and one.other is None:
        said.append(
            "Each picture counts as a patient of its own; where patients have several, intervals are too short."
        )
    if found.groups < FEW_GROUPS:
        said.append(f"The results rest on {counted(found.groups, 'group')}; their intervals are too short.")
    rare = [
        f"{count} of {label!r}"
        for label, count in zip(found.classes, found.support.tolist(), strict=True)
        if count < FEW_GROUPS
    ]
    if rare:
        said.append(f"Few to judge a class by: {', '.join(rare)}.")
    area = found.metrics.get("auroc_macro")
    if area is not None and area.lower is not None and area.lower <= 0.5:
        said.append("The interval of the AUROC reaches 0.5: the network may be no better than chance.")
    if found.unreadable:
        said.append(f"Not judged, for they could not be read: {counted(found.unreadable, 'picture')}.")
    if one.left_out:
        said.append(_sentence(one.left_out))
    if one.no_choices:
        said.append(f"There are no thresholds: {one.no_choices}.")
    if len(one.questions) > 1:
        said.append(
            "What is looked for is not said, so each class is set against the others; name it by evaluation.positive."
        )
    guessed = next((point for point in one.points if not point.prevalence_stated), None)
    if guessed is not None:
        share = f"a share of {percent(guessed.prevalence)} of {' or '.join(guessed.point.positive)!r}"
        said.append(
            f"Predictive values are for {share}, as among the judged {UNITS[one.unit]}s; where fewer are ill, more "
            "alarms are false. Set evaluation.prevalence to the share where it is to be used."
        )
    learnt = verdict(material.history, material.monitor, pictures_in(material, "val")) if material.history else ""
    if learnt.startswith("Over-fitting"):
        said.append(learnt)
    said += [_sentence(gap) for subgroup in one.subgroups for gap in subgroup.gaps]
    if material.card is not None and material.card.not_deployable:
        said.append(f"The network cannot be used on new pictures as it is: {material.card.not_deployable}.")
    elsewhere = ("no pictures of another site were judged; results may be worse there",)
    return said + [_sentence(words) for words in (one.shift.sentences if one.shift else elsewhere)]


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:].rstrip('.')}."


def pictures_in(material: Material, split: str) -> int | None:
    """How many pictures a split has; None where that is not known."""
    classes = material.flow.splits.get(split) if material.flow else None
    return pictures_of(classes) if classes else None


def _tile(value: str, what: str, under: Html, style: str = "tile") -> Html:
    return block(
        "div",
        block("div", text(what), style="what"),
        block("div", text(value), style="value"),
        block("div", under),
        style=style,
    )


def _point(at: AtPoint, confidence: float) -> Html:
    found, cleared = (value_text(one) for one in (at.sensitivity, at.specificity))
    intervals = f"({percent(confidence)} intervals {interval_text(at.sensitivity)} and {interval_text(at.specificity)})"
    under = [name(" or ".join(at.point.positive)), text(f"at {at.point.rule}, threshold {at.point.threshold:.3f}")]
    return _tile(
        f"{found} / {cleared}", "Sensitivity / specificity", block("span", *under, text(intervals)), "tile two"
    )


def _lesion(material: Material) -> Html:
    title = "Looks at the lesion?"
    where = material.assessment.localisation
    if where is None:
        return _tile(NO_VALUE, title, text("Not known: there are no masks or boxes, or no heat maps."), "tile row")
    mass, chance = where.overall.mass, where.overall.mass_chance
    value = NO_VALUE if mass.value is None else percent(round(mass.value, 2))
    evenly = "" if math.isnan(chance) else f"; evenly spread it would be {percent(round(chance, 2))}"
    under = f"of the heat lies in the {where.region}{evenly}. {where.sentence}"
    return _tile(value, title, paragraph(text(under)), "tile row")
