"""Names of files and classes come from outside: each place that shows them escapes what harms there."""

import os


def for_terminal(name: str | bytes | os.PathLike[str] | os.PathLike[bytes]) -> str:
    """The name with every character that is not plainly visible written as its escape.

    Newlines, control characters, right-to-left marks and bytes that are not UTF-8 would otherwise forge
    lines, colour the terminal or break the encoding of a log. Letters of every script and spaces stay.
    """
    text = os.fsdecode(name)
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
