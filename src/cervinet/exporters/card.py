"""card.json: what a program must know to use an export as its run would be used."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from cervinet import __version__
from cervinet.exporters.agreement import Agreement
from cervinet.exporters.export import Part, Source
from cervinet.files import sha256
from cervinet.model_card import ModelCard

FILE = "card.json"

STATEMENT = "Research software, not a medical device: what it says is no diagnosis."
LICENCE = (
    "The network is under the terms of those who trained it and of its training pictures; "
    "cervinet, which wrote these files, is under Apache-2.0."
)
_CALIBRATIONS = {
    "none": "softmax(logits)",
    "temperature": "softmax(logits / temperature)",
    "vector": "softmax(logits * scale + shift)",
    "platt": "softmax([0, slope * (logits[1] - logits[0]) + intercept])",
    "isotonic": "second = interp(logits[1] - logits[0], at, value), at least 1e-6 from 0 and 1; [1 - second, second]",
}


class Lost(Protocol):
    """What the coarser numbers of a part cost."""

    @property
    def part(self) -> str: ...

    def to_json(self) -> dict[str, Any]: ...


def card_of(
    name: str,
    source: Source,
    parts: Sequence[Part],
    found: Sequence[Agreement],
    *,
    compared_on: str,
    losses: Sequence[Lost],
    remarks: Sequence[str],
    folder: Path,
) -> dict[str, Any]:
    """The content of card.json.

    Args:
        name: of the format.
        source: the run.
        parts: that were kept.
        found: the agreement of each of them.
        compared_on: the pictures, in words.
        losses: what the coarser numbers of parts cost.
        remarks: what a person should know.
        folder: with the files, whose hashes are taken.
    """
    card, agreed = source.card, {one.part: one for one in found}
    lost = {one.part: one.to_json() for one in losses}
    return {
        "format": name,
        "statement": STATEMENT,
        "licence": LICENCE,
        "run": source.run.path.resolve().name,
        "architecture": card.architecture,
        "note": card.note,
        "classes": list(card.classes),
        "descriptions": dict(card.descriptions),
        "subclasses": [list(one) for one in card.subclasses],
        "image_size": list(card.image_size),
        "preprocess": [list(one) for one in card.preprocess],
        "parts": [_part(part, agreed[part.name], lost.get(part.name)) for part in parts],
        "compared_on": compared_on,
        "views": {"averaged_by_predict": card.views, "averaged_inside": _views_inside(card, parts)},
        "calibration": _calibration(card),
        "choices": card.choices,
        "gate": card.gate,
        "remarks": list(remarks),
        "versions": {**card.versions, "exported_by_cervinet": __version__},
        "model_hashes": card.hashes,
        "hashes": {
            path.relative_to(folder).as_posix(): sha256(path) for path in sorted(folder.rglob("*")) if path.is_file()
        },
    }


def _part(part: Part, agreement: Agreement, loss: Any) -> dict[str, Any]:
    found = asdict(part)
    shown = {key: found[key] for key in ("name", "file", "takes", "gives", "calibrated")}
    return shown | {"agreement": agreement.to_json()} | ({"loss": loss} if loss else {})


def _calibration(card: ModelCard) -> dict[str, Any]:
    return card.calibration | {"formula": _CALIBRATIONS[card.calibration["method"]]} if card.calibration else {}


def _views_inside(card: ModelCard, parts: Sequence[Part]) -> int:
    return card.views if all(part.calibrated for part in parts) else 1
