"""What changes at another site."""

from collections.abc import Mapping

from cervinet.evaluation.intervals import Estimate
from cervinet.evaluation.metric_names import metric_name
from cervinet.evaluation.shift import Shift
from cervinet.report.estimates import cell, missing
from cervinet.report.html import Html, bullets, faint, joined, name, paragraph, plot, section, table, text
from cervinet.report.plots.shift import shift_plot
from cervinet.report.unit import PICTURE

_PARTS = {
    "in_the_large": "observed share less mean probability; 0 is ideal",
    "intercept": "above 0 probabilities are too low as a whole, below 0 too high",
    "slope": "below 1 probabilities are too extreme, above 1 not decided enough",
}


def shift_section(shift: Shift, *, note: str = "", unit: str = PICTURE) -> Html:
    """Both sites beside each other.

    Args:
        shift: what was found.
        note: what a reader must know of the data, such as "synthetic phantoms".
        unit: "picture" or "group".
    """
    meaning = (
        "The same network, with the thresholds it was given, on pictures of another site: where two intervals do not "
        "meet, the sites differ by more than chance, and what was found on the run's own test pictures does not carry "
        "over."
    )
    metrics = {metric_name(key).title: (one, shift.other[key]) for key, one in shift.own.items()}
    calibration = [
        [
            joined(name(question), text(f"– {metric_name(key).title.lower()}"), faint(_PARTS[key])),
            *map(cell, found[key]),
        ]
        for question, found in shift.calibration.items()
        for key in _PARTS
    ]
    said = [text(f"{line[:1].upper()}{line[1:]}.") for line in shift.sentences]
    return section(
        "shift",
        text("Another site"),
        paragraph(text(meaning)),
        bullets(said) if said else paragraph(text(_NOTHING)),
        plot(shift_plot(shift, note=note or None, unit=unit), "shares, metrics and calibration slopes at both sites"),
        _pairs("Metrics", "metric", {key: text(key) for key in metrics}, metrics),
        _pairs("Share of each class", "class", {key: name(key) for key in shift.prevalence}, shift.prevalence),
        table(
            text("Calibration, for each question"),
            list(map(text, ("question", "own test pictures", "the other site"))),
            calibration,
        ),
        _missing(shift, metrics),
    )


_NOTHING = (
    "No two intervals part. That does not show that the sites are alike: with few pictures, much can hide in them."
)


def _pairs(caption: str, head: str, shown: Mapping[str, Html], pairs: Mapping[str, tuple[Estimate, Estimate]]) -> Html:
    heads = list(map(text, (head, "own test pictures", "the other site")))
    return table(text(caption), heads, [[shown[key], *map(cell, pair)] for key, pair in pairs.items()])


def _missing(shift: Shift, metrics: Mapping[str, tuple[Estimate, Estimate]]) -> Html:
    """Why some values or intervals are not there."""
    named = [*metrics.items(), *((f"share of {key!r}", pair) for key, pair in shift.prevalence.items())]
    for question, found in shift.calibration.items():
        named += [(f"{metric_name(key).title.lower()} of {question!r}", pair) for key, pair in found.items()]
    sites = ("own test pictures", "the other site")
    return missing((f"{key}, {site}", one) for key, pair in named for site, one in zip(sites, pair, strict=True))
