"""Names that are too long for the place where they are shown."""


def shortened(text: str, width: int) -> str:
    """At most `width` characters; of a longer text the middle goes, for names differ at their ends."""
    if len(text) <= width:
        return text
    head = (width - 1) // 2
    return f"{text[:head]}…{text[len(text) - (width - 1 - head) :]}"
