"""What a run was made on: versions, platform and code, and nothing that tells who made it."""

import getpass
import json
import platform
import socket
import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest

import cervinet
from cervinet import environment


@pytest.fixture
def repository(tmp_path, monkeypatch):
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    git("init", "--quiet")
    (tmp_path / "x").write_text("1")
    git("add", "x")
    git("-c", "user.name=Somebody", "-c", "user.email=some@body", "commit", "--quiet", "-m", "x")
    return tmp_path


def git(*arguments):
    return subprocess.run(["git", *arguments], check=True, capture_output=True, text=True).stdout.strip()


def test_versions_are_those_installed():
    found = environment.versions()
    assert found["cervinet"] == cervinet.__version__
    assert found["python"] == platform.python_version()
    for name in ("tensorflow", "keras", "numpy", "opencv-python-headless", "pillow", "pandas"):
        assert found[name] == version(name)


def test_neither_user_nor_host_nor_path_is_told(repository):
    written = json.dumps(environment.describe(seed=3, device="CPU"))
    for secret in (socket.gethostname(), platform.node(), str(Path.home()), str(repository), "Somebody", "some@body"):
        assert len(secret) < 3 or secret not in written
    user = getpass.getuser()
    assert f'"{user}"' not in written
    assert f"/{user}" not in written


def test_what_the_run_adds_is_kept():
    found = environment.describe(seed=3, device="GPU 0")
    assert (found["seed"], found["device"]) == (3, "GPU 0")
    assert set(found) == {"versions", "platform", "git_commit", "seed", "device"}


def test_the_commit_and_whether_files_differ(repository):
    commit = git("rev-parse", "HEAD")
    assert environment.describe()["git_commit"] == commit
    (repository / "untracked").touch()
    assert environment.describe()["git_commit"] == commit
    (repository / "x").write_text("2")
    assert environment.describe()["git_commit"] == f"{commit}-dirty"


def test_outside_a_repository_there_is_none(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.chdir(tmp_path)
    assert environment.describe()["git_commit"] is None


def test_without_git_there_is_none(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert environment.describe()["git_commit"] is None


def test_a_git_that_hangs_is_given_up(monkeypatch):
    def hang(*arguments, **named):
        raise subprocess.TimeoutExpired("git", named["timeout"])

    monkeypatch.setattr(environment.subprocess, "run", hang)
    assert environment.describe()["git_commit"] is None
