"""The OpenAPI document says what the server does: generated requests find no contradiction."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import load_all_checks

from seagull.server.schemas import StreamLine
from seagull.server.settings import ServerSettings, key_digest
from tests.seagull.server.conftest import Running, other_photo, running, uri

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

SETTINGS = settings(
    max_examples=10,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)

load_all_checks()


@schemathesis.deserializer("application/x-ndjson")
def last_line(context: Any, response: schemathesis.Response) -> Any:
    """The last line, which the document's schema is compared with, as it is about each line."""
    lines = [json.loads(line) for line in response.content.splitlines()]
    assert [line["type"] for line in (lines[0], lines[-1])] == ["report", "done"]
    for line in lines:
        StreamLine.model_validate(line)
    return lines[-1]


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


BOX = {"box": [10, 10, 90, 90]}
LABELS = (
    '<View><Image name="img" value="$image"/><RectangleLabels name="box" toName="img">'
    '<Label value="Region"/></RectangleLabels></View>'
)


def make_real(path: str, body: dict[str, Any], image: str) -> None:
    """Fills in what a schema cannot say: a photo that is there, regions that lie in it.

    All else stays as it was generated, and has to be accepted.
    """
    body |= {name: image for name in ("image", "before", "after") if name in body}
    if "regions" in body:
        body["regions"] = [BOX]
    if body.get("heatmap"):
        body["tasks"] = ["quality"]  # it shows quality
    if path == "/v1/segment":
        body.pop("box", None)  # one of the two
        body["points"] = [[50, 50]]
    if path == "/v1/images":
        body["image"] = uri(other_photo(71))
    if path == "/v1/chat/completions":
        body |= {"model": "tiny", "messages": [{"role": "user", "content": "Why?"}]}
        body["max_tokens"] = body["max_completion_tokens"] = 2  # the model has 1,024 in all
        if body.get("top_logprobs") is not None:
            body["logprobs"] = True
        for name in ("regions", "alpha_as_mask", "response_format"):  # they want an image
            body.pop(name, None)
    if path.startswith("/label-studio/"):
        body |= {name: LABELS for name in ("schema", "label_config") if name in body}
        body.pop("params", None)
        if "tasks" in body:
            body["tasks"] = [{"id": 1, "data": {"image": uri(other_photo(71))}}]


ANSWERED = {("POST", "/v1/segmenters/{name}"): (403, 404)}
"""Statuses of what is filled in, where they are not 200 or 201: with keys nothing is fetched."""

NEGATIVE = schemathesis.checks.negative_data_rejection
"""Takes a form with a file in it for one that its schema excludes."""
ACCEPTANCE = schemathesis.checks.positive_data_acceptance
UNSAID = {
    "/v1/images": "that a text is a data URI of a photo",
    "/v1/segment": "that a photo is there, points lie in it, and points and box exclude each other",
    "/v1/assess": "that a photo is there, and regions lie in it",
    "/v1/compare": "that photos are there, and regions lie in them",
    "/v1/chat/completions": "that the turns are those of a conversation about one photo",
    "/label-studio/setup": "that a text is a labelling configuration",
    "/label-studio/predict": "that a text is a labelling configuration",
}
"""What a schema cannot say, so that generated data may be refused; filled in, it is accepted."""


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize(("method", "path"), sorted(ROUTES))
def test_generated_requests_find_no_contradiction(
    document, documented, picture_uri, method, path, mode
):
    operation = document[path][method]
    image = documented.ask("/v1/images", {"image": picture_uri}, headers=BEARER).json["id"]
    positive = mode is schemathesis.GenerationMode.POSITIVE
    excluded = [ACCEPTANCE] if path in UNSAID else []
    if positive:
        excluded.append(NEGATIVE)

    @given(case=operation.as_strategy(generation_mode=mode))
    @SETTINGS
    def check(case: schemathesis.Case) -> None:
        case.call_and_validate(headers=BEARER, excluded_checks=excluded, timeout=120)
        # How a form's photo is written is not the generator's to say; JSON is filled in.
        if not positive or case.media_type == "multipart/form-data":
            return
        if "id" in case.path_parameters:
            case.path_parameters["id"] = image
        if isinstance(case.body, dict):
            make_real(path, case.body, image)
        reply = case.call_and_validate(headers=BEARER, excluded_checks=excluded, timeout=120)
        assert reply.status_code in ANSWERED.get((method, path), (200, 201)), reply.text

    try:
        check()
    except Unsatisfiable:
        assert not positive  # nothing about it can be wrong
