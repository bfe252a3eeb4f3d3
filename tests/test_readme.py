"""README.md is true: its commands run, every command is in it, and the make targets it names exist."""

import csv
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from cervinet.cli import main
from cervinet.data.phantoms.phantom import write_phantoms

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
# Appended to every training, so that the README may show longer ones.
SHORT = ["training.epochs=1", "evaluation.draws=100"]


def shown_commands() -> list[tuple[list[str], int]]:
    """The words of each `$ cervinet …` line, and the exit code that a following `$ echo $?` shows, else 0."""
    found: list[tuple[list[str], int]] = []
    lines = iter(TEXT.splitlines())
    for line in lines:
        if line.startswith("$ cervinet "):
            found.append((shlex.split(line.removeprefix("$ cervinet "), comments=True), 0))
        elif line == "$ echo $?":
            found[-1] = (found[-1][0], int(next(lines)))
    return found


def commands(group: click.Group, name: str = "cervinet") -> Iterator[str]:
    for word, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{name} {word}")
        else:
            yield f"{name} {word}"


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what README takes for granted: pictures with a table, pictures from elsewhere, a damaged file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CERVINET_CACHE", str(tmp_path / "cache"))
    for name, size in (("pictures", (192, 192)), ("other_clinic", (96, 128)), ("data/intel-mobileodt/train", (64, 64))):
        folder = write_phantoms(tmp_path / name, count=60, size=size, photographs=3, seed=5)
        (folder / "README.txt").unlink()
        with (folder / "phantoms.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        (folder / "phantoms.csv").unlink()
    with (tmp_path / "pictures" / "labels.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("image", "label", "patient"))
        writer.writerows((row["image"], row["label"], row["group"]) for row in rows)
    good = (tmp_path / "pictures" / rows[0]["image"]).read_bytes()
    (tmp_path / "good.jpg").write_bytes(good)
    (tmp_path / "broken.jpg").write_bytes(good[: len(good) // 2])
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    return tmp_path


@pytest.mark.slow
def test_every_command_shown_runs_in_order(workplace: Path) -> None:
    shown = shown_commands()
    assert len(shown) > 10
    for words, code in shown:
        short = SHORT if words[0] == "train" else []
        result = CliRunner().invoke(main, [*words, *short])
        assert result.exit_code == code, f"cervinet {shlex.join(words)}\n{result.output}"
        assert code or not result.exception


@pytest.mark.parametrize("command", list(commands(main)))
def test_every_command_is_documented(command: str) -> None:
    assert re.search(f"`{command}[ `]", TEXT)


def test_every_make_target_named_exists() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    named = re.findall(r"(?:^|`)make ([a-z-]+)", TEXT, re.MULTILINE)
    assert {"demo", "test"} <= set(named) <= set(targets)


def test_every_file_linked_exists() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", TEXT) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / link.partition("#")[0]).exists()] == []
