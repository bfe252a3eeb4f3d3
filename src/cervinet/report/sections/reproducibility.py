"""What it takes to get the same numbers again: settings, versions, seeds, hashes, hardware, time."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cervinet.model_card import ModelCard
from cervinet.report.html import Html, code, listing, name, paragraph, section, table, text
from cervinet.report.plots.progress import duration

_APART = ("versions", "resumed")
_NAMES = {"git_commit": "git commit", "seconds": "time"}


def reproducibility_section(
    config: str,
    environment: Mapping[str, Any],
    card: ModelCard | None,
    hashes: Mapping[str, str],
    seconds: float | None,
) -> Html:
    """Tables of the run, of package versions and of hashes, and the configuration.

    Args:
        config: resolved YAML; empty where it is not known.
        environment: as in `environment.json`.
        card: of the network.
        hashes: what → SHA-256 or digest.
        seconds: that training took; None where that is not known.
    """
    meaning = (
        "With the same data, configuration and versions the run can be made again; the hashes tell whether "
        "a file is the one that this report is about."
    )
    facts = [("training time", duration(seconds))] if seconds is not None else []
    facts += list(facts_of({key: value for key, value in environment.items() if key not in _APART}))
    for number, more in enumerate(environment.get("resumed", ()), start=1):
        facts += [(f"resumed, {number}: {key}", value) for key, value in facts_of({**more, "versions": {}})]
    facts += [] if card is None else _network(card)
    all_hashes = dict(hashes) | ({} if card is None else card.hashes)
    return section(
        "reproducibility",
        text("Reproducibility"),
        paragraph(text(meaning)),
        _table("The run", facts),
        _table("Versions", [(key, str(value)) for key, value in environment.get("versions", {}).items()]),
        _hashes(all_hashes),
        *([paragraph(text("The configuration of the run:")), listing(config)] if config else []),
    )


def facts_of(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """Every value with its key in words; nested ones after that of what holds them."""
    for key, value in values.items():
        said = before + _NAMES.get(key, key.replace("_", " "))
        if isinstance(value, Mapping):
            yield from facts_of(value, f"{said}, ")
        elif isinstance(value, Sequence) and not isinstance(value, str):
            yield said, ", ".join(map(str, value))
        elif isinstance(value, int | float) and (key == "seconds" or before == "time, "):
            yield said, duration(value)
        else:
            yield said, "not known" if value is None else str(value)


def _network(card: ModelCard) -> list[tuple[str, str]]:
    height, width = card.image_size
    facts = [
        ("architecture", card.architecture),
        ("picture size", f"{height} × {width} pixels (height × width)"),
        ("fixed steps", ", ".join(step for step, _ in card.preprocess) or "none"),
        ("views a picture", str(card.views)),
    ]
    if card.calibration:
        facts.append(("calibration", str(card.calibration.get("method", "none"))))
    members = [(f"member {n}", f"{one.source}, weight {one.weight:.3f}") for n, one in enumerate(card.members, start=1)]
    return facts + members


def _table(caption: str, facts: Sequence[tuple[str, str]]) -> Html:
    if not facts:
        return Html("")
    rows = [[text(key), name(value)] for key, value in facts]
    return table(text(caption), [text("what"), text("value")], rows, style="words")


def _hashes(hashes: Mapping[str, str]) -> Html:
    if not hashes:
        return Html("")
    rows = [[name(what), code(digest)] for what, digest in hashes.items()]
    return table(text("Hashes"), [text("of"), text("SHA-256 or digest")], rows, style="words")
