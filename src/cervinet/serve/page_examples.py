"""Pictures to try the page with: synthetic phantoms that no network has seen, drawn when the service starts."""

from dataclasses import dataclass

from cervinet.data.phantoms.phantom import draw_photograph, list_photographs
from cervinet.model_card import ModelCard
from cervinet.report.overlay import jpeg

CLASSES = ("Type_1", "Type_2", "Type_3")
_SEED = 202_611  # of patients that are in no data set of phantoms whose seed is smaller
_SIDE = 192


@dataclass(frozen=True)
class Example:
    """A phantom.

    Attributes:
        name: of its file.
        label: the class that it was drawn as.
        jpeg: its file.
    """

    name: str
    label: str
    jpeg: bytes


def examples(card: ModelCard) -> list[Example]:
    """One of each type of transformation zone; none for a run that tells other classes apart."""
    if sorted(card.classes) != sorted(CLASSES):
        return []
    photographs = list_photographs(count=40, photographs=1, seed=_SEED)
    size = (max(_SIDE, card.image_size[0]), max(_SIDE, card.image_size[1]))
    found = []
    for label in CLASSES:
        shown = next(one for one in photographs if one.label == label)
        pixels = draw_photograph(shown.patient, shown.view, size=size, seed=_SEED)
        found.append(Example(f"phantom-{label}.jpg", label, jpeg(pixels)))
    return found
