"""A served run under load, beside what its Predictor does with the same pictures by itself. Prints one JSON object.

    python scripts/load_serve.py RUN PICTURES [--clients 32] [--seconds 60]

The service is the real command in a process of its own; the clients are threads of another process on the same machine,
which share its cores with it, each with one picture a request and the next as soon as the answer is there. The
Predictor is given the same files, from memory, before and after the load: `ratio` is to the mean of both rates. On a
machine that others use too, trust `cpu_ratio`: the Predictor's processor time a picture over that of service and
clients together, which is what the ratio is where processors are all that limits both.
"""

import argparse
import http.client
import json
import os
import re
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

HERE = Path(__file__).parent
COMMAND = [sys.executable, "-c", "from cervinet.cli import main; main()", "serve"]
BOUNDARY = "cervinet-load"
MOST = 200  # files; more add nothing but memory


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("pictures", type=Path, help="a folder, searched for .jpg")
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--part", choices=["whole", "predictor", "clients"], default="whole", help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    files = [path.read_bytes() for path in sorted(arguments.pictures.rglob("*.jpg"))[:MOST]]
    if not files:
        raise SystemExit(f"{arguments.pictures} has no .jpg in it")
    if arguments.part == "predictor":
        found = predictor_rate(arguments.run, files, min(arguments.seconds, 20))
    elif arguments.part == "clients":
        found = clients(files, arguments.port, arguments.clients, arguments.seconds)
    else:
        found = whole(arguments, len(files))
    print(json.dumps(found, indent=2))


def whole(arguments: argparse.Namespace, files: int) -> dict[str, object]:
    same = [sys.executable, __file__, str(arguments.run), str(arguments.pictures), "--seconds", str(arguments.seconds)]

    def part(*options: str) -> dict[str, float]:
        done = subprocess.run([*same, *options], stdout=subprocess.PIPE, text=True, check=True)
        return json.loads(done.stdout)

    before = part("--part", "predictor")
    service = subprocess.Popen(
        [*COMMAND, str(arguments.run), "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        port = service.stdout.readline().rsplit(":", 1)[-1].strip()
        if not port:
            raise SystemExit("the service did not start")
        part("--part", "clients", "--port", port, "--clients", str(arguments.clients), "--seconds", "20")  # warm
        watch, spent = Memory(service.pid), cpu_seconds(service.pid)
        load = part("--part", "clients", "--port", port, "--clients", str(arguments.clients))
        memory, spent = watch.done(), cpu_seconds(service.pid) - spent
    finally:
        service.terminate()
        code = service.wait(60)
    after = part("--part", "predictor")
    rates = [before["pictures_per_s"], after["pictures_per_s"]]
    alone = statistics.mean([before["cpu_ms"], after["cpu_ms"]])
    served = 1000 * spent / load["requests"]
    return {
        "clients": arguments.clients,
        "seconds": arguments.seconds,
        "files": files,
        **load,
        "anonymous_mib": memory,
        "exit_code": code,
        "predictor_pictures_per_s": rates,
        "cpu_ms_a_picture": {"service": round(served, 2), "clients": load["cpu_ms"], "predictor": round(alone, 2)},
        "cpu_ratio": round(alone / (served + load["cpu_ms"]), 3),
        "ratio": round(load["pictures_per_s"] / statistics.mean(rates), 3),
    }


def predictor_rate(run: Path, files: list[bytes], seconds: float) -> dict[str, object]:
    from cervinet import Predictor

    predictor = Predictor.load(run)
    for one in predictor.predict(files[:32]):
        assert not one.error, one.error
    count, start, before = 0, time.perf_counter(), time.process_time()
    while (spent := time.perf_counter() - start) < seconds:
        count += sum(1 for _ in predictor.predict(files))
    return {"pictures_per_s": round(count / spent, 1), "cpu_ms": 1000 * (time.process_time() - before) / count}


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def clients(files: list[bytes], port: int, count: int, seconds: float) -> dict[str, object]:
    latencies: list[float] = []
    outcomes: Counter[str] = Counter()
    until = time.perf_counter() + seconds

    def client(number: int) -> None:
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="image"; filename="x"\r\n\r\n'.encode()
        tail = f"\r\n--{BOUNDARY}--\r\n".encode()
        headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while (start := time.perf_counter()) < until:
            number += 1
            try:
                connection.request("POST", "/v1/predict", head + files[number % len(files)] + tail, headers)
                answer = connection.getresponse()
                body = json.loads(answer.read())
                good = answer.status == 200 and "probabilities" in body["predictions"][0]
                outcomes["answers" if good else f"status {answer.status}"] += 1
            except (OSError, ValueError, http.client.HTTPException) as error:
                outcomes[type(error).__name__] += 1
                connection.close()
            latencies.append(time.perf_counter() - start)
        connection.close()

    start = time.perf_counter()
    threads = [threading.Thread(target=client, args=(7 * number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spent = time.perf_counter() - start
    ordered = sorted(latencies)
    good = outcomes.pop("answers", 0)
    return {
        "requests": len(ordered),
        "errors": dict(outcomes),
        "pictures_per_s": round(good / spent, 1),
        "p50_ms": round(1000 * ordered[len(ordered) // 2], 1),
        "p99_ms": round(1000 * ordered[int(0.99 * len(ordered))], 1),
        "cpu_ms": round(1000 * time.process_time() / len(ordered), 2),
    }


class Memory:
    """RssAnon of a process, twice a second: mapped pages do not count."""

    def __init__(self, pid: int) -> None:
        self._file, self._seen, self._over = Path(f"/proc/{pid}/status"), [], threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def done(self) -> dict[str, object]:
        """The mean of each quarter, and the most, in MiB."""
        self._over.set()
        self._thread.join()
        quarter = max(len(self._seen) // 4, 1)
        means = [statistics.mean(self._seen[at : at + quarter]) for at in range(0, 4 * quarter, quarter)]
        return {"quarters": [round(mean, 1) for mean in means], "most": round(max(self._seen), 1)}

    def _watch(self) -> None:
        while not self._over.is_set():
            self._seen.append(int(re.search(r"RssAnon:\s+(\d+)", self._file.read_text()).group(1)) / 1024)
            self._over.wait(0.5)


if __name__ == "__main__":
    os.environ.pop("CERVINET_TOKEN", None)
    main()
