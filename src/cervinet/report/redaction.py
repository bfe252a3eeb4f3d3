"""A copy of a report's material that may leave the hospital: no pictures, and codes for the names in it."""

import hashlib
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import yaml

from cervinet.evaluation.assessment import Assessment
from cervinet.evaluation.predictions import Predictions, Unreadable
from cervinet.model_card import ModelCard
from cervinet.report.material import Case, Flow, Material

REMOVED = "[removed]"

_OPEN_FACTS = {"versions", "platform", "git_commit", "device", "precision", "resumed"}
_LOCAL_KEYS = {"root", "val_root", "test_root", "file", "path", "folder", "subgroup_file", "classes_file", "masks"}
# A path from the root of a disk, of a home or of a share; or a folder and a name with an ending.
_PATH = re.compile(r"(?<![\w.])(?:~|\\\\|[A-Za-z]:[\\/]|/(?=\w))\S*|\S*[\\/]\S*\.\w{1,5}\b")
_FILE = re.compile(r".*[\\/].*|.*\.[A-Za-z]\w{0,5}", re.DOTALL)
_SHORTEST = 4
"""Names with fewer letters are not looked for in free text: a group "7" is no reason to strike every 7."""

_Hide = Callable[[str], str]


def redacted(material: Material, salt: bytes | None = None) -> Material:
    """The same findings without what points to persons or places.

    Names of files and groups become codes of 10 hexadecimal digits of a keyed hash (BLAKE2b). The key is random and
    kept nowhere, so that nobody can find a name by trying likely ones, not even who made the copy; the price is that
    codes of two copies cannot be compared. Pictures and heat maps go; of the configuration and of the environment, all
    that looks like a file or a folder, and every text that is not known to be harmless. Names of classes, of subgroup
    columns and of their values stay: look at them before you hand the copy on.

    Args:
        material: of a report.
        salt: the key; random where it is None.
    """
    key = secrets.token_bytes(32) if salt is None else salt
    known = _names(material)

    def code(name: str) -> str:
        return hashlib.blake2b(name.encode("utf-8", "surrogatepass"), key=key[:64], digest_size=5).hexdigest()

    def free(said: str) -> str:
        for name in known:
            said = said.replace(name, code(name))
        return _PATH.sub(REMOVED, said)

    return replace(
        material,
        title=free(material.title),
        note=free(material.note),
        assessment=_assessment(material.assessment, code, free),
        flow=_flow(material.flow, free),
        config=_config(material.config, free),
        environment=_environment(material.environment),
        card=_card(material.card, free),
        hashes={free(what): digest for what, digest in material.hashes.items()},
        explained=tuple(_case(case, code) for case in material.explained),
        worst=tuple(_case(case, code) for case in material.worst),
        redacted=True,
        remarks=tuple(map(free, material.remarks)),
    )


def _names(material: Material) -> list[str]:
    """Names to strike from free text, the longest first, for one may hold another."""
    given = material.assessment.predictions
    images = {*given.images, *(bad.image for bad in given.unreadable)}
    images |= {case.image for case in (*material.explained, *material.worst)}
    bases = {re.split(r"[\\/]", image)[-1] for image in images}
    classes = set(given.classes)
    found = {name for name in images | bases | set(given.groups) if len(name) >= _SHORTEST} - classes
    return sorted(found, key=lambda name: (-len(name), name))


def _assessment(one: Assessment, code: _Hide, free: _Hide) -> Assessment:
    where, parted = one.localisation, one.shift
    return replace(
        one,
        predictions=_predictions(one.predictions, code, free),
        no_choices=free(one.no_choices),
        subgroups=tuple(replace(part, gaps=tuple(map(free, part.gaps))) for part in one.subgroups),
        localisation=where and replace(where, sentence=free(where.sentence)),
        shift=parted and replace(parted, sentences=tuple(map(free, parted.sentences))),
    )


def _predictions(given: Predictions, code: _Hide, free: _Hide) -> Predictions:
    return replace(
        given,
        images=tuple(map(code, given.images)),
        groups=tuple(map(code, given.groups)),
        unreadable=tuple(Unreadable(code(bad.image), free(bad.error)) for bad in given.unreadable),
        attributes={},
    )


def _case(case: Case, code: _Hide) -> Case:
    return replace(case, image=code(case.image), picture=None, overlay=None)


def _flow(flow: Flow | None, free: _Hide) -> Flow | None:
    if flow is None:
        return None
    return replace(
        flow,
        excluded=tuple((free(reason), number) for reason, number in flow.excluded),
        groups_from=free(flow.groups_from),
        characteristics=tuple(
            (free(what), {split: free(said) for split, said in of.items()}) for what, of in flow.characteristics
        ),
    )


def _card(card: ModelCard | None, free: _Hide) -> ModelCard | None:
    if card is None:
        return None
    return replace(
        card,
        preprocess=tuple((name, _values(options, free)) for name, options in card.preprocess),
        note=free(card.note),
        not_deployable=free(card.not_deployable),
        members=tuple(replace(member, source=REMOVED) for member in card.members),
    )


def _config(config: str, free: _Hide) -> str:
    """The settings with what looks like a file taken out; nothing of a text that is not YAML."""
    try:
        found = yaml.safe_load(config)
    except yaml.YAMLError:
        return ""
    if not isinstance(found, dict):
        return ""
    return yaml.safe_dump(_values(found, free), sort_keys=False, allow_unicode=True)


def _values(value: Any, free: _Hide, key: str = "") -> Any:
    if isinstance(value, Mapping):
        return {free(str(name)): _values(inner, free, str(name)) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_values(inner, free, key) for inner in value]
    if isinstance(value, str):
        return REMOVED if key in _LOCAL_KEYS or _FILE.fullmatch(value) else free(value)
    return value


def _environment(values: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers stay, and of texts those whose keys are known to hold no name of a machine, a person or a folder."""
    return {key: _fact(value, key in _OPEN_FACTS) for key, value in values.items()}


def _fact(value: Any, is_open: bool) -> Any:
    if isinstance(value, Mapping):
        return {
            key: _fact(inner, is_open and key not in _LOCAL_KEYS | {"host", "user"}) for key, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [_fact(inner, is_open) for inner in value]
    if isinstance(value, str):
        return _PATH.sub(REMOVED, value) if is_open else REMOVED
    return value
