"""On what a run was made: versions, platform, code. No user name, no host name, no path."""

import os
import platform
import subprocess
from contextlib import suppress
from typing import Any

from cervinet import __version__

PACKAGES = (
    *("keras", "matplotlib", "numpy", "onnxruntime", "opencv-python-headless", "pandas", "pillow"),
    *("pydantic", "scipy", "tensorflow", "tf2onnx"),
)


def cores() -> int:
    """The processors this process may use, which in a container or a batch job are fewer than the machine's."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def versions() -> dict[str, str]:
    """Of cervinet, Python and the packages whose change could change a number."""
    from importlib.metadata import PackageNotFoundError, version  # it brings an e-mail parser along

    found = {"cervinet": __version__, "python": platform.python_version()}
    for name in PACKAGES:
        with suppress(PackageNotFoundError):  # installed under another name, such as tensorflow-cpu
            found[name] = version(name)
    return found


def describe(**more: Any) -> dict[str, Any]:
    """The content of `environment.json`."""
    return {"versions": versions(), "platform": platform.platform(), "git_commit": _git_commit(), **more}


def _git_commit() -> str | None:
    """The commit of the folder the command runs in, with `-dirty` where files differ from it; None without git."""
    try:
        commit = _git("rev-parse", "HEAD")
        return commit + ("-dirty" if _git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.SubprocessError):
        return None


def _git(*arguments: str) -> str:
    return subprocess.run(("git", *arguments), capture_output=True, text=True, check=True, timeout=10).stdout.strip()
