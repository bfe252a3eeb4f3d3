"""What each command does, step by step. Read this first; `assembly.py` shows what each step is given."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cervinet import assembly, data_records, learning, pictures
from cervinet.auditing import Audited, audited
from cervinet.config import Config
from cervinet.data.manifest import Manifest
from cervinet.data.picture import Picture
from cervinet.data.store import Store
from cervinet.errors import CervinetError, TrainingError
from cervinet.evaluation.evaluate import Evaluation
from cervinet.evaluation.predictions import Unreadable, write_predictions
from cervinet.model_card import ModelCard
from cervinet.progress import Progress, Silent
from cervinet.report.announce import announce_data, announce_findings, announce_network
from cervinet.run import Run, fresh_folder

if TYPE_CHECKING:
    from cervinet.inference.predictor import Prediction


@dataclass(frozen=True)
class Judged:
    """What a command found.

    Attributes:
        run: directory of the run.
        folder: where predictions, metrics and plots were written.
        evaluation: the metrics.
        note: says that the pictures were synthetic, or that groups were derived, where they were.
        unreadable: pictures without a prediction, and why.
    """

    run: Path
    folder: Path
    evaluation: Evaluation
    note: str
    unreadable: tuple[Unreadable, ...] = ()


@dataclass(frozen=True)
class Checked:
    """What `data check` found, and where it was written."""

    audited: Audited
    issues: Path
    page: Path


def train(config: Config, run_dir: Path | None, progress: Progress) -> Judged:
    """Read the pictures, fit the network, keep the best weights, judge them on the test split."""
    assembly.check_weights(config)
    found = audited(config, progress)
    announce_findings(progress, found.whole, found.findings)
    manifest = found.sound()
    classes = data_records.count_classes(config, manifest, progress)
    run = Run.create(run_dir, config.name)
    with status_kept(run):
        announce_data(progress, manifest)
        data_records.write_data(config, found, classes, run, progress)
        return _train(config, manifest, run, progress)


def dry_run(config: Config, progress: Progress) -> None:
    """Read every picture, then do all that `train` does with one batch of each split, and remove the results."""
    assembly.check_weights(config)
    found = audited(config, progress)
    announce_findings(progress, found.whole, found.findings)
    manifest = found.sound()
    announce_data(progress, manifest)
    data_records.count_classes(config, manifest, progress)
    config = config.model_copy(
        update={
            "data": config.data.model_copy(update={"store": False}),
            "training": config.training.model_copy(
                update={"epochs": None, "phases": [phase.model_copy(update={"epochs": 1}) for phase in config.phases()]}
            ),
            "evaluation": config.evaluation.model_copy(update={"draws": 100}),
        }
    )
    with tempfile.TemporaryDirectory(prefix="cervinet-") as folder:
        run = Run.create(Path(folder) / "run", config.name)
        _train(config, pictures.few(config, manifest), run, progress, keep=False)


def evaluate(
    run: Run, config: Config, *, external: bool, out: Path | None, progress: Progress, views: int | None = None
) -> Judged:
    """Judge a run on its own test split, or on all pictures of `config.data` (`external`)."""
    from cervinet.inference.collect import collect
    from cervinet.inference.predictor import Predictor

    predictor = Predictor.load(run, views)
    split = "external" if external else "test"
    manifest = pictures.pictures_to_judge(config, run, external, progress)
    folder = run.new_evaluation(split) if out is None else Run.claim(out)
    found = list(progress.track(predictor.pictures(manifest.pictures()), len(manifest), "Predicting"))
    predictions = collect(manifest, found, split)
    write_predictions(predictions, folder / f"predictions_{split}.csv")
    note = assembly.caption(manifest, predictor.card)
    evaluation = assembly.judge(config, predictions, folder, note)
    return Judged(run.path, folder, evaluation, note, predictions.unreadable)


def predict(
    run: Run, pictures: Sequence[Picture], progress: Progress, views: int | None = None
) -> tuple[ModelCard, Iterator["Prediction"]]:
    """Every picture's probabilities, in order, as they are ready."""
    from cervinet.inference.predictor import Predictor

    predictor = Predictor.load(run, views)
    return predictor.card, progress.track(predictor.pictures(pictures), len(pictures), "Predicting")


def prepare(config: Config, progress: Progress) -> Store:
    """Build the store of prepared pictures ahead of training."""
    return pictures.build_store(config, audited(config, progress).sound(), progress)


def check_data(config: Config, out: Path | None, progress: Progress) -> Checked:
    """Audit the pictures and write down what was found, whether or not it would stop a run."""
    found = audited(config, progress)
    folder = fresh_folder(Path("checks"), config.name) if out is None else Run.claim(out)
    files = Run(folder)
    data_records.write_findings(config, found, files, progress)
    return Checked(found, files.issues, files.data_page)


def preview(config: Config, to: Path, views: int, progress: Progress) -> None:
    """Draw pictures of each class as the network gets them, augmented and not."""
    manifest = pictures.read_manifest(config)
    data_records.draw_preview(config, manifest, to, views)


def fetch_weights(name: str, folder: Path) -> Path:
    """Download ImageNet weights and keep them as a file that `model.weights` takes."""
    from cervinet.models.backbones import check_backbone
    from cervinet.models.build import fetch_imagenet
    from cervinet.training.checkpoint import save_weights

    check_backbone(name)
    path = folder / f"{name}.weights.h5"
    save_weights(fetch_imagenet(name), path)
    return path


def example_pictures(run: Run, count: int) -> list[Path]:
    """The first pictures of each class of a run's test split."""
    manifest = pictures.pictures_to_judge(pictures.config_of(run, None, ()), run, external=False, progress=Silent())
    return [manifest.root / image for image in manifest.table.groupby("label").head(1)["image"][:count]]


def _train(config: Config, manifest: Manifest, run: Run, progress: Progress, keep: bool = True) -> Judged:
    from cervinet.inference.collect import predict_rows

    device = assembly.set_up_device(config)
    assembly.write_inputs(config, manifest, run, device)
    run.mark("start")
    images = pictures.open_images(config, manifest, progress)
    run.mark("prepare")
    with device.scope():
        model = learning.build_network(config, manifest)
    announce_network(progress, model, config.model.weights, device, run.path if keep else None)
    run.mark("build")
    best_epoch = learning.fit_network(learning.Material(config, manifest, images, device), model, run, progress)
    run.mark("fit")
    progress.say(f"Best epoch: {best_epoch} by {config.training.monitor}. Judging it on the test split.")
    predictor = assembly.save_model(config, manifest, model, run)
    for split in ("val", "test"):
        predictions = predict_rows(predictor, manifest, images, split)
        write_predictions(predictions, run.predictions(split))
    note = assembly.caption(manifest, predictor.card)
    evaluation = assembly.judge(config, predictions, run.path, note)
    run.mark("judge")
    return Judged(run.path, run.path, evaluation, note)


@contextmanager
def status_kept(run: Run) -> Iterator[None]:
    """Write into the run how it ended, whatever ends it."""
    try:
        yield
        run.set_status("finished")
    except KeyboardInterrupt:
        run.set_status("interrupted")
        raise
    except BaseException as error:
        with suppress(OSError):  # a full disk, most likely what ended the run, takes no status either
            run.set_status("failed", str(error) if isinstance(error, CervinetError) else repr(error))
        if isinstance(error, OSError):
            raise TrainingError(f"the run in {run.path} could not be written: {error.strerror or error}") from error
        raise
