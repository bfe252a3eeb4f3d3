"""Two worker processes on loopback: they learn what one learns, one writes, and neither waits for a dead one."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest

import cervinet
from cervinet.data.phantoms.phantom import write_phantoms

pytestmark = pytest.mark.slow

# Without dropout and batch normalisation, which each device does for itself.
MAIN = """
from cervinet.cli import main
from cervinet.models import networks
from cervinet.registry import register

@register("architecture", smallest=8, pretrained=False)
def plain(inputs):
    from keras import layers
    x = layers.Conv2D(8, 3, strides=2, activation="relu", kernel_regularizer="l2")(layers.Rescaling(1 / 255)(inputs))
    return layers.Dense(8, activation="relu")(layers.Flatten()(x))

main()
"""
CONFIG = """\
data: {{root: '{root}', image_size: [28, 28]}}
model: {{architecture: plain}}
training:
  epochs: 3
  batch_size: 7
  ema: 0.9
  augment: {{horizontal_flip: 0.5, mixup: {{strength: 0.4, probability: 0.5}}}}
evaluation: {{draws: 100, report: false}}
export: {{onnx: false}}
"""
SOURCE = Path(cervinet.__file__).parents[1]
LIMIT = 240

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cluster")
    pictures = write_phantoms(folder / "pictures", count=61, size=(32, 32), photographs=2, seed=1)
    (folder / "tiny.yaml").write_text(CONFIG.format(root=pictures))
    return folder / "tiny.yaml"


@pytest.fixture
def start(config: Path, tmp_path: Path) -> Iterator[Start]:
    """`start(run, *settings, worker=1, ports=[…])` starts `cervinet train`, which ends with the test at the latest."""
    started = []

    def train(
        run: Path, *settings: str, worker: int = 0, ports: tuple[int, ...] = (), resume: bool = False
    ) -> subprocess.Popen[str]:
        temporary = tmp_path / f"temporary{worker}"
        temporary.mkdir(exist_ok=True)
        cluster = {"worker": [f"127.0.0.1:{port}" for port in ports]}
        own = (
            {"TF_CONFIG": json.dumps({"cluster": cluster, "task": {"type": "worker", "index": worker}})}
            if ports
            else {}
        )
        own |= {"PYTHONPATH": str(SOURCE), "CERVINET_CACHE": str(tmp_path / "cache"), "TMPDIR": str(temporary)}
        own |= {"PYTHONDONTWRITEBYTECODE": "1"}  # TensorFlow's traced code is compiled into the temporary folder
        words = ["--resume", str(run)] if resume else ["--config", str(config), "--run-dir", str(run)]
        command = [sys.executable, "-c", MAIN, "train", *words, *settings]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        started.append(subprocess.Popen(command, env=os.environ | own, cwd=tmp_path, **pipes))
        return started[-1]

    yield train
    for process in started:
        process.kill()
        with process:  # waits, and closes what it said
            pass


def free_ports(count: int) -> tuple[int, ...]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = tuple(one.getsockname()[1] for one in sockets)
    for one in sockets:
        one.close()
    return ports


def test_two_workers_give_the_run_of_one_process_and_one_of_them_writes_it(start: Start, tmp_path: Path) -> None:
    ports = free_ports(2)
    workers = [start(tmp_path / "two", worker=number, ports=ports) for number in (0, 1)]
    (said, news), (other_said, _) = (worker.communicate(timeout=LIMIT) for worker in workers)
    assert [worker.returncode for worker in workers] == [0, 0], news
    assert "device      2 workers, each CPU" in news
    assert "log loss" in said
    assert other_said == ""
    assert not list((tmp_path / "temporary1").iterdir())

    one = start(tmp_path / "one")
    assert "log loss" in one.communicate(timeout=LIMIT)[0]
    histories = [pd.read_csv(tmp_path / run / "history.csv").drop(columns="seconds") for run in ("one", "two")]
    np.testing.assert_allclose(*histories, atol=1e-4)
    assert len(histories[0]) == 3
    weights = [keras.models.load_model(tmp_path / run / "model.keras").get_weights() for run in ("one", "two")]
    for mine, expected in zip(*weights, strict=True):
        np.testing.assert_allclose(mine, expected, atol=1e-4)
    names = [{path.relative_to(tmp_path / run) for path in (tmp_path / run).rglob("*")} for run in ("one", "two")]
    assert names[0] == names[1]


@pytest.mark.parametrize(("dead", "survivor"), [(1, 0), (0, 1)])
def test_a_worker_that_is_killed_ends_the_other_with_one_sentence(start: Start, tmp_path: Path, dead, survivor) -> None:
    ports, run = free_ports(2), tmp_path / "run"
    workers = [start(run, "training.epochs=100000", worker=number, ports=ports) for number in (0, 1)]
    wait_for(run / "history.csv", workers)
    workers[dead].send_signal(signal.SIGKILL)
    news = workers[survivor].communicate(timeout=LIMIT)[1]
    where = run if survivor == 0 else "RUN"
    assert workers[survivor].returncode == 6
    assert news.splitlines()[-1] == (
        f"Error: worker {dead} (127.0.0.1:{ports[dead]}) is gone; go on with `cervinet train --resume {where}`, "
        "started on every machine"
    )
    if survivor == 0:
        assert json.loads((run / "status.json").read_text())["state"] == "failed"
    else:
        assert not list((tmp_path / "temporary1").iterdir())


def test_either_worker_terminated_ends_both_at_one_step_and_they_go_on_as_in_one_piece(
    start: Start, tmp_path: Path
) -> None:
    ports, run = free_ports(2), tmp_path / "run"
    whole = [start(tmp_path / "whole", "training.epochs=12", worker=number, ports=ports) for number in (0, 1)]
    assert [worker.wait(LIMIT) for worker in whole] == [0, 0]
    ports = free_ports(2)
    workers = [start(run, "training.epochs=12", worker=number, ports=ports) for number in (0, 1)]
    wait_for(run / "history.csv", workers)
    workers[1].send_signal(signal.SIGTERM)
    news, other_news = (worker.communicate(timeout=LIMIT)[1] for worker in workers)
    assert [worker.returncode for worker in workers] == [130, 130]
    assert news.splitlines()[-2:] == ["Next:", f"  cervinet train --resume {run}"]
    assert other_news == "Interrupted.\n"
    (saved,) = (run / "checkpoints").glob("step-*")
    assert json.loads((saved / "state.json").read_text())["state"]["epoch"] < 12

    ports = free_ports(2)
    workers = [start(run, worker=number, ports=ports, resume=True) for number in (0, 1)]
    assert [worker.wait(LIMIT) for worker in workers] == [0, 0]
    histories = [pd.read_csv(one / "history.csv").drop(columns="seconds") for one in (run, tmp_path / "whole")]
    pd.testing.assert_frame_equal(*histories, check_exact=True)
    assert (run / "predictions_test.csv").read_bytes() == (tmp_path / "whole" / "predictions_test.csv").read_bytes()


def test_workers_that_were_told_different_things_stop_before_they_train(start: Start, tmp_path: Path) -> None:
    ports = free_ports(2)
    workers = [
        start(tmp_path / "run", f"training.learning_rate=1e-{number + 3}", worker=number, ports=ports)
        for number in (0, 1)
    ]
    for worker in workers:
        news = worker.communicate(timeout=LIMIT)[1]
        assert worker.returncode == 6
        assert (
            f"Error: worker 1 (127.0.0.1:{ports[1]}) has other settings than worker 0 (127.0.0.1:{ports[0]}); every "
            "process of a run must be started with the same command on the same pictures, with the same versions "
            "installed\n"
        ) in news


def wait_for(path: Path, workers: list[subprocess.Popen[str]]) -> None:
    deadline = time.monotonic() + LIMIT
    while not path.exists():
        assert time.monotonic() < deadline
        assert [worker.poll() for worker in workers] == [None, None]
        time.sleep(0.2)
