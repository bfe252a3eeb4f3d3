"""The settings under `data`: which pictures, how they are checked, grouped and divided, what is always done to them."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, PositiveInt, field_validator, model_validator

from cervinet import registry
from cervinet.choice import Choice, Kind
from cervinet.section import Fraction, Section, expects


class Split(Section):
    """How the pictures are divided. Groups are never torn apart."""

    val: Fraction | None = Field(None, json_schema_extra=expects("a fraction between 0 and 1"))
    """Share of the pictures for validation: 0.15, or 0.2 of the others where the test part is settled otherwise."""
    test: Fraction | None = Field(None, json_schema_extra=expects("a fraction between 0 and 1"))
    """Share of the pictures for the test: 0.15 where nothing else settles the test part."""
    val_root: Path | None = None
    """Another folder or table, read like `data.root`, whose pictures are for validation."""
    test_root: Path | None = None
    """Another folder or table, read like `data.root`, whose pictures are for the test."""
    test_site: str | None = None
    """Leave one site out: all pictures whose `site` is this are for the test."""
    folds: Annotated[int, Field(ge=2)] | None = None
    """Cross-validation: divide into so many parts of one size; `fold` says which of them is for the test."""
    fold: PositiveInt = 1
    """The part that is for the test, from 1 to `folds`."""
    repeat: PositiveInt = 1
    """Repeated cross-validation: each number is another division into folds."""
    file: Path | None = None
    """A CSV with the columns image and split (such as another run's splits.csv) to use instead of a new division."""

    @model_validator(mode="after")
    def _one_way(self) -> "Split":
        tests = [name for name in ("test", "test_root", "test_site", "folds") if getattr(self, name) is not None]
        rules = [name for name in ("val", "test", "test_site", "folds") if getattr(self, name) is not None]
        if self.file and rules:
            raise ValueError(f"has a `file`, which leaves no use for {_listed(rules)}; take it out")
        if len(tests) > 1:
            raise ValueError(f"can settle the test part in one way only; got {_listed(tests)}")
        if self.val and self.val_root:
            raise ValueError("can settle the validation part in one way only; got `val` and `val_root`")
        if not self.folds and (self.fold > 1 or self.repeat > 1):
            raise ValueError("needs `folds` where it has `fold` or `repeat`")
        if self.folds and self.fold > self.folds:
            raise ValueError(f"has {self.folds} `folds`, so `fold` must be 1 to {self.folds}; got {self.fold}")
        return self


class Groups(Section):
    """Which pictures belong together, beside those that the reader says and those that look nearly the same."""

    pattern: str | None = None
    """A regular expression that is searched in each path, as in `case_(\\w+)/`: its first bracket names the group."""

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str | None) -> str | None:
        try:
            re.compile(pattern or "")
        except re.error as error:
            raise ValueError(f"must be a regular expression ({error})") from None
        return pattern


class Check(Section):
    """What is done about each kind of finding: stop with an error, exclude the picture, group the copies, or warn."""

    unreadable: Literal["error", "exclude"] = "error"
    """Pictures that are missing, damaged or none."""
    label_conflicts: Literal["error", "exclude", "warn"] = "error"
    """The same picture (equal decoded pixels) under two labels; `exclude` takes out every copy."""
    duplicates: Literal["error", "exclude", "group", "warn"] = "group"
    """The same picture (equal decoded pixels) twice under one label; `exclude` keeps the first."""
    near_duplicates: Literal["error", "exclude", "group", "warn", "ignore"] = "group"
    """Pictures re-encoded, resized, mirrored, turned or brightened; `ignore` looks for none, nor across labels."""
    near_conflicts: Literal["error", "exclude", "group", "warn"] = "group"
    """Near-duplicates under two labels; `group` also lists them as a warning, `exclude` takes out all of them."""
    group_leaks: Literal["error", "exclude", "warn"] = "error"
    """A group that the data themselves put into two splits; `exclude` takes it out of train, or of val against test."""
    duplicate_leaks: Literal["error", "exclude", "warn"] = "error"
    """Copies and near-duplicates in two splits; `exclude` takes out the one in train, or in val against test."""
    blurred: Literal["error", "exclude", "warn", "ignore"] = "warn"
    dark: Literal["error", "exclude", "warn", "ignore"] = "warn"
    overexposed: Literal["error", "exclude", "warn", "ignore"] = "warn"
    tiny: Literal["error", "exclude", "warn", "ignore"] = "warn"
    """Both sides at most half of what `image_size` asks for."""
    odd_shape: Literal["error", "exclude", "warn", "ignore"] = "warn"
    shortcuts: Literal["error", "warn", "ignore"] = "warn"
    """Size or colour that tells the classes or the splits apart."""
    imbalance: Literal["error", "warn", "ignore"] = "warn"


Labels = Annotated[list[str], Field(min_length=1)]


class Data(Section):
    """Which pictures, and what is always done to them."""

    root: Path | None = None
    """The folder of the pictures, or the table file. Relative to the folder the command is run in."""
    reader: Annotated[Choice, Kind("reader")] = Field(Choice("class_folders"), validate_default=True)
    """The layout on disk."""
    class_map: dict[str, Labels] = Field(
        {}, json_schema_extra=expects("{class: [label, …]}, texts all (a number in quotes)")
    )
    """Labels that become one class, as in {CIN: [CIN1, CIN2, CIN3]}; each stays known as a sub-class of it."""
    outside_links: bool = False
    """Whether links among the pictures may lead out of `root`."""
    groups: Groups = Groups()
    check: Check = Check()
    split: Split = Split()
    image_size: tuple[PositiveInt, PositiveInt] = Field((256, 256), json_schema_extra=expects("two positive integers"))
    """[height, width] in pixels that the network sees."""
    preprocess: list[Annotated[Choice, Kind("preprocess")]] = Field(
        [Choice("letterbox")], validate_default=True, json_schema_extra=expects("a list of steps")
    )
    """Fixed steps in order; exactly one of them resizes (letterbox, stretch or center_crop)."""
    store: bool = True
    """Decode every picture once into a file that is mapped into memory, and reuse it in later runs."""
    cache: Path | None = None
    """Where prepared pictures are kept: $CERVINET_CACHE or ~/.cache/cervinet when not set."""

    @field_validator("class_map")
    @classmethod
    def _one_class_a_label(cls, class_map: dict[str, list[str]]) -> dict[str, list[str]]:
        owners: dict[str, str] = {}
        for name, labels in class_map.items():
            for label in labels:
                if label in owners:
                    raise ValueError(f"maps '{label}' twice, to '{owners[label]}' and to '{name}'; keep one")
                owners[label] = name
        for label, name in owners.items():
            # Whether pictures of other data are labelled before or after the map could not be told.
            if label in class_map and label != name:
                raise ValueError(
                    f"has '{label}' as a class and among the labels of '{name}'; give the class a new name"
                )
        return class_map

    @field_validator("preprocess")
    @classmethod
    def _steps_fit_together(cls, steps: list[Choice]) -> list[Choice]:
        known = registry.available("preprocess")
        resizing = [step.name for step in steps if known[step.name].traits.get("resizes")]
        if len(resizing) != 1:
            names = [name for name, entry in known.items() if entry.traits.get("resizes")]
            raise ValueError(f"must hold exactly one of {', '.join(names)}; found {', '.join(resizing) or 'none'}")
        earlier: list[str] = []
        for step in steps:
            traits = known[step.name].traits
            if traits.get("cuts") and resizing[0] in earlier:
                raise ValueError(f"must have {step} before {resizing[0]}, which settles the size")
            cutting = [name for name in earlier if known[name].traits.get("cuts")]
            if "region" in traits and cutting:
                raise ValueError(f"must have {step} before {cutting[0]}, after which boxes and masks no longer fit")
            earlier.append(step.name)
        return steps

    @model_validator(mode="after")
    def _root_where_needed(self) -> "Data":
        if self.root is None and registry.find("reader", self.reader.name).traits.get("needs_root", True):
            raise ValueError("needs `root`: the folder of the pictures, as in data.root=my_pictures")
        return self


def _listed(names: list[str]) -> str:
    return " and ".join(f"`{name}`" for name in names)
