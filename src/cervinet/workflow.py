"""What each command does, step by step. Read this first; `assembly.py` shows what each step is given.

The steps of `cervinet predict` are in `answering.py`, which is quick to import.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cervinet import assembly, assessing, data_records, deciding, frozen, learning, pictures, resuming, settling
from cervinet.assessing import Judged
from cervinet.auditing import Audited, audited
from cervinet.config import Config
from cervinet.data.imbalance import EffectiveCount
from cervinet.data.manifest import Manifest
from cervinet.data.store import Store
from cervinet.evaluation.predictions import write_predictions
from cervinet.folders import claimed_folder, fresh_folder
from cervinet.holding import claimed, held, status_kept
from cervinet.interruption import Interrupted
from cervinet.progress import Progress, Silent
from cervinet.report.announce import announce_data, announce_findings, announce_network
from cervinet.run import Run

if TYPE_CHECKING:
    from cervinet.training.checkpoint import Saved
    from cervinet.training.devices import Device


@dataclass(frozen=True)
class Checked:
    """What `data check` found, and where it was written."""

    audited: Audited
    issues: Path
    page: Path


def train(config: Config, run_dir: Path | None, progress: Progress) -> Judged | None:
    """Read the pictures, fit the network, keep the best weights, judge them on the test split.

    Of several processes that train together, only the first judges; the others return None.
    """
    assembly.check_weights(config)
    device = assembly.set_up_device(config, progress)
    found = audited(config, progress)
    announce_findings(progress, found.whole, found.findings)
    classes = data_records.count_classes(config, found.sound(), progress)
    with (
        claimed(run_dir, config.name, chief=device.cluster.chief) as run,
        status_kept(run),
        assembly.watched(device, run),
    ):
        return _from_the_beginning(config, found, classes, device, run, progress)


def resume(run: Run, config: Config, progress: Progress) -> Judged | None:
    """Go on with a run from its newest checkpoint, or from its beginning where it has none yet."""
    with held(run, chief=assembly.cluster().chief) as own:
        saved = resuming.saved_state(run, config, progress)
        if saved is None:
            assembly.check_weights(config)
            progress.say(f"{run.path} has no checkpoint yet: it begins anew.")
        device = assembly.set_up_device(config, progress, saved.facts["precision"] if saved else None)
        if saved is None:
            found = audited(config, progress)
            classes = data_records.count_classes(config, found.sound(), progress)
            with status_kept(own), assembly.watched(device, run):
                return _from_the_beginning(config, found, classes, device, own, progress)
        manifest = resuming.same_pictures(run, config, saved, progress)
        with status_kept(own), assembly.watched(device, run):
            announce_data(progress, manifest)
            assembly.write_config(config, manifest.classes, own)
            return _train(config, manifest, device, own, progress, saved)


def dry_run(config: Config, progress: Progress) -> None:
    """Read every picture, then do all that `train` does with one batch of each split, and remove the results."""
    assembly.check_weights(config)
    device = assembly.set_up_device(config, progress)
    found = audited(config, progress)
    announce_findings(progress, found.whole, found.findings)
    manifest = found.sound()
    announce_data(progress, manifest)
    data_records.count_classes(config, manifest, progress)
    deciding.check_evaluation(config.evaluation, deciding.unanswered(manifest, "test"))
    phases = [phase.model_copy(update={"epochs": 1}) for phase in config.phases()]
    with tempfile.TemporaryDirectory(prefix="cervinet-") as folder:
        config = config.model_copy(
            update={
                "data": config.data.model_copy(update={"store": False, "cache": Path(folder) / "cache"}),
                "training": config.training.model_copy(update={"epochs": None, "phases": phases}),
                "evaluation": config.evaluation.model_copy(update={"draws": 100, "report": False}),
            }
        )
        run = Run.create(Path(folder) / "run", config.name)
        assembly.write_config(config, manifest.classes, run)
        try:
            with assembly.watched(device, None):
                _train(config, pictures.few(config, manifest), device, run, progress, keep=False)
        except Interrupted:
            raise KeyboardInterrupt from None  # nothing is kept to go on from


def evaluate(
    run: Run,
    config: Config,
    *,
    out: Path | None,
    progress: Progress,
    extras: assessing.Extras = assessing.NOTHING_MORE,
) -> Judged:
    """Judge a run on its own test split, or on all pictures of `config.data` (`extras.external`)."""
    from cervinet.inference.collect import collect
    from cervinet.inference.predictor import Predictor

    predictor = Predictor.load(run, extras.views)
    split = "external" if extras.external else "test"
    manifest = pictures.pictures_to_judge(config, run, extras.external, progress)
    known = deciding.unanswered(manifest, gated=bool(predictor.card.gate))
    deciding.check_evaluation(config.evaluation, replace(known, split=split))
    folder = run.new_evaluation(split) if out is None else claimed_folder(out)
    found = list(progress.track(predictor.pictures(manifest.pictures()), len(manifest), "Predicting"))
    predictions = collect(manifest, found, split, predictor.card.subclasses, gated=bool(predictor.card.gate))
    write_predictions(predictions, folder / f"predictions_{split}.csv")
    note = assembly.caption(manifest, predictor.card)
    return assessing.judge(config, run, predictor.card, manifest, predictions, folder, note, progress, extras)


def prepare(config: Config, progress: Progress) -> Store:
    """Build the store of prepared pictures ahead of training."""
    return pictures.build_store(config, audited(config, progress).sound(), progress)


def check_data(config: Config, out: Path | None, progress: Progress) -> Checked:
    """Audit the pictures and write down what was found, whether or not it would stop a run."""
    found = audited(config, progress)
    folder = fresh_folder(Path("checks"), config.name) if out is None else claimed_folder(out)
    files = Run(folder)
    data_records.write_findings(config, found, files, progress)
    return Checked(found, files.issues, files.data_page)


def preview(config: Config, to: Path, views: int, progress: Progress) -> None:
    """Draw pictures of each class as the network gets them, augmented and not."""
    manifest = pictures.read_manifest(config)
    data_records.draw_preview(config, manifest, to, views)


def fetch_weights(name: str, folder: Path) -> Path:
    """Download ImageNet weights and keep them as a file that `model.weights` takes."""
    from cervinet.models.weights import fetch_imagenet
    from cervinet.training.checkpoint import save_weights

    path = folder / f"{name}.weights.h5"
    save_weights(fetch_imagenet(name), path)
    return path


def example_pictures(run: Run, count: int) -> list[Path]:
    """The first pictures of each class of a run's test split."""
    manifest = pictures.pictures_to_judge(pictures.config_of(run, None, ()), run, external=False, progress=Silent())
    return [manifest.root / image for image in manifest.table.groupby("label").head(1)["image"][:count]]


def _from_the_beginning(
    config: Config,
    found: Audited,
    classes: Sequence[EffectiveCount],
    device: "Device",
    run: Run,
    progress: Progress,
) -> Judged | None:
    manifest = found.sound()
    deciding.check_evaluation(config.evaluation, deciding.unanswered(manifest, "test"))
    assembly.write_config(config, manifest.classes, run)
    announce_data(progress, manifest)
    data_records.write_data(config, found, classes, run, progress)
    return _train(config, manifest, device, run, progress)


def _train(
    config: Config,
    manifest: Manifest,
    device: "Device",
    run: Run,
    progress: Progress,
    saved: "Saved | None" = None,
    keep: bool = True,
) -> Judged | None:
    assembly.agree(device, config, manifest, saved)
    assembly.write_environment(config, run, device, resumed=saved is not None)
    run.mark("start")
    images = pictures.open_images(config, manifest, progress)
    run.mark("prepare")
    with device.scope():
        model = learning.build_network(config, manifest, progress, weights=saved is None)
    assembly.agree_on_weights(device, model)
    announce_network(progress, model, config.model.weights, device, run.path if keep else None)
    run.mark("build")
    material = learning.Material(config, manifest, images, device)
    best_epoch = learning.fit_network(material, model, run, progress, saved)
    run.mark("fit")
    if not device.cluster.chief:
        assembly.meet(device)
        return None
    progress.say(f"Best epoch: {best_epoch} by {config.training.monitor}. Judging it on the test split.")
    predictor = assembly.save_model(config, manifest, model, run)
    known = frozen.pictures_to_judge(config, manifest, images, model, device)
    found = settling.settle_and_judge(config, manifest, known, predictor, run, progress)
    assembly.meet(device)
    return found
