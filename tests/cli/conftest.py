"""What tests of the command line share."""

from collections.abc import Callable
from pathlib import Path

import pytest

from world import World


@pytest.fixture(scope="module", autouse=True)
def _few_figures_are_drawn_and_networks_converted(world: World, blank_figures: None, no_onnx: None) -> None:
    """Those of `world`, which is made before; and where a test asks for it."""


@pytest.fixture(autouse=True)
def _own_cache_and_folder(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CERVINET_CACHE", str(world.folder / "cache"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    def written(name: str, text: str) -> Path:
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name

    return written
