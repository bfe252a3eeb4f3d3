"""Numbers of the service for Prometheus, in a registry of its own."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from cervinet.inference.predicting import Prediction
from cervinet.serve.access_log import Record

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second line for each number, which nobody reads
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_SIZES = (1, 2, 4, 8, 16, 32)
OUTCOMES = ("class", "unsure", "not_assessed", "unreadable")


class Metrics:
    """Counts requests, and what `batching.Watcher` is told; safe to use from any thread."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._requests = Counter(
            "cervinet_requests", "Requests answered.", ("route", "method", "status"), registry=registry
        )
        self._seconds = Histogram(
            "cervinet_request_seconds", "From request to answer.", ("route",), buckets=_SECONDS, registry=registry
        )
        self._pictures = Counter("cervinet_pictures", "Pictures answered.", ("outcome",), registry=registry)
        self._flags = Counter(
            "cervinet_flagged_pictures", "Pictures with a quality flag.", ("flag",), registry=registry
        )
        self._batches = Histogram(
            "cervinet_batch_pictures", "Pictures judged together.", buckets=_SIZES, registry=registry
        )
        self._queue = Gauge("cervinet_queue_pictures", "Pictures that wait for the network.", registry=registry)
        for outcome in OUTCOMES:  # a rate needs a zero to begin with
            self._pictures.labels(outcome)

    def request(self, record: Record) -> None:
        """A request was answered."""
        self._requests.labels(record.route, record.method, str(record.status)).inc()
        self._seconds.labels(record.route).observe(record.ms / 1000)

    def batch(self, size: int) -> None:
        """See `batching.Watcher`."""
        self._batches.observe(size)

    def waiting(self, pictures: int) -> None:
        """See `batching.Watcher`."""
        self._queue.set(pictures)

    def said(self, prediction: Prediction) -> None:
        """See `batching.Watcher`."""
        verdict = prediction.verdict
        if verdict is None:
            self._pictures.labels("unreadable").inc()
            return
        self._pictures.labels(verdict.why.replace(" ", "_") or "class").inc()
        for flag in verdict.flags:
            self._flags.labels(flag).inc()

    def text(self) -> bytes:
        """In Prometheus's text format."""
        return generate_latest(self._registry)
