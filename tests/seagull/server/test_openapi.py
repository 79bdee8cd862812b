"""The OpenAPI document says what the server does: generated requests find no contradiction."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import load_all_checks

from seagull.server.settings import ServerSettings, key_digest
from tests.seagull.server.conftest import Running, running

KEY = "a-key-for-the-document"
ROUTES = {
    ("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/metrics"), ("POST", "/v1/images"),
    ("GET", "/v1/images/{id}/regions"), ("POST", "/v1/segment"), ("POST", "/v1/assess"),
    ("GET", "/v1/models"), ("POST", "/v1/chat/completions"),
    ("GET", "/label-studio/health"), ("POST", "/label-studio/setup"),
    ("POST", "/label-studio/predict"), ("POST", "/label-studio/webhook"),
}  # fmt: skip

load_all_checks()


@pytest.fixture(scope="module")
def documented(make_assessor) -> Iterator[Running]:
    with running(make_assessor(), ServerSettings(port=0, keys=(key_digest(KEY),))) as started:
        yield started


@pytest.fixture(scope="module")
def document(documented: Running) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_url(f"{documented.url}/openapi.json")


def test_every_route_is_in_the_document(documented):
    document = documented.ask("/openapi.json").json
    assert {path for _, path in ROUTES} == set(document["paths"])
    for path, methods in document["paths"].items():
        for entry in methods.values():
            assert ("security" in entry) == (path not in ("/healthz", "/readyz"))
            refused = entry["responses"]["422"]["content"]["application/json"]["schema"]
            assert refused["$ref"].endswith("/ErrorBody")


def test_streams_are_declared_by_their_media_types(documented):
    paths = documented.ask("/openapi.json").json["paths"]
    for path, kind in (
        ("/v1/assess", "application/x-ndjson"), ("/v1/chat/completions", "text/event-stream")
    ):  # fmt: skip
        content = paths[path]["post"]["responses"]["200"]["content"]
        assert set(content) == {"application/json", kind}


# That a text is a photo cannot be said in a schema, so what fits it may be refused.
UNSAID = [schemathesis.checks.positive_data_acceptance]


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize(("method", "path"), sorted(ROUTES))
def test_generated_requests_find_no_contradiction(document, method, path, mode):
    operation = document[path][method]

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(max_examples=10, suppress_health_check=list(HealthCheck), derandomize=True)
    def check(case: schemathesis.Case) -> None:
        headers = {"Authorization": f"Bearer {KEY}"}
        case.call_and_validate(headers=headers, excluded_checks=UNSAID)

    try:
        check()
    except Unsatisfiable:
        assert mode is schemathesis.GenerationMode.NEGATIVE  # nothing about it can be wrong
