"""Makers of small synthetic picture trees, shared by the tests."""

import gc
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
import pytest
from matplotlib.figure import Figure

from browser import browser  # noqa: F401
from cervinet import onnx_files
from world import world  # noqa: F401

SOURCE = Path(__file__).parents[1] / "src"
SAVE_FIGURE = Figure.savefig
WRITE_ONNX = onnx_files.written


def pytest_configure() -> None:
    """A shell without job control starts what is in its background with Ctrl-C ignored, and all its children too."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """What is loaded by now stays: no search for garbage needs to pass through all of TensorFlow again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)


def save_blank(self: Figure, file: str | Path | BinaryIO, *, format: str, **options: object) -> None:
    """Write a file of the kind with nothing in it."""
    nothing = cv2.imencode(".png", np.zeros((1, 1), np.uint8))[1].tobytes()
    content = {"png": nothing, "svg": b'<svg xmlns="http://www.w3.org/2000/svg"/>'}[format]
    file.write_bytes(content) if isinstance(file, Path) else file.write(content)


@pytest.fixture(scope="module")
def blank_figures() -> Iterator[None]:
    """For tests of something else: figures are made, but not drawn, which takes most of the time of an evaluation."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Figure, "savefig", save_blank)
        yield


@pytest.fixture
def drawn_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a module of blank figures: those of this test are drawn all the same."""
    monkeypatch.setattr(Figure, "savefig", SAVE_FIGURE)


@pytest.fixture(scope="module")
def no_onnx() -> Iterator[None]:
    """For tests of something else: training ends without `model.onnx`, whose conversion takes longer than they do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(onnx_files, "written", lambda config, manifest, predictor, run, progress: predictor)
        yield


@pytest.fixture
def writes_onnx(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a module without: this test's trainings write it all the same."""
    monkeypatch.setattr(onnx_files, "written", WRITE_ONNX)


def draw(path: Path, size: tuple[int, int] = (12, 16), seed: int | None = None) -> Path:
    """Write a picture of random blocks; its pixels follow from the seed, or from the path's name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    words = list(os.fsencode(path.name)) if seed is None else [seed]
    pixels = np.random.default_rng(words).integers(0, 256, (*size, 3), np.uint8)
    path.write_bytes(cv2.imencode(path.suffix, pixels)[1].tobytes())
    return path


@pytest.fixture
def pictures(tmp_path: Path) -> Callable[..., Path]:
    """`pictures(["a/1.png", "b/2.png"])` draws them under a folder of the test and returns the folder."""

    def make(names: Iterable[str], *, folder: str = "pictures", size: tuple[int, int] = (12, 16)) -> Path:
        root = tmp_path / folder
        root.mkdir(parents=True, exist_ok=True)
        for name in names:
            draw(root / name, size)
        return root

    return make


@pytest.fixture
def two_classes(pictures: Callable[..., Path]) -> Path:
    """A folder with four pictures of each of two classes."""
    return pictures([f"{label}/{number}.png" for label in ("benign", "malignant") for number in range(4)])


@pytest.fixture
def child() -> Callable[..., subprocess.CompletedProcess[str]]:
    """`child(code, *arguments)` runs Python code in a process of its own."""

    def run(code: str, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"PYTHONPATH": str(SOURCE)}
        command = [sys.executable, "-c", code, *arguments]
        return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=cwd, timeout=60)

    return run
