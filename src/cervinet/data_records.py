"""What is written about the pictures of a command: findings, what a run is made from, a sheet to look at."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cervinet.auditing import Audited
from cervinet.config import Config
from cervinet.csv_table import escape, write_table
from cervinet.data.audit.issues import issue_rows
from cervinet.data.augment import Augmentation
from cervinet.data.imbalance import EffectiveCount, effective_counts, emphasis_of
from cervinet.data.manifest import SPLITS, Manifest
from cervinet.data.preprocess import prepare
from cervinet.data.split_file import write_splits
from cervinet.data.subclasses import unlearnt
from cervinet.files import write_json
from cervinet.models.objective import objective_of
from cervinet.pictures import fixed_steps
from cervinet.progress import Progress
from cervinet.run import Run


def write_findings(config: Config, found: Audited, run: Run, progress: Progress) -> None:
    """data_issues.csv and data_report.html."""
    from cervinet.report.data_page import write_data_page

    rows = issue_rows(found.whole, found.findings)
    write_table(run.issues, [list(rows.columns), *([escape(cell) for cell in row] for row in rows.to_numpy())])
    write_data_page(
        run.data_page,
        found.whole,
        found.findings,
        used=found.manifest,
        measured=found.measured,
        config=config.name,
        progress=progress,
    )


def count_classes(config: Config, manifest: Manifest, progress: Progress) -> list[EffectiveCount]:
    """What each class counts in an epoch. Raises an error where `training.imbalance` or the loss does not fit them."""
    from cervinet.report.announce import announce_emphasis, announce_unlearnt

    how = config.training.imbalance
    counts = effective_counts(emphasis_of(manifest, how.name, how.options), manifest.classes)
    announce_emphasis(progress, counts, how.name)
    subclasses = objective_of(manifest, config.training.loss.name, config.training.loss.options).subclasses
    announce_unlearnt(progress, unlearnt(manifest, subclasses))
    return counts


def write_data(config: Config, found: Audited, classes: Sequence[EffectiveCount], run: Run, progress: Progress) -> None:
    """What the run is made from: each picture's split, group and digest, and all that was found about them."""
    write_splits(found.whole.table, run.splits)
    write_findings(config, found, run, progress)
    counts = Counter((finding.kind, finding.action) for finding in found.findings)
    summary = {
        "pictures": len(found.manifest),
        "excluded": len(found.whole) - len(found.manifest),
        "groups": int(found.manifest.groups().nunique()),
        "groups_from": list(found.manifest.groups_from),
        "findings": [{"kind": kind, "action": action, "count": n} for (kind, action), n in counts.items()],
        "train_classes": [asdict(one) for one in classes],
        "characteristics": characteristics(found),
    }
    write_json(run.data, summary)


def characteristics(found: Audited) -> list[tuple[str, dict[str, str]]]:
    """What the pictures of each split are like: (what, split → words), of that which is known."""
    table = found.whole.table
    used = {split: table.index[table["split"] == split].to_numpy() for split in SPLITS}
    measured = found.measured
    numbers = {
        "width in pixels": measured.width,
        "height in pixels": measured.height,
        "brightness": measured.brightness,
    }
    rows = [
        (f"{name}, median (range)", {split: _spread(values[at]) for split, at in used.items()})
        for name, values in numbers.items()
    ]
    for name, column in (("with a box", "box_x"), ("with masks", "masks")):
        if table[column].notna().any():
            rows.append((name, {split: _share(table[column].notna().to_numpy()[at]) for split, at in used.items()}))
    if table["site"].notna().any():
        site = table["site"].fillna("unknown")
        for name in sorted(set(site)):
            rows.append(
                (f"of site {name}", {split: _share((site == name).to_numpy()[at]) for split, at in used.items()})
            )
    return rows


def _spread(values: NDArray[Any]) -> str:
    return f"{np.median(values):.0f} ({values.min():.0f}–{values.max():.0f})" if len(values) else "–"


def _share(there: NDArray[np.bool_]) -> str:
    return f"{int(there.sum()):,} ({there.mean():.0%})" if len(there) else "–"


def draw_preview(config: Config, manifest: Manifest, to: Path, views: int) -> None:
    """A sheet of training pictures of each class, each beside what augmentation makes of it in its first epochs."""
    from cervinet.report import plots
    from cervinet.report.plots.preview import PreviewRow, pictures_of_a_class, preview_sheet

    augmentation = Augmentation(**config.training.augment.changes())
    epochs = range(views if augmentation else 0)
    of_each = pictures_of_a_class(len(manifest.classes))
    chosen = manifest.part("train").sort_values("label", kind="stable").groupby("label").head(of_each)
    rows = []
    for row, label, picture in zip(
        chosen.index.tolist(), chosen["label"], manifest.take(chosen.index.to_numpy()).pictures(), strict=True
    ):
        prepared = prepare(picture, config.data.image_size, fixed_steps(config))
        seen = [augmentation.apply(prepared, seed=config.seed, epoch=epoch, index=row) for epoch in epochs]
        rows.append(PreviewRow(label, prepared, np.array(seen, np.uint8).reshape(-1, *prepared.shape)))
    plots.save(preview_sheet(rows, manifest.note), to)
