"""Strict YAML with the line of every value.

PyYAML reads YAML 1.1, in which `1e-3` is text, `NO` is false and the last of two equal keys wins. This module takes
only its parser and resolves scalars by the core schema of YAML 1.2.2 (section 10.3.2); it refuses duplicate keys,
anchors (an alias can unfold into gigabytes) and tags.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from cervinet.errors import ConfigError, UsageError

Location = tuple[str | int, ...]

_CORE_SCHEMA = (
    (re.compile(r"(null|Null|NULL|~|)"), lambda text: None),
    (re.compile(r"true|True|TRUE"), lambda text: True),
    (re.compile(r"false|False|FALSE"), lambda text: False),
    (re.compile(r"[-+]?[0-9]+"), int),
    (re.compile(r"0o[0-7]+"), lambda text: int(text[2:], 8)),
    (re.compile(r"0x[0-9a-fA-F]+"), lambda text: int(text[2:], 16)),
    (re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"), float),
    (re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"), lambda text: float(text.replace(".", ""))),
)
_MAX_DEPTH = 20
_MAX_NUMBER = 1000  # characters; Python itself refuses to read integers of more than 4,300


@dataclass
class Source:
    """Plain values (dict, list, str, int, float, bool, None), where each was written, and what was wrong."""

    data: dict[str, Any]
    lines: dict[Location, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def where(self, location: Location) -> str:
        """`file:line` of the value, or of the nearest thing around it."""
        while location and location not in self.lines:
            location = location[:-1]
        return self.lines.get(location, "")


def read_yaml(path: Path) -> Source:
    """The mapping in a YAML file. Raises ConfigError when there is no file, no YAML or no mapping."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(f"there is no config file {path}; `cervinet init FOLDER` writes one") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} must be UTF-8 text; byte {error.start} is not: is it a YAML file?") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
    source = parse_yaml(text, str(path))
    if not isinstance(source.data, dict):
        raise ConfigError(f"{path} must hold `key: value` lines; got {source.data!r}")
    return source


def override(source: Source, assignments: Iterable[str], given: str = "command line") -> Source:
    """Set `section.key=value` pairs, `given` on the command line or elsewhere; a value is written as in YAML."""
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if not equals or not all(key.split(".")):
            raise UsageError(
                f"'{assignment}' must be section.key=value, as in training.epochs=5; "
                "an option of the command starts with two dashes"
            )
        # A null in front of an empty value, so that `key=` means what `key:` means in a file.
        value = parse_yaml(text if text.strip() else "null", f"{given}, {key}")
        source.problems += value.problems
        *parents, last = key.split(".")
        node, replaced = source.data, tuple(key.split("."))
        for depth, parent in enumerate(parents, start=1):
            if not isinstance(node.get(parent), dict):
                node[parent], replaced = {}, min(replaced, tuple(parents[:depth]), key=len)
            node = node[parent]
        node[last] = value.data
        # What stood there before was written on other lines.
        source.lines = {at: line for at, line in source.lines.items() if at[: len(replaced)] != replaced}
        source.lines[replaced] = given
    return source


def dump_yaml(value: Any, *, inline: bool = False) -> str:
    """YAML that `parse_yaml` reads back as the same value; `inline` puts it on one line."""
    return yaml.dump(
        value,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=inline or None,
        width=float("inf") if inline else 100,
    ).removesuffix("...\n")


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        """Write a value out each time: `parse_yaml` takes no aliases."""
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    # PyYAML leaves text unquoted that only YAML 1.2 takes for a number, such as 1e-3.
    quoted = "'" if not isinstance(_scalar(text), str) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=quoted)


_Dumper.add_representer(str, _text)


def parse_yaml(text: str, name: str) -> Source:
    """The value of YAML text; `name` stands for the file in messages. Raises ConfigError unless it is YAML."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{name}:{mark.line + 1}" if mark else name
        reason = " ".join(filter(None, (error.context, error.problem)))
        raise ConfigError(f"{where} is not valid YAML: {reason}") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{name} is not valid YAML: {str(error).splitlines()[0]}") from None
    except RecursionError:
        raise ConfigError(f"{name} is nested too deeply; at most {_MAX_DEPTH} levels are allowed") from None
    source = Source({}, problems=_refused(text, name))
    if root is None:
        source.lines[()] = name
        return source
    source.data = _Builder(source, name).build(root, ())
    return source


def _refused(text: str, name: str) -> list[str]:
    """Anchors, aliases and tags: the nodes of a composed tree no longer tell a written tag from a resolved one."""
    problems = []
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        where = f"({name}:{event.start_mark.line + 1})" if event.start_mark else f"({name})"
        if getattr(event, "anchor", None):
            problems.append(f"YAML anchors and aliases are not allowed; write the value out {where}")
        if tag := getattr(event, "tag", None):
            problems.append(f"the YAML tag '{tag}' is not allowed {where}")
    return problems


class _Builder:
    def __init__(self, source: Source, name: str) -> None:
        self.source, self.name, self.seen = source, name, set[int]()

    def build(self, node: yaml.Node, location: Location) -> Any:
        line = f"{self.name}:{node.start_mark.line + 1}"
        self.source.lines.setdefault(location, line)
        # An alias composes to the very node of its anchor: unfolding it again and again could fill the memory.
        if id(node) in self.seen:
            return None
        self.seen.add(id(node))
        if len(location) > _MAX_DEPTH:
            raise ConfigError(f"{line} is nested too deeply; at most {_MAX_DEPTH} levels are allowed")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, location)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*location, i)) for i, item in enumerate(node.value)]
        if any("\ud800" <= character <= "\udfff" for character in node.value):
            self.source.problems.append(f"a text holds half a character, an escape from \\ud800 to \\udfff ({line})")
            return None
        quoted = isinstance(node, yaml.ScalarNode) and node.style
        return node.value if quoted else _scalar(node.value)

    def _mapping(self, node: yaml.MappingNode, location: Location) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key, value in node.value:
            line = f"{self.name}:{key.start_mark.line + 1}"
            if not isinstance(key, yaml.ScalarNode):
                self.source.problems.append(f"a key must be a plain word ({line})")
                continue
            if key.value in result:
                first = self.source.lines[(*location, key.value)]
                dotted = ".".join(map(str, (*location, key.value)))
                self.source.problems.append(f"`{dotted}` is set twice; keep one ({first} and {line})")
                continue
            self.source.lines[(*location, key.value)] = line
            result[key.value] = self.build(value, (*location, key.value))
        return result


def _scalar(text: str) -> Any:
    if len(text) > _MAX_NUMBER:
        return text
    for pattern, convert in _CORE_SCHEMA:
        if pattern.fullmatch(text):
            return convert(text)
    return text
