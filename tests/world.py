"""A finished run on tiny phantoms, trained once for all tests of a process that use it."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cervinet.cli import main
from cervinet.data.phantoms.phantom import write_phantoms

CONFIG = """\
name: tiny
data: {{root: {root}, image_size: [28, 28]}}
model: {{architecture: breast_cnn}}
training: {{epochs: 2, batch_size: 8, augment: {{horizontal_flip: 0.5}}}}
evaluation: {{draws: 100, report: false}}
"""


@dataclass(frozen=True)
class World:
    """Pictures in class folders (with a space and an accent in their path), a config for them, and a run."""

    folder: Path
    pictures: Path
    config: Path
    run: Path
    trained: Result

    def some(self, count: int) -> list[Path]:
        return sorted(self.pictures.rglob("*.jpg"))[:count]


def cervinet(*arguments: object) -> Result:
    """Run a command in this process; an unexpected exception fails the test with its traceback."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("world")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CERVINET_CACHE", str(folder / "cache"))
        pictures = write_phantoms(folder / "Café pictures", count=60, size=(32, 40), photographs=2, seed=3)
        (pictures / "phantoms.csv").rename(folder / "phantoms.csv")
        (pictures / "README.txt").unlink()
        config = folder / "tiny.yaml"
        config.write_text(CONFIG.format(root=f"'{pictures}'"), encoding="utf-8")
        trained = cervinet("train", "--config", config, "--run-dir", folder / "run")
    return World(folder, pictures, config, folder / "run", trained)
