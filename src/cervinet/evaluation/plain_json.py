"""Any result as plain numbers, text, lists and null: what JSON can say."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np


def plain(value: Any) -> Any:
    """Dataclasses become mappings, arrays lists, what is not finite null; `to_json` is used where there is one."""
    if value is None or isinstance(value, str | int):  # most values; the questions below are slow
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if hasattr(value, "to_json"):
        return plain(value.to_json())
    if is_dataclass(value):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, Sequence):
        return [plain(one) for one in value]
    return value
