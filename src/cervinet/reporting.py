"""The files of a run and what was found → `report.html` and `model_card.md`."""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from cervinet.csv_table import read_table
from cervinet.data.audit.findings import KINDS
from cervinet.data.groups import NEAR_DUPLICATES
from cervinet.data.manifest import SPLITS, Manifest
from cervinet.data.split_file import EXCLUDED, read_splits
from cervinet.evaluation.assessment import Assessment
from cervinet.evaluation.intervals import Resampling
from cervinet.explaining import Explained
from cervinet.files import sha256
from cervinet.report.data_overview import sources_in_words
from cervinet.report.material import Flow, Material
from cervinet.run import Run
from cervinet.yaml_source import read_yaml


def material_of(
    run: Run,
    assessment: Assessment,
    note: str,
    how: Resampling,
    explained: Explained | None = None,
    *,
    external: Manifest | None = None,
) -> Material:
    """All that is known of a run and what was found on its test pictures, or on `external` ones."""
    config = read_yaml(run.config).data
    status = _json(run.status_file)
    seconds = {f"{name} (seconds)": value for name, value in status.get("seconds", {}).items()}
    hashed = {file.name: sha256(file) for file in (run.config, run.splits, run.model) if file.is_file()}
    return Material(
        title=f"{config['name']}: {assessment.evaluation.split} pictures",
        assessment=assessment,
        note=note,
        flow=flow_of_run(run) if external is None else flow_of_others(external, assessment),
        history=_history(run) if external is None else (),
        monitor=config.get("training", {}).get("monitor", "val_loss"),
        config=run.config.read_text(encoding="utf-8"),
        environment=_json(run.environment) | seconds,
        card=run.read_card() if run.card.is_file() else None,
        hashes=hashed,
        explained=explained.cases if explained else (),
        worst=explained.worst if explained else (),
        heat=explained.method if explained else None,
        remarks=explained.remarks if explained else (),
        how=how,
    )


def flow_of_run(run: Run) -> Flow | None:
    """None where the run has no division of its own, as a cross-validation."""
    if not run.splits.is_file():
        return None
    table, data = read_splits(run.splits).reset_index(drop=True), _json(run.data)
    groups = table["group"].where(table["group"] != "", table["image"])
    splits, of_split = {}, {}
    for split in SPLITS:
        rows = table["split"] == split
        of_split[split] = int(groups[rows].nunique())
        labels = table["label"][rows]
        splits[split] = {
            label: (int((labels == label).sum()), int(groups[rows][labels == label].nunique()))
            for label in sorted(set(table["label"][table["split"] != EXCLUDED]))
        }
    return Flow(
        found=len(table),
        excluded=_reasons(run, table),
        splits=splits,
        groups_from=sources_in_words(sources := data.get("groups_from", ())),
        guessed=list(sources) == [NEAR_DUPLICATES],
        characteristics=tuple((name, of) for name, of in data.get("characteristics", ())),
        groups=of_split,
    )


def flow_of_others(manifest: Manifest, assessment: Assessment) -> Flow:
    """All pictures of another site, and those that could not be read."""
    unreadable = {bad.image for bad in assessment.predictions.unreadable}
    read = ~manifest.table["image"].isin(unreadable)
    labels, groups = manifest.table["label"][read], manifest.groups()[read]
    of_label = {
        label: (int((labels == label).sum()), int(groups[labels == label].nunique())) for label in manifest.classes
    }
    excluded = (("could not be read", int((~read).sum())),) if unreadable else ()
    return Flow(
        found=len(manifest),
        excluded=excluded,
        splits={"external": of_label},
        groups_from=sources_in_words(manifest.groups_from),
        guessed=list(manifest.groups_from) == [NEAR_DUPLICATES],
        groups={"external": int(groups.nunique())},
    )


def _reasons(run: Run, table: pd.DataFrame) -> tuple[tuple[str, int], ...]:
    """Why pictures were left out: what the check of the data says first of each."""
    left = dict.fromkeys(table["image"][table["split"] == EXCLUDED], "left out by the division")
    if run.issues.is_file() and left:
        issues = read_table(run.issues)
        named = zip(issues.text("finding"), issues.text("action"), issues.text("image"), strict=True)
        for finding, action, image in reversed(list(named)):
            if action == "exclude" and image in left and finding in KINDS:
                left[image] = KINDS[finding].title
    return tuple(Counter(left.values()).most_common())


def _history(run: Run) -> tuple[Mapping[str, float], ...]:
    if not run.history.is_file():
        return ()
    rows: list[Mapping[str, float]] = pd.read_csv(run.history).to_dict("records")  # type: ignore[assignment]
    return tuple(rows)


def _json(path: Path) -> dict[str, Any]:
    """Empty where the file is not there."""
    if not path.is_file():
        return {}
    values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return values
