"""What a process prints, and the most anonymous memory it had; for the benchmarks."""

import re
import subprocess
import tempfile
import time
from pathlib import Path


def watched(command: list[str]) -> tuple[str, int]:
    """Standard output of a process, and its peak RssAnon in KiB, read every 20 ms; mapped pages do not count."""
    peak = 0
    with (
        tempfile.TemporaryFile("w+") as out,
        subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL) as process,
    ):
        while process.poll() is None:
            try:
                status = Path(f"/proc/{process.pid}/status").read_text()
            except OSError:
                break
            found = re.search(r"RssAnon:\s+(\d+)", status)
            peak = max(peak, int(found.group(1)) if found else 0)
            time.sleep(0.02)
        if process.wait():
            raise SystemExit(f"{' '.join(command)} failed")
        out.seek(0)
        return out.read(), peak
