"""Clients of a service without a network."""

from collections.abc import Callable
from typing import Any

import pytest
from clients import LIMITS, Asked, Redness
from starlette.testclient import TestClient

from cervinet.serve.access_log import Record
from cervinet.serve.app import build_app
from cervinet.serve.limits import Limits
from cervinet.serve.metrics import Metrics


@pytest.fixture
def serving() -> Callable[..., Asked]:
    """`serving(service=…, limits=…, token=…, page=…)`: any of them may be left out."""

    def make(service: Any = None, limits: Limits = LIMITS, **options: Any) -> Asked:
        service, metrics, records = service or Redness(), Metrics(), list[Record]()
        app = build_app(service, limits, metrics=metrics, note=[records.append], **options)
        return Asked(service, TestClient(app, raise_server_exceptions=False), metrics, records)

    return make


@pytest.fixture
def asked(serving: Callable[..., Asked]) -> Asked:
    return serving()
