"""Names in YAML → functions: found on first use, checked by annotation, with a hint when misspelt."""

from typing import Annotated, Any

import pytest
from pydantic import Field, ValidationError

from cervinet import registry
from cervinet.choice import Choice, Kind
from cervinet.registry import available, did_you_mean, find, register


@pytest.fixture
def kind(monkeypatch):
    """A kind of its own, without any module, whose names vanish after the test."""
    monkeypatch.setitem(registry.HOMES, "thing", ())
    monkeypatch.setitem(registry._entries, "thing", {})
    available.cache_clear()
    yield "thing"
    available.cache_clear()


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("reader", {"class_folders", "phantom", "table"}),
        ("preprocess", {"center_crop", "clahe", "letterbox", "stretch"}),
        ("architecture", {"breast_cnn", "cervix_cnn", "resnet50", "skin_cnn", "vgg16"}),
        ("loss", {"cross_entropy"}),
        ("optimizer", {"adam", "adamw", "sgd"}),
    ],
)
def test_the_homes_are_found_in_order_of_name_and_say_what_they_are(kind, names):
    found = available(kind)
    assert names <= set(found)
    assert list(found) == sorted(found)
    assert all(entry.name == name and entry.summary for name, entry in found.items())


def test_looking_a_name_up_imports_no_tensorflow(child):
    code = """
import sys
from cervinet import registry
for kind in registry.HOMES:
    registry.available(kind)
print(sorted({"tensorflow", "keras"} & set(sys.modules)))
"""
    assert child(code).stdout == "[]\n"


def test_keyword_only_arguments_are_the_options(kind):
    @register(kind, colour="red")
    def wooden(place: Any, other: int = 3, *, legs: Annotated[int, Field(ge=1)] = 4, name: str) -> None:
        """A thing of wood.

        More.
        """

    entry = find(kind, "wooden")
    assert (entry.function, entry.summary, entry.traits) == (wooden, "A thing of wood.", {"colour": "red"})
    assert set(entry.options.model_fields) == {"legs", "name"}
    assert entry.options(name="x").model_dump() == {"legs": 4, "name": "x"}
    with pytest.raises(ValidationError):
        entry.options(name="x", legs=0)
    with pytest.raises(ValidationError):
        entry.options(name="x", arms=2)


def test_an_option_without_a_default_must_be_given(kind):
    @register(kind)
    def wooden(*, name: str) -> None:
        """A thing."""

    with pytest.raises(ValueError, match="is not valid") as error:
        Kind(kind).parse("wooden")
    assert error.value.context == {"problems": [(("wooden", "name"), "is missing", None)]}
    assert Kind(kind).parse({"wooden": {"name": "x"}}) == Choice("wooden", {"name": "x"})


def test_a_name_of_its_own(kind):
    @register(kind, "class")
    def function() -> None: ...

    assert find(kind, "class").summary == ""
    assert Kind(kind).parse("class").to_yaml() == "class"


def test_a_name_belongs_to_one_module(kind):
    def function() -> None: ...

    register(kind)(function)
    register(kind)(function)  # a module that is loaded anew

    def other() -> None: ...

    other.__module__ = "elsewhere"
    with pytest.raises(ValueError, match=r"^thing 'function' is registered by two modules$"):
        register(kind, "function")(other)


def test_an_unknown_name(kind):
    with pytest.raises(KeyError) as error:
        find("preprocess", "letterbocks")
    assert error.value.args == ("unknown preprocess 'letterbocks' (did you mean 'letterbox'?)",)
    with pytest.raises(KeyError) as error:
        find(kind, "x")
    assert error.value.args == ("unknown thing 'x' (there are none)",)


@pytest.mark.parametrize(
    ("name", "known", "hint"),
    [
        ("epoch", ["epochs", "seed"], " (did you mean 'epochs'?)"),
        ("EPOCHS", ["epochs", "seed"], " (did you mean 'epochs'?)"),
        ("nevu", ["NEVUS", "MELANOMA"], " (did you mean 'NEVUS'?)"),
        ("type1", ["Type_1", "Type_2"], " (did you mean 'Type_1'?)"),
        ("zzz", ["b", "a"], " (known: b, a)"),
        ("zzz", [], " (there are none)"),
        ("x", iter(["xy"]), " (did you mean 'xy'?)"),
    ],
)
def test_did_you_mean(name, known, hint):
    assert did_you_mean(name, known) == hint
