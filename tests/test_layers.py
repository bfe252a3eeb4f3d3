"""The plan of the house, read from the imports: lower layers never import higher ones, only the top one prints."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src"
MODULES = {
    ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted((SOURCE / "cervinet").rglob("*.py"))
}
LAYERS = {
    0: ["__init__", "errors", "registry", "escape", "files", "progress"],
    1: [
        "config",
        "config_data",
        "config_evaluation",
        "config_augment",
        "config_training",
        "config_tune",
        "config_use",
        "amount",
        "section",
        "choice",
        "complaints",
        "yaml_source",
        "run",
        "folders",
        "model_card",
        "csv_table",
        "environment",
        "shipped",
    ],
    2: ["data", "evaluation", "inference", "inference.inputs"],
    3: [
        "data.pipeline",
        "models",
        "training",
        "inference.predictor",
        "inference.keras_engine",
        "inference.served_graph",
        "inference.ensemble",
        "inference.collect",
        "inference.explain",
        "inference.explainer",
        "inference.feature_map",
    ],
    4: ["report", "exporters", "serve"],
    5: [
        "assembly",
        "learning",
        "frozen",
        "keeping",
        "resuming",
        "holding",
        "interruption",
        "auditing",
        "data_records",
        "pictures",
        "workflow",
        "scaffold",
        "tuning",
        "crossval",
        "ensembling",
        "deciding",
        "assessing",
        "reporting",
        "judging",
        "explaining",
        "perturbing",
        "comparing",
        "overlays",
        "settling",
        "gating",
        "onnx_files",
        "answering",
        "exporting",
        "export_plan",
        "accuracy_lost",
        "doctor",
    ],
    6: [
        "cli",
        "cli_compare",
        "cli_data",
        "cli_evaluate",
        "cli_explain",
        "cli_export",
        "cli_predict",
        "cli_runs",
        "cli_serve",
        "cli_train",
        "cli_tune",
        "options",
        "exits",
        "results",
        "terminal",
        "native_log",
    ],
}
LAYER_OF = {f"cervinet.{name}".removesuffix(".__init__"): layer for layer, names in LAYERS.items() for name in names}
HEAVY = {"tensorflow", "keras"}
EACH = pytest.mark.parametrize("name", MODULES)


def layer_of(module: str) -> int:
    """Of the module, or of the nearest package around it that has one."""
    while module not in LAYER_OF:
        module, dot, _ = module.rpartition(".")
        assert dot, "a new module needs a layer: add it to LAYERS"
    return LAYER_OF[module]


def nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node but those under `if TYPE_CHECKING:`, which never run."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            continue
        yield child
        yield from nodes(child)


@cache
def tree(name: str) -> ast.Module:
    return ast.parse(MODULES[name].read_text(encoding="utf-8"))


def dotted(node: ast.AST) -> str:
    """A name, or an attribute of one, as it is written; of anything else nothing."""
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return node.id if isinstance(node, ast.Name) else ""


@cache
def imports(name: str) -> set[str]:
    """Modules named by import statements anywhere in a module, in function bodies too."""
    found = set[str]()
    for node in nodes(tree(name)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.module, "relative imports hide where a module lies"
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {one if one in MODULES else node.module for one in whole}
    return found


def test_the_house_is_found():
    assert len(MODULES) > 50
    assert {"cervinet.config", "cervinet.data.store", "cervinet.cli", "cervinet.workflow"} <= set(MODULES)


@EACH
def test_no_module_imports_a_higher_layer(name):
    ours = {module for module in imports(name) if module.split(".")[0] == "cervinet"}
    higher = {module: layer_of(module) for module in ours if layer_of(module) > layer_of(name)}
    assert not higher, f"layer {layer_of(name)} imports {higher}"


@EACH
def test_the_lower_layers_never_import_tensorflow(name):
    if layer_of(name) <= 2:
        assert not {module.split(".")[0] for module in imports(name)} & HEAVY


@EACH
def test_only_the_command_line_prints_or_exits(name):
    if name in (
        "cervinet.cli",
        "cervinet.cli_compare",
        "cervinet.cli_data",
        "cervinet.cli_evaluate",
        "cervinet.cli_explain",
        "cervinet.cli_export",
        "cervinet.cli_predict",
        "cervinet.cli_runs",
        "cervinet.cli_serve",
        "cervinet.cli_train",
        "cervinet.cli_tune",
        "cervinet.options",
        "cervinet.exits",
        "cervinet.results",
        "cervinet.terminal",
    ):
        return
    assert "click" not in imports(name)
    for node in nodes(tree(name)):
        shown = dotted(node)
        assert shown not in ("print", "exit", "quit", "sys.exit", "os._exit", "SystemExit", "sys.stdout")
        assert shown != "sys.stderr" or name == "cervinet.native_log"


@EACH
def test_a_file_has_one_subject_and_a_name_that_says_it(name):
    assert name.rpartition(".")[2].strip("_") not in {"utils", "util", "helpers", "helper", "misc", "common"}
    assert len(MODULES[name].read_text(encoding="utf-8").splitlines()) <= 250


@EACH
def test_every_module_says_what_it_is(name):
    assert ast.get_docstring(tree(name))


def test_steps_of_the_workflow_fit_on_a_screen():
    for node in ast.parse(MODULES["cervinet.workflow"].read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno - node.lineno < 40, node.name


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"], ["data", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(child, arguments):
    code = """
import sys
from cervinet.cli import main
try:
    main()
finally:
    heavy = {"tensorflow", "keras", "pandas", "matplotlib", "cv2", "sklearn", "numpy", "pydantic", "yaml", "rich"}
    heavy |= {"asyncio", "ssl", "email"}
    print(sorted(heavy & set(sys.modules)), file=sys.stderr)
"""
    done = child(code, *arguments)
    assert (done.returncode, done.stderr.strip()) == (0, "[]")
    assert done.stdout
