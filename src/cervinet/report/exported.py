"""An export as rows of text: how it agrees with its run, and what coarser numbers cost."""

from collections.abc import Sequence
from typing import Protocol

from cervinet.evaluation.contrasts import Contrast, signed
from cervinet.exporters.agreement import Agreement

Table = tuple[list[str], list[list[str]]]
_SHOWN = ("accuracy", "log_loss")


class Lost(Protocol):
    """What the coarser numbers of a part cost."""

    @property
    def part(self) -> str: ...

    @property
    def contrast(self) -> Contrast: ...


def agreement_table(agreements: Sequence[Agreement]) -> Table:
    """Columns, and a row a part."""
    rows = [
        [
            one.part,
            f"{one.largest:.1e}",
            f"{one.mean:.1e}",
            f"{one.bound.of} {one.bound.limit:.0e}",
            f"{one.same_class} of {one.n}",
        ]
        for one in agreements
    ]
    return ["part", "max |Δp|", "mean |Δp|", "allowed", "same class"], rows


def loss_table(losses: Sequence[Lost]) -> Table:
    """Columns, and two rows a part; card.json has more measures."""
    rows = []
    for one in losses:
        for change in one.contrast.changes:
            if change.measure.metric not in _SHOWN:
                continue
            found = (change.reference.value, change.value.value)
            values = ["–" if value is None else f"{value:.3f}" for value in found]
            difference = change.difference
            none = difference.lower is None
            bounds = "–" if none else f"{signed(difference.lower)}…{signed(difference.upper)}"
            rows.append([one.part, change.measure.title, *values, signed(difference.value), bounds, change.verdict])
    percent = f"{100 * losses[0].contrast.changes[0].confidence:g} % interval"
    return ["part", "measure", "run", "here", "change", percent, "verdict"], rows
