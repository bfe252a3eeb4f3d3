"""A run of several phases that is stopped at the border between two of them ends as in one piece."""

import os
import signal
from pathlib import Path

import pandas as pd
import pytest
from test_cli_resume import interrupting

from cervinet.data.feature_store import FeatureFile
from cervinet.keeping import Keeper
from soak import result_of
from world import World, cervinet

SETTINGS = (
    *("model.architecture={vgg16: {dense: [8], dropout: 0.3}}", "data.image_size=[32, 32]"),
    *("training.epochs=", "training.feature_views=2", "training.schedule=cosine", "training.ema=0.9", "--quiet"),
    "training.phases=[{epochs: 2, train: head}, {epochs: 1, learning_rate: 1e-5, train: {blocks: 1}}]",
)


def stopping(patch: pytest.MonkeyPatch, kind: type, name: str, at: int) -> None:
    """Ask this process to end when a method was called so many times."""
    method, calls = getattr(kind, name), [0]

    def signalled(*arguments: object) -> object:
        found = method(*arguments)
        calls[0] += 1
        if calls[0] == at:
            os.kill(os.getpid(), signal.SIGTERM)
        return found

    patch.setattr(kind, name, signalled)


@pytest.mark.slow
def test_stopped_while_features_are_computed_and_at_both_sides_of_the_border(world: World, tmp_path: Path) -> None:
    def train(*words: object) -> tuple[int, str]:
        result = cervinet("train", *words)
        return result.exit_code, result.stderr.removeprefix(f"Run: {run}\n").partition(";")[0]

    whole, run = tmp_path / "whole", tmp_path / "run"
    begin = ("--config", world.config, *SETTINGS)
    assert train(*begin, f"data.cache={tmp_path / 'one'}", "--run-dir", whole)[0] == 0
    begin = (*begin, f"data.cache={tmp_path / 'other'}", "--run-dir", run)
    with pytest.MonkeyPatch.context() as patch:
        stopping(patch, FeatureFile, "write", 2)
        assert train(*begin) == (130, "Interrupted before all features were computed")
    with pytest.MonkeyPatch.context() as patch:
        stopping(patch, Keeper, "_on_epoch", 2)
        assert train("--resume", run, "--quiet") == (130, "Interrupted before epoch 3, step 1 of 5")
    with pytest.MonkeyPatch.context() as patch:
        interrupting(patch, 1)
        assert train("--resume", run, "--quiet") == (130, "Interrupted before epoch 3, step 2 of 5")
    assert train("--resume", run, "--quiet")[0] == 0
    assert pd.read_csv(run / "history.csv")["phase"].tolist() == [1, 1, 2]
    found, expected = result_of(run), result_of(whole)
    assert [name for name in expected if found[name] != expected[name]] == []
