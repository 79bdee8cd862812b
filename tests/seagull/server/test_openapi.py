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
    ("POST", "/v1/compare"),
    ("GET", "/v1/models"), ("POST", "/v1/chat/completions"),
    ("GET", "/v1/segmenters"), ("POST", "/v1/segmenters/{name}"),
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


BEARER = {"Authorization": f"Bearer {KEY}"}


def make_real(case: schemathesis.Case, real: dict[str, str]) -> None:
    """Puts a photo and a model that are there into a request, so that more than errors comes."""
    if "id" in case.path_parameters:
        case.path_parameters["id"] = real["image"]
    if isinstance(case.body, dict):
        case.body |= {name: value for name, value in real.items() if name in case.body}
        if "messages" in case.body:
            case.body["messages"] = [{"role": "user", "content": "Why?"}]
            case.body["max_tokens"] = 2


NEGATIVE = schemathesis.checks.negative_data_rejection
"""Takes a form with a file in it for one that its schema excludes."""
UNSAID = [schemathesis.checks.positive_data_acceptance]
"""That a text is a photo cannot be said in a schema, so what fits it may be refused."""


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize(("method", "path"), sorted(ROUTES))
def test_generated_requests_find_no_contradiction(
    document, documented, picture_uri, method, path, mode
):
    operation = document[path][method]
    real = {"image": picture_uri, "before": picture_uri, "after": picture_uri, "model": "tiny"}
    if path != "/v1/images":
        sent = documented.ask("/v1/images", {"image": picture_uri}, headers=BEARER)
        real["image"] = sent.json["id"]

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(max_examples=10, suppress_health_check=list(HealthCheck), derandomize=True)
    def check(case: schemathesis.Case) -> None:
        positive = mode is schemathesis.GenerationMode.POSITIVE
        unsaid = [*UNSAID, NEGATIVE] if positive else UNSAID
        case.call_and_validate(headers=BEARER, excluded_checks=unsaid)
        if positive:
            make_real(case, real)
            case.call_and_validate(headers=BEARER, excluded_checks=unsaid)

    try:
        check()
    except Unsatisfiable:
        assert mode is schemathesis.GenerationMode.NEGATIVE  # nothing about it can be wrong
