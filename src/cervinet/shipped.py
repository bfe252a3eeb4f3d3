"""The configs that come with cervinet."""

from pathlib import Path

# In a checkout they stand beside src/, in an installed package inside it.
_PLACES = (Path(__file__).parent / "configs", Path(__file__).parents[2] / "configs")


def shipped_config(name: str) -> Path:
    return next(place / name for place in _PLACES if (place / name).is_file())
