"""TensorFlow's start-up notes, kept off the terminal.

TensorFlow 2.21 prints its notes before its log is set up, so TF_CPP_MIN_LOG_LEVEL does not reach them. Warnings and
errors, such as a CUDA library that cannot be loaded, are let through.
"""

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NOTE = re.compile(rb"I\d{4} |WARNING: All log messages before absl|To enable the following instructions|\d{4}-.*: I ")

# Where there is no driver at all, the failing start of CUDA is no news.
_NVIDIA_DRIVER = Path("/proc/driver/nvidia/version")


@contextmanager
def without_notes() -> Iterator[None]:
    """Hold back what native code writes to stderr in the block, then print all of it that is not a note."""
    sys.stderr.flush()
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(stderr, 2)
            os.close(stderr)
            held.seek(0)
            for line in held:
                if not (_NOTE.match(line) or (b"cuInit" in line and not _NVIDIA_DRIVER.exists())):
                    os.write(2, line)


def import_tensorflow() -> None:
    """Import TensorFlow and let it look for devices, without its notes."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    with without_notes():
        import tensorflow as tf

        tf.config.list_physical_devices()
