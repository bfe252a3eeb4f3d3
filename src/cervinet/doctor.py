"""What is installed here, what this machine has, and what would keep cervinet from working on it.

Nothing but Python's own library is imported until the packages were found.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from cervinet.environment import cores

State = Literal["ok", "note", "fault"]

LEAST_MEMORY, LEAST_ROOM = 4 << 30, 5 << 30
"""Bytes with which the networks of the shipped configs train, and that a few thousand prepared pictures take."""
_PATIENCE = 180
_INSTALL = "pip install --upgrade . in the folder of cervinet"
_NVIDIA = Path("/dev/nvidia0")
_OPENCV = "opencv-python-headless"
_RIVALS = ("opencv-python", "opencv-contrib-python", "opencv-contrib-python-headless")
_LOOKED_AT = (_OPENCV, "tensorflow")
_NEEDED = re.compile(r"([\w.-]+)(?:\[[\w,-]+])?>=([\d.]+)$")
_ASKED = """
import json, tensorflow as tf
gpus = [tf.config.experimental.get_device_details(one).get("device_name", "GPU")
        for one in tf.config.list_physical_devices("GPU")]
print(json.dumps([tf.__version__, gpus]))
"""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        what: its name.
        found: in words.
        state: "note" for what works but could be better or is left out, "fault" for what does not work.
        advice: what to do, as a sentence; empty where nothing is to be done.
    """

    what: str
    found: str
    state: State = "ok"
    advice: str = ""


def examined() -> Iterator[Finding]:
    """Everything, one after the other; TensorFlow takes some seconds. The rest of packages that fail is not known."""
    packages = _packages()
    yield packages
    opencv = _opencv()
    yield opencv
    yield from _extras()
    yield Finding("processors", str(cores()))
    yield _memory()
    if packages.state == opencv.state == "ok":
        yield from _tensorflow()
        yield _cache()
        yield _weights()


def _packages() -> Finding:
    """Without those that have other names too, which are looked at by themselves."""
    wrong, needed = [], [(name, least) for name, least in _needs(None) if name not in _LOOKED_AT]
    if not needed:
        return Finding("packages", "not known, for cervinet is not installed", "note", f"Install it: {_INSTALL}")
    for name, least in needed:
        version = _version(name)
        if version is None:
            wrong.append(f"{name} (not installed)")
        elif _numbers(version) < _numbers(least):
            wrong.append(f"{name} {version} (needs {least})")
    if not wrong:
        return Finding("packages", f"all {len(needed)} that cervinet needs")
    return Finding("packages", ", ".join(wrong), "fault", f"Install them: {_INSTALL}")


def _opencv() -> Finding:
    """Several builds share one folder, and each removes files of the others when it is removed."""
    builds = [name for name in (_OPENCV, *_RIVALS) if _version(name)]
    if any(_installer(name) == "conda" for name in builds):  # one build there, under the names of several
        builds = builds[:1]
    if len(builds) > 1:
        advice = (
            "Keep one, for they overwrite each other: "
            f"pip uninstall {' '.join(builds)}; pip install opencv-python-headless"
        )
        return Finding("OpenCV", " and ".join(builds), "fault", advice)
    if not builds:
        return Finding("OpenCV", "not installed", "fault", "Install it: pip install opencv-python-headless")
    return _of_version("OpenCV", f"{builds[0]} ", _version(builds[0]) or "", _OPENCV)


def _extras() -> Iterator[Finding]:
    uses = {
        "dicom": "DICOM pictures",
        "hpo": "`cervinet tune`",
        "kaggle": "`cervinet data download`",
        "serve": "`cervinet serve`",
        "ui": "the page of `cervinet serve`",
    }
    for extra, use in uses.items():
        needed = [name for name, _ in _needs(extra)]
        missing = [name for name in needed if _version(name) is None]
        if not needed:
            continue
        if missing:
            advice = f"For {use}: pip install 'cervinet[{extra}]'"
            yield Finding(f"extra {extra}", f"without {', '.join(missing)}", "note", advice)
        else:
            yield Finding(f"extra {extra}", f"there, for {use}")


def _memory() -> Finding:
    size = _memory_size()
    if size is None:
        return Finding("memory", "not known")
    found = f"{size / 2**30:.1f} GiB"
    if size >= LEAST_MEMORY:
        return Finding("memory", found)
    return Finding("memory", found, "note", "Train with small batches: training.batch_size=8 training.accumulate=4")


def _tensorflow() -> Iterator[Finding]:
    """In a process of its own, for where it does not fit the processor it ends the process."""
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", _ASKED], capture_output=True, text=True, env=environment, timeout=_PATIENCE
        )
    except subprocess.TimeoutExpired:
        yield Finding("TensorFlow", f"does not start within {_PATIENCE} s", "fault", "Install it anew.")
        return
    if done.returncode < 0:
        advice = "Its wheels need a processor with AVX; predict, explain and serve work without it."
        yield Finding("TensorFlow", f"ends by signal {-done.returncode} when it is imported", "fault", advice)
        return
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["it says nothing"]
        yield Finding(
            "TensorFlow", said[-1][:200], "fault", "Install it anew: pip install --force-reinstall tensorflow"
        )
        return
    version, gpus = json.loads(done.stdout.splitlines()[-1])
    yield _of_version("TensorFlow", "", version, "tensorflow")
    if gpus:
        yield Finding("GPU", ", ".join(gpus))
    elif shutil.which("nvidia-smi") or os.path.exists(_NVIDIA):
        advice = "For CUDA's libraries: pip install 'cervinet[cuda]'"
        yield Finding("GPU", "one of NVIDIA, which TensorFlow does not find", "note", advice)
    else:
        yield Finding("GPU", "none; networks are trained on the processors")


def _cache() -> Finding:
    from cervinet.data.store import default_cache

    try:
        folder = default_cache()
    except RuntimeError:
        return Finding("cache", "there is no home directory", "fault", "Set CERVINET_CACHE to a folder.")
    # Not Path.exists, which minds folders of others.
    there = next(one for one in (folder, *folder.absolute().parents) if os.path.exists(one))
    if not (there.is_dir() and os.access(there, os.W_OK)):
        return Finding("cache", f"{folder} cannot be written", "fault", "Set CERVINET_CACHE to a folder that can.")
    room = shutil.disk_usage(there).free
    found = f"{folder}, {room / 2**30:.0f} GiB free"
    if room >= LEAST_ROOM:
        return Finding("cache", found)
    return Finding("cache", found, "note", "Make room, or set CERVINET_CACHE to a larger disk.")


def _weights() -> Finding:
    folder = Path(os.environ.get("KERAS_HOME") or os.path.expanduser("~/.keras")) / "models"
    files = [*folder.glob("*.h5"), *folder.glob("*.keras")] if os.path.isdir(folder) else []
    if files:
        return Finding("weights", f"{len(files)} of ImageNet in {folder}")
    advice = (
        "`model.weights: imagenet` fetches them when first used; without a connection, bring a file of "
        "`cervinet weights fetch NAME --to DIR` here and name it as model.weights."
    )
    return Finding("weights", "none of ImageNet yet", "note", advice)


def _of_version(what: str, words: str, version: str, needed: str) -> Finding:
    least = dict(_needs(None)).get(needed, "0")
    if _numbers(version) >= _numbers(least):
        return Finding(what, f"{words}{version}")
    return Finding(what, f"{words}{version} (needs {least})", "fault", f"Install it anew: {_INSTALL}")


def _needs(extra: str | None) -> list[tuple[str, str]]:
    """Name and least version of what cervinet, or one of its extras, asks for."""
    try:
        lines = metadata.requires("cervinet") or []
    except metadata.PackageNotFoundError:
        return []
    found = []
    for line in lines:
        asked, _, when = (part.strip() for part in line.partition(";"))
        own = re.search(r"extra == ['\"]([\w-]+)['\"]", when)
        if (own.group(1) if own else None) == extra and (parts := _NEEDED.match(asked.replace(" ", ""))):
            found.append((parts.group(1), parts.group(2)))
    return found


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _installer(name: str) -> str:
    try:
        return (metadata.distribution(name).read_text("INSTALLER") or "").strip()
    except metadata.PackageNotFoundError:
        return ""


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)[:3]))


def _memory_size() -> int | None:
    """Bytes that this process may use: of the machine, or of its container if that is less."""
    try:
        machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None
    limit = Path("/sys/fs/cgroup/memory.max")
    text = limit.read_text().strip() if limit.is_file() else ""
    return min(machine, int(text)) if text.isdigit() else machine
