"""What a user should know before the first epoch."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cervinet.data.audit.findings import Finding
from cervinet.data.groups import NEAR_DUPLICATES
from cervinet.data.imbalance import EffectiveCount
from cervinet.data.manifest import SPLITS, Manifest
from cervinet.progress import Progress
from cervinet.report.findings import WORDS, finding_rows

if TYPE_CHECKING:
    from keras import Model

    from cervinet.training.devices import Device


def announce_findings(progress: Progress, manifest: Manifest, findings: Sequence[Finding]) -> None:
    """What the check of the data found, where it found anything."""
    if findings:
        progress.table("Findings in the data", *finding_rows(manifest, findings), words=WORDS)


def announce_data(progress: Progress, manifest: Manifest) -> None:
    """Pictures, and groups where there are any, of each class in each split."""
    title = f"Pictures under {manifest.root}" + (f" ({manifest.caption()})" if manifest.caption() else "")
    named = manifest.has_groups()
    of = manifest.groups()
    rows = []
    for name in (*manifest.classes, "all"):
        cells = []
        for split in (*SPLITS, "all"):
            part = manifest.table if split == "all" else manifest.part(split)
            part = part if name == "all" else part[part["label"] == name]
            groups = f" ({of[part.index].nunique()} groups)" if named else ""
            cells.append(f"{len(part)}{groups}")
        rows.append([name, *cells])
    progress.table(title, ["class", *SPLITS, "all"], rows)
    if not set(manifest.groups_from) - {NEAR_DUPLICATES}:
        progress.say(
            "No patients are known: several pictures of one patient may stand in different splits, unless they look "
            "nearly the same."
        )
    if manifest.ignored_line():
        progress.say(manifest.ignored_line())
    for remark in manifest.remarks:
        progress.say(remark)
    for line in thin_spots(manifest):
        progress.say(f"Warning: {line}")


def thin_spots(manifest: Manifest) -> list[str]:
    """Classes that cannot be judged because a split has none of them."""
    return [
        f"the class '{name}' has no pictures in {split}; its results there cannot be computed"
        for split in SPLITS
        for name in manifest.classes
        if not (manifest.part(split)["label"] == name).any()
    ]


def announce_emphasis(progress: Progress, counts: Sequence[EffectiveCount], how: str) -> None:
    """What each class counts in an epoch, where that is not the number of its pictures."""
    if all(one.effective == one.pictures for one in counts):
        return
    rows = [
        [one.name, f"{one.pictures}", f"{one.entries}", f"{one.weight:.3g}", f"{one.effective:.1f}"] for one in counts
    ]
    columns = ["class", "pictures", "in an epoch", "weight of each", "effective count"]
    progress.table(f"Training pictures after `{how}`", columns, rows)


def announce_unlearnt(progress: Progress, subclasses: Sequence[str]) -> None:
    """Sub-classes that stay outputs of the network without a picture to learn from."""
    if subclasses:
        named = ", ".join(map(repr, subclasses))
        progress.say(f"Warning: no picture in train is of the sub-class {named}: nothing can be learnt of it")


def announce_network(progress: Progress, model: "Model", weights: str, device: "Device", run: Path | None) -> None:
    """Network, parameters, device, precision, and where the results will lie."""
    trainable = sum(int(np.prod(w.shape)) for w in model.trainable_weights)
    progress.facts(
        "Training",
        [
            ("network", f"{model.name}, weights: {weights}"),
            ("parameters", f"{model.count_params():,} ({trainable:,} trainable)"),
            ("device", device.name + (", compiled with XLA" if device.xla else "")),
            ("precision", device.precision),
            ("run", str(run) if run else "none is kept"),
        ],
    )
