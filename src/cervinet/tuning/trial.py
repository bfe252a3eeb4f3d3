"""One trial of a search: a training that is judged on its validation split alone."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from cervinet import assembly, learning, pictures
from cervinet.auditing import audited
from cervinet.config import Config
from cervinet.files import write_atomically
from cervinet.progress import Progress, Silent
from cervinet.report.announce import announce_data, announce_findings
from cervinet.run import Run
from cervinet.tuning.search import Hopeless, Report, Row
from cervinet.tuning.tune import Trial


def trial_of(config: Config, progress: Progress) -> Trial:
    """Read and check the pictures once; what then trains a config on them.

    Raises:
        UsageError: several processes are to work together.
    """
    assembly.check_alone("a search")
    assembly.check_weights(config)
    found = audited(config, progress)
    announce_findings(progress, found.whole, found.findings)
    manifest = found.sound()
    announce_data(progress, manifest)
    pictures.open_images(config, manifest, progress)  # prepared here, with a bar

    def trial(config: Config, folder: Path, report: Report) -> float:
        import keras

        keras.backend.clear_session()
        run = Run.create(folder, config.name)
        write_atomically(run.config, config.to_yaml().encode())
        device = assembly.set_up_device(config, Silent())
        images = pictures.open_images(config, manifest, Silent())
        with device.scope():
            model = learning.build_network(config, manifest, Silent())
        told = _Told(report)
        try:
            best = learning.fit_network(learning.Material(config, manifest, images, device), model, run, told)
        except Hopeless:
            run.set_status("interrupted", "worse than half of the trials before it")
            raise
        finally:
            shutil.rmtree(run.checkpoints, ignore_errors=True)  # `train` makes the best ones again
        run.set_status("finished")
        return told.history[best - 1][config.training.monitor]

    return trial


class _Told(Silent):
    """Shows nothing, and hands each epoch on to the search."""

    def __init__(self, report: Report) -> None:
        self.history: list[Row] = []
        self._report = report

    def epoch(self, row: Mapping[str, float], epochs: int, best: bool) -> None:
        self.history.append(row)
        self._report(self.history)
