"""From a Config to pictures that may be trained on: read, audited, grouped, divided, and what stands in the way."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cervinet import registry
from cervinet.config import Config
from cervinet.config_data import Data
from cervinet.data import groups
from cervinet.data.audit import inspection
from cervinet.data.audit.findings import KINDS, Action, Finding
from cervinet.data.audit.issues import problem
from cervinet.data.audit.leaks import leaks
from cervinet.data.audit.measure import measure
from cervinet.data.audit.measurements import Measurements
from cervinet.data.audit.near_duplicates import find_pairs
from cervinet.data.audit.shortcuts import shortcuts
from cervinet.data.class_map import mapped
from cervinet.data.crops import box_problem
from cervinet.data.digests import Digests
from cervinet.data.imbalance import check_emphasis
from cervinet.data.joining import joined
from cervinet.data.manifest import Manifest
from cervinet.data.manifest_checks import check_files, check_links, check_parts, checked
from cervinet.data.regions import read_masks
from cervinet.data.split_file import splits_from_file
from cervinet.data.splits import Rule, assign_splits
from cervinet.data.store import default_cache
from cervinet.errors import CervinetError, ConfigError, DataError, ImageError
from cervinet.models.objective import check_objective
from cervinet.progress import Progress

_BY_RULE: dict[str, Action] = {"whole_image": "warn", "error": "error", "exclude": "exclude"}


@dataclass(frozen=True)
class Audited:
    """Pictures and what was found among them.

    Attributes:
        manifest: the pictures to train on and to judge by, grouped and divided, if they could be.
        whole: every picture that the reader found, with groups and splits; findings name its rows.
        findings: all of them, in the order of `findings.KINDS`.
        measured: row by row of `whole`.
        problem: what must be mended before training, if anything.
    """

    manifest: Manifest
    whole: Manifest
    findings: tuple[Finding, ...]
    measured: Measurements
    problem: CervinetError | None

    def sound(self) -> Manifest:
        """The pictures to train on. Raises what must be mended first: a DataError or a LeakageError."""
        if self.problem:
            raise self.problem
        return self.manifest


def read_rows(data: Data, classes: Sequence[str] | None, *, to_learn: bool = True) -> Manifest:
    """What the reader finds under every root, with the classes settled; no picture is opened."""
    manifest = _read_root(data, data.root)
    roots = [manifest]
    for split, root in (("val", data.split.val_root), ("test", data.split.test_root)):
        if root is not None:
            if split in set(manifest.table["split"]):
                raise ConfigError(
                    f"`data.split.{split}_root` has no use: the data bring their own {split} part; take it out"
                )
            try:
                roots.append(_read_root(data, root))
            except DataError as error:
                raise DataError(f"`data.split.{split}_root` is read like `data.root`: {error}") from None
            if roots[-1].table.empty:
                raise DataError(f"there are no pictures under {root}; check data.split.{split}_root")
            manifest = joined(manifest, roots[-1], split)
    manifest = checked(mapped(manifest, data.class_map, to_learn=to_learn), classes, to_learn=to_learn)
    check_files(manifest)
    if not data.outside_links:
        for one in roots:  # joined, the paths of the others lead out of the first by themselves
            check_links(one)
    return manifest


def divided(config: Config, manifest: Manifest, kept: NDArray[np.bool_] | None = None) -> pd.Series:
    """The split of each row that is kept, by what `data.split` says: a file, a rule, a site or a fold.

    None for a row that is not kept, or that the file leaves out.
    """
    wanted = config.data.split
    kept = np.ones(len(manifest), bool) if kept is None else kept
    if wanted.file:
        return splits_from_file(manifest.table, wanted.file).where(kept, None)
    rule = Rule(**wanted.model_dump(include=set(Rule.__dataclass_fields__)))
    split = pd.Series(None, manifest.table.index, object)
    split[kept] = assign_splits(manifest.table[kept], manifest.groups()[kept], rule, seed=config.seed)
    return split


def audited(config: Config, progress: Progress) -> Audited:
    """Read, measure, look for what is wrong, group, divide, and look for what leaks."""
    data = config.data
    policies = data.check.model_dump()
    manifest = read_rows(data, config.classes)
    check_emphasis(manifest, config.training.imbalance.name, config.training.imbalance.options)
    check_objective(manifest, config.training.loss.name, config.training.loss.options)
    digests = digests_of(data, manifest, progress)
    manifest = with_digests(manifest, digests)
    measured = measure(manifest.pictures(), digests, data.cache or default_cache(), progress)
    regions = _regions(data, manifest, measured, progress)
    pairs = find_pairs(measured, progress, near=policies["near_duplicates"] != "ignore")
    findings = [*inspection.inspect(manifest, measured, pairs, policies, data.image_size), *regions]
    kept = ~np.isin(np.arange(len(manifest)), inspection.excluded(findings))
    own = own_groups(data, manifest)
    manifest = _grouped(manifest, own, inspection.clusters(len(manifest), findings), kept)
    split, undivided = _divided_or_why(config, manifest, kept)
    manifest = replace(manifest, table=manifest.table.assign(split=split))
    torn = leaks(manifest.table, groups.united(manifest.table["image"], own.values()), pairs, policies)
    split[inspection.excluded(torn)] = None
    manifest = replace(manifest, table=manifest.table.assign(split=split))
    findings += [*torn, *shortcuts(manifest, measured, policies)]
    findings.sort(key=lambda finding: list(KINDS).index(finding.kind))
    sound = manifest.take(np.flatnonzero(kept if undivided else split.notna()))
    stops = problem(findings, manifest) or undivided or _lacking_part(sound, len(manifest))
    return Audited(sound, manifest, tuple(findings), measured, stops)


def _divided_or_why(config: Config, manifest: Manifest, kept: NDArray[np.bool_]) -> tuple[pd.Series, DataError | None]:
    """The split of each row, or why there is none: what was found explains it, and is to be shown first."""
    try:
        return divided(config, manifest, kept), None
    except DataError as error:
        nothing = pd.Series(None, manifest.table.index, object)
        return nothing, _without_excluded(error, int(kept.sum()), len(manifest))


def _lacking_part(sound: Manifest, found: int) -> DataError | None:
    """The error of a split without pictures, or of a class that nothing could learn."""
    try:
        check_parts(sound.table, sound.classes)
    except DataError as error:
        return _without_excluded(error, len(sound), found)
    return None


def _without_excluded(error: DataError, used: int, found: int) -> DataError:
    return DataError(f"{error} ({found - used} of {found} pictures were excluded)") if used < found else error


def _read_root(data: Data, root: Path | None) -> Manifest:
    found: Manifest = registry.find("reader", data.reader.name).function(root, **data.reader.options)
    return found


def digests_of(data: Data, manifest: Manifest, progress: Progress) -> list[str | ImageError]:
    """A digest of every picture, or why it cannot be read."""
    known = Digests(data.cache or default_cache(), manifest.root)
    return known.of_pictures(progress.track(manifest.pictures(), len(manifest), "Looking for changes"))


def with_digests(manifest: Manifest, digests: Sequence[str | ImageError]) -> Manifest:
    readable = [None if isinstance(digest, ImageError) else digest for digest in digests]
    return replace(manifest, table=manifest.table.assign(digest=pd.Series(readable, dtype=object)))


def _regions(data: Data, manifest: Manifest, measured: Measurements, progress: Progress) -> list[Finding]:
    """Pictures that lack the region that a step crops to. A wrong box or mask makes a picture unreadable."""
    pictures = manifest.pictures()
    sizes = np.column_stack([measured.height, measured.width]).astype(np.int64)
    has_mask, problems = read_masks(pictures, sizes, progress)
    for row, (picture, (height, width)) in enumerate(zip(pictures, sizes.tolist(), strict=True)):
        problem = problems.get(row) or box_problem(picture, height, width)
        if problem and not measured.error[row]:
            measured.error[row] = problem
    has = {"box": manifest.table["box_x"].notna().to_numpy(), "masks": has_mask}
    findings = []
    for step in data.preprocess:
        region = registry.find("preprocess", step.name).traits.get("region")
        if region:
            detail = f"{'no box' if region == 'box' else 'no mask, or an empty one,'} for {step.name}"
            lacking = np.flatnonzero(~has[region] & measured.readable).tolist()
            findings += [Finding("no_region", _BY_RULE[step.options["without"]], (row,), detail) for row in lacking]
    return findings


def own_groups(data: Data, manifest: Manifest, *, needed: bool = True) -> dict[str, pd.Series]:
    """What the data themselves say: their column of groups, and what the pattern finds in the paths.

    Raises a DataError where the pattern is found nowhere, if it is `needed`.
    """
    table = manifest.table
    keys = {groups.COLUMN: table["group"]} if table["group"].notna().any() else {}
    if data.groups.pattern:
        found = groups.groups_by_pattern(table["image"], data.groups.pattern)
        if needed and found.isna().all():
            raise DataError(
                f"data.groups.pattern '{data.groups.pattern}' is found in none of the {len(table)} paths, the first is "
                f"{table['image'].iloc[0]}; correct the pattern"
            )
        keys[groups.PATTERN] = found
    return keys


def _grouped(
    manifest: Manifest, own: dict[str, pd.Series], clusters: NDArray[np.int64], kept: NDArray[np.bool_]
) -> Manifest:
    """Groups from the data themselves, joined by near-duplicates where these say more of the pictures that are kept."""
    images = manifest.table["image"]
    plain = groups.united(images, own.values())
    joined = groups.united(images, [*own.values(), clusters])
    derived = () if joined[kept].equals(plain[kept]) else (groups.NEAR_DUPLICATES,)
    return replace(manifest, table=manifest.table.assign(group=joined), groups_from=(*own, *derived))
