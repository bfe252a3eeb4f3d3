"""An ONNX file → a session of onnxruntime that does nothing but compute with what is in the file."""

import mmap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cervinet.environment import cores
from cervinet.errors import CervinetError, first_line

Array = NDArray[np.float32]


def open_session(file: Path) -> Any:
    """The network in a file, on as many processors as this process may use.

    No library of further operations is ever registered, so that a file can name only operations that are part of
    onnxruntime.

    Raises:
        CervinetError: onnxruntime cannot load the file, or the file names others that hold its weights.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what matters is raised
    # Threads that spin until the next batch take the cores from what decodes it.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.intra_op_num_threads = cores()  # by default as many as the machine has, whatever this process may use
    try:
        if _names_other_files(file):
            raise CervinetError(f"{file} names other files that hold its weights; they must be in it")
        return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    except CervinetError:
        raise
    except Exception as error:  # of many kinds, none of them public
        raise CervinetError(
            f"{file} cannot be loaded by onnxruntime {onnxruntime.__version__}: {first_line(error)}"
        ) from None


def run_session(session: Any, outputs: Sequence[str], inputs: Mapping[str, Array]) -> list[Array]:
    """Outputs by name. Raises CervinetError where the network cannot be computed, as for shapes that do not fit."""
    try:
        found: list[Array] = session.run(list(outputs), dict(inputs))
        return found
    except Exception as error:  # of many kinds, none of them public
        raise CervinetError(f"onnxruntime cannot compute the network: {first_line(error)[:300]}") from None


def _names_other_files(file: Path) -> bool:
    """Whether any tensor, wherever it stands in the file, is to be read from elsewhere on the disk."""
    with file.open("rb") as opened:
        if not file.stat().st_size:
            return False
        with mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
            # The key of the path; where it is nowhere, the file need not be taken apart, which takes its size again.
            if content.find(b"location") < 0:
                return False
    import onnx

    return _external(onnx.load_model(file, load_external_data=False))


def _external(message: Any) -> bool:
    import onnx

    if isinstance(message, onnx.TensorProto):
        return bool(message.data_location == onnx.TensorProto.EXTERNAL or message.external_data)
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        each = value if isinstance(value, list) or hasattr(value, "append") else [value]
        if any(_external(one) for one in each):
            return True
    return False
