"""The end of training: what is settled on the validation pictures, the files for use, and the judgement."""

from dataclasses import replace
from typing import TYPE_CHECKING

from cervinet import assembly, assessing, deciding, gating, onnx_files
from cervinet.assessing import Judged
from cervinet.config import Config
from cervinet.data.feature_store import Features
from cervinet.data.manifest import Manifest
from cervinet.data.store import Images
from cervinet.evaluation.predictions import write_predictions
from cervinet.progress import Progress
from cervinet.run import Run

if TYPE_CHECKING:
    from cervinet.inference.predictor import Predictor


def settle_and_judge(
    config: Config,
    manifest: Manifest,
    images: Images | Features,
    predictor: "Predictor",
    run: Run,
    progress: Progress,
) -> Judged:
    """Fit gate and calibration and choose thresholds on the validation pictures, then judge the test pictures."""
    from cervinet.inference.collect import predict_rows

    predictor = gating.gated(config, manifest, images, predictor, run, progress)
    predictor = onnx_files.written(config, manifest, predictor, run, progress)
    run.mark("export")
    ungated = predictor.with_card(replace(predictor.card, gate={}))  # its limits are of these very pictures
    validation = predict_rows(ungated, manifest, images, "val")
    settled = deciding.settled(config.evaluation, predictor.card, validation, progress)
    card = settled.on(predictor.card)
    run.write_card(card)
    if validation.images:
        write_predictions(deciding.calibrated(validation, settled.calibration, card), run.predictions("val"))
    predictions = predict_rows(predictor.with_card(card), manifest, images, "test")
    write_predictions(predictions, run.predictions("test"))
    run.mark("predict")
    note, judged = assembly.caption(manifest, card), manifest.take(manifest.part("test").index.to_numpy())
    found = assessing.judge(config, run, card, judged, predictions, run.path, note, progress)
    run.mark("judge")
    return found
