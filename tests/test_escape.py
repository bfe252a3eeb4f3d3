"""Names from outside reach a terminal without the characters that harm there."""

import os
from pathlib import Path

import pytest

from cervinet.escape import for_terminal


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("plain name (1).png", "plain name (1).png"),
        ("é 子宮 عنق 😀", "é 子宮 عنق 😀"),
        ("a\nError: forged", r"a\nError: forged"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("abc\u202egnp", r"abc\u202egnp"),
        ("a\u2028b\u0085c", r"a\u2028b\x85c"),
        ("\u200b", r"\u200b"),
        (b"caf\xe9", r"caf\udce9"),
        (os.fsdecode(b"\xff"), r"\udcff"),
        (Path("a/b"), "a/b"),
        ("", ""),
    ],
)
def test_only_what_harms_is_escaped(name, shown):
    assert for_terminal(name) == shown
    shown.encode("utf-8")
