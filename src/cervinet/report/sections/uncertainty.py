"""When the network is unsure: sets instead of single classes, and no answer instead of a wrong one."""

from collections.abc import Sequence

from cervinet.evaluation.conformal import Coverage, SetRule
from cervinet.evaluation.evaluate import Evaluation
from cervinet.evaluation.intervals import Estimate
from cervinet.evaluation.selective import NEVER, Abstain, Selective
from cervinet.report.estimates import NO_VALUE, cell, reasons, with_interval
from cervinet.report.html import Html, bullets, faint, joined, name, paragraph, plot, section, table, text
from cervinet.report.plots.risk_coverage import risk_coverage

_SCORES = {"lac": "smallest sets (LAC)", "aps": "sets that follow the difficulty (APS)"}


def uncertainty_section(
    sets: Sequence[Coverage],
    selective: Selective,
    evaluation: Evaluation,
    *,
    note: str = "",
    no_choices: str = "",
    unit: str = "picture",
) -> Html:
    """Prediction sets, then risk and coverage.

    Args:
        sets: what each rule gives; none where there was no validation prediction.
        selective: of the same predictions.
        evaluation: of the same predictions.
        note: what a reader must know of the data, such as "synthetic phantoms".
        no_choices: why there are no sets.
        unit: "picture" or "group".
    """
    return section(
        "uncertainty",
        text("Where the network is unsure"),
        *_sets(sets, no_choices, unit),
        *_surest(selective, evaluation, note, unit),
    )


def _sets(sets: Sequence[Coverage], no_choices: str, unit: str) -> list[Html]:
    meaning = (
        f"A prediction set names every class that cannot be ruled out for a {unit}: one class where the case is clear, "
        f"several where it is not. The thresholds, from validation {unit}s, promise how often the set holds the true "
        "class; here it is counted how often it did."
    )
    if not sets:
        return [
            paragraph(text(meaning)),
            paragraph(text(f"There are none: {no_choices or 'no thresholds are known'}.")),
        ]
    heads = (
        "sets",
        "promised",
        "hold the true class",
        "the same, each group once",
        "classes in a set",
        "one class only",
        "completed",
    )
    rows = [
        [
            _rule_name(one.rule, unit),
            text(f"{100 * one.rule.coverage:g} %"),
            cell(one.coverage),
            _known(one.by_group),
            cell(one.size),
            cell(one.single),
            _known(one.completed),
        ]
        for one in sets
    ]
    named = [("coverage", one.coverage) for one in sets]
    named += [("classes in a set", one.size) for one in sets] + [("one class only", one.single) for one in sets]
    named += [("completed", one.completed) for one in sets if one.completed]
    named += [(f"coverage of {label!r}", found) for one in sets for label, found in one.per_class.items()]
    lines = [f"{line[:1].upper()}{line[1:]}." for one in sets for line in one.remarks()]
    return [
        paragraph(text(meaning)),
        table(text("Prediction sets, with intervals"), list(map(text, heads)), rows),
        _by_class(sets, unit),
        paragraph(text(_explained(sets[0].rule, unit))),
        _bullets([*dict.fromkeys(lines), *reasons(named)]),
    ]


def _bullets(lines: Sequence[str]) -> Html:
    return bullets(map(text, lines)) if lines else Html("")


def _rule_name(rule: SetRule, unit: str) -> Html:
    scope = "a promise for each class" if rule.conditional else f"one promise for all {unit}s"
    return joined(text(_SCORES[rule.score]), faint(scope))


def _known(estimate: Estimate | None) -> Html:
    return text("–") if estimate is None else cell(estimate)


def _by_class(sets: Sequence[Coverage], unit: str) -> Html:
    rows = [[name(label), *(cell(one.per_class[label]) for one in sets)] for label in sets[0].per_class]
    caption = text("How often the sets hold the true class, by the true class")
    return table(caption, [text("class"), *(_rule_name(one.rule, unit) for one in sets)], rows)


def _explained(rule: SetRule, unit: str) -> str:
    """What the promise is about, and how far chance moves it."""
    # The coverage given the validation groups is a Beta variable of about this standard deviation (Vovk, 2012).
    about, rests = "one answer for each new patient (group)", f"{rule.groups:,} validation groups"
    if unit == "picture":
        about = "one picture, picked at random from each new patient (group)"
        rests = f"{rule.n:,} validation pictures of {rule.groups:,} groups"
    chance = 200 * (rule.coverage * (1 - rule.coverage) / (rule.groups + 2)) ** 0.5
    return (
        f"The promise is about {about}, and about patients like those of validation. It rests on {rests}: chance alone "
        f"moves the share by about ±{chance:.0f} points around the promise. These pictures also chose the epoch, and "
        "the calibration where there is one. Completed: no class was near enough, and the set is the most probable one."
    )


def _surest(selective: Selective, evaluation: Evaluation, note: str, unit: str) -> list[Html]:
    meaning = (
        "A network may leave the cases to people in which it is least sure. From right to left fewer "
        f"{unit}s are "
        "answered, and the curve shows how many of the answers are then wrong; a useful confidence makes it fall."
    )
    figure = risk_coverage(selective, evaluation, note=note or None, unit=unit)
    named = [("area under the curve", selective.area)]
    said = [
        f"Area under the curve (AURC, the mean risk over all shares; 0 is perfect): {with_interval(selective.area)}."
    ]
    if selective.abstain is not None:
        said.append(_abstained(selective.abstain, selective.answered, selective.risk_answered, unit))
        named += [
            (key, one)
            for key, one in (("share answered", selective.answered), ("share wrong", selective.risk_answered))
            if one
        ]
    if selective.spread_auroc is not None:
        named.append(("spread", selective.spread_auroc))
        said.append(
            "How well the disagreement between networks or views tells wrong answers from right ones (AUROC, 0.5 is "
            f"chance): {with_interval(selective.spread_auroc)}."
        )
    alt = f"risk-coverage curve that ends at {100 * selective.risk[-1]:.1f} % wrong"
    return [
        paragraph(text(meaning)),
        plot(figure, alt),
        _bullets([*said, *reasons(named)]),
    ]


def _abstained(abstain: Abstain, answered: Estimate | None, wrong: Estimate | None, unit: str) -> str:
    aim = f"at most {100 * abstain.most_errors:g} % wrong answers"
    if abstain.threshold >= NEVER:
        return f"No threshold on the {abstain.n:,} validation {unit}s leaves {aim}: nothing is answered."
    found = (
        f"The threshold {abstain.threshold:.3f} was chosen for {aim}: of {abstain.n:,} validation {unit}s "
        f"{abstain.answered:,} were answered, {abstain.wrong:,} of them wrongly; with as few groups the share could be "
        f"up to {100 * abstain.upper:.1f} %."
    )
    if answered is None or wrong is None:
        return found
    return f"{found} Here {_percent(answered)} are answered, {_percent(wrong)} of these wrongly."


def _percent(share: Estimate) -> str:
    if share.value is None:
        return NO_VALUE
    if share.lower is None or share.upper is None:
        return f"{100 * share.value:.1f} % (no interval)"
    return f"{100 * share.value:.1f} % ({100 * share.lower:.1f} – {100 * share.upper:.1f} %)"
