"""docs/ is true to the code: links lead somewhere, and what can be chosen is named."""

import re
from pathlib import Path
from typing import get_args

import pytest
import yaml

from cervinet import registry
from cervinet.config import check
from cervinet.config_augment import PRESETS
from cervinet.config_data import Check, Split
from cervinet.config_evaluation import Evaluation, Explain, Subgroup
from cervinet.config_training import Phase, Training
from cervinet.data.manifest import BOX_COLUMNS, TEXT_COLUMNS
from cervinet.yaml_source import parse_yaml

DOCS = Path(__file__).parents[1] / "docs"
# In docs/data.md, in README's section on GPUs, or what anybody knows.
TOLD_ELSEWHERE = {"batch_size", "augment", "imbalance", "precision", "xla", "deterministic"}
PAGES = sorted(DOCS.rglob("*.md"))
DATA = (DOCS / "data.md").read_text(encoding="utf-8")
EVALUATION = (DOCS / "evaluation.md").read_text(encoding="utf-8")
TRAINING = (DOCS / "training.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file_and_a_heading(page):
    for link in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        if "://" in link:
            continue
        name, _, heading = link.partition("#")
        target = (page.parent / name) if name else page
        assert target.exists(), link
        if heading:
            titles = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert heading in {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}, link


def test_decisions_are_numbered_without_gaps():
    numbers = [int(path.name[:4]) for path in sorted((DOCS / "decisions").iterdir())]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize(
    "names",
    [
        set(registry.available("reader")) - {"phantom"},
        set(registry.available("preprocess")),
        set(registry.available("imbalance")),
        set(Check.model_fields),
        set(Split.model_fields),
        {*TEXT_COLUMNS, *BOX_COLUMNS, "masks"},
        set(PRESETS),
    ],
    ids=["readers", "steps", "imbalance", "findings", "splits", "columns", "presets"],
)
def test_whatever_can_be_chosen_for_data_is_explained(names):
    assert {name for name in names if not re.search(rf"`[^`]*\b{name}\b[^`]*`", DATA)} == set()


@pytest.mark.parametrize(
    "names",
    [
        set(registry.available("schedule")),
        set(registry.available("optimizer")),
        set(registry.available("loss")),
        set(Training.model_fields) - TOLD_ELSEWHERE,
        set(Phase.model_fields),
    ],
    ids=["schedules", "optimizers", "losses", "settings", "phases"],
)
def test_whatever_can_be_chosen_for_training_is_explained(names):
    told = re.sub(r"^```.*?$", "`", TRAINING, flags=re.MULTILINE)
    assert {name for name in names if not re.search(rf"`[^`]*\b{name}\b[^`]*`", told)} == set()


@pytest.mark.parametrize(
    "example", re.findall(r"^```yaml\n(.*?)^```$", DATA + TRAINING + EVALUATION, re.DOTALL | re.MULTILINE)
)
def test_examples_are_valid(example):
    settings = yaml.safe_load(example)
    settings.setdefault("data", {}).setdefault("root", "pictures")
    check(parse_yaml(yaml.safe_dump(settings), "example.yaml"))


def test_the_actions_that_are_named_are_the_ones_that_may_be_chosen():
    for name, field in Check.model_fields.items():
        row = next(line for line in DATA.splitlines() if line.startswith("|") and f"`{name}`" in line)
        default, others = (cell.strip() for cell in row.split("|")[3:5])
        assert field.default == default.partition(",")[0], name
        assert {field.default, *others.split(", ")} == set(get_args(field.annotation)), name


@pytest.mark.parametrize(
    "names",
    [
        set(Evaluation.model_fields),
        set(Explain.model_fields),
        set(Subgroup.model_fields),
        set(registry.available("operating_point")),
        set(get_args(Evaluation.model_fields["calibration"].annotation)),
    ],
    ids=["settings", "explain", "subgroups", "operating points", "calibration"],
)
def test_whatever_can_be_chosen_for_evaluation_is_explained(names):
    told = re.sub(r"^```.*?$", "`", EVALUATION, flags=re.MULTILINE)
    assert {name for name in names if not re.search(rf"`[^`]*\b{name}\b[^`]*`", told)} == set()
