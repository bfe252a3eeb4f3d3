"""What `report.html` and `model_card.md` are written from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from cervinet.evaluation.assessment import Assessment
from cervinet.evaluation.intervals import Resampling
from cervinet.model_card import ModelCard


@dataclass(frozen=True)
class Flow:
    """From the pictures that were found to those that were used.

    Attributes:
        found: pictures that the reader gave.
        excluded: (reason in words, how many), what the audit or the config left out.
        splits: split → class → (pictures, groups); in the order train, val, test.
        groups_from: where groups come from, in words; empty where none are known.
        characteristics: (name, split → text), such as picture sizes or sites by split.
        groups: split → all its groups, of which one with pictures of two classes counts once; empty where not known.
        guessed: whether nothing but near-duplicates says which pictures belong together.
    """

    found: int
    excluded: tuple[tuple[str, int], ...]
    splits: Mapping[str, Mapping[str, tuple[int, int]]]
    groups_from: str = ""
    characteristics: tuple[tuple[str, Mapping[str, str]], ...] = ()
    groups: Mapping[str, int] = field(default_factory=dict)
    guessed: bool = False


@dataclass(frozen=True, eq=False)
class Case:
    """A judged picture that is shown.

    Attributes:
        image: its name.
        kind: "right", "wrong", "wrong and sure", "unsure".
        label: true class.
        predicted: most probable class.
        probability: of the predicted class.
        picture: JPEG as the network saw it; None where it cannot be shown.
        overlay: JPEG with the heat map over it, and the outline of the region where one is known; None without.
        blank: whether nothing in the picture speaks for the predicted class, so that the overlay shows no heat.
    """

    image: str
    kind: str
    label: str
    predicted: str
    probability: float
    picture: bytes | None
    overlay: bytes | None
    blank: bool = False


@dataclass(frozen=True, eq=False)
class Material:
    """A report in the making; what is None is not known here, and the report says so.

    Attributes:
        title: of the page.
        assessment: of the judged predictions.
        note: what must be said with every number ("synthetic phantoms").
        flow: of the pictures.
        history: a row an epoch, as in history.csv.
        monitor: the column of it that chose the epoch.
        config: resolved YAML.
        environment: versions, device, seed, seconds; as in environment.json.
        card: of the network.
        hashes: what → SHA-256 or digest.
        explained: cases with heat maps.
        worst: the most confident errors, at most 12.
        redacted: file names are hashes, and there are no pictures.
        how: how the bands of the curves are drawn; None: curves without bands.
        heat: the method of the heat maps; None where there are none.
        remarks: what went wrong with them; may name files.
    """

    title: str
    assessment: Assessment
    note: str = ""
    flow: Flow | None = None
    history: Sequence[Mapping[str, float]] = ()
    monitor: str = "val_loss"
    config: str = ""
    environment: Mapping[str, Any] = field(default_factory=dict)
    card: ModelCard | None = None
    hashes: Mapping[str, str] = field(default_factory=dict)
    explained: tuple[Case, ...] = ()
    worst: tuple[Case, ...] = ()
    redacted: bool = False
    how: Resampling | None = None
    heat: Literal["grad_cam", "grad_cam_plus_plus"] | None = None
    remarks: tuple[str, ...] = ()
