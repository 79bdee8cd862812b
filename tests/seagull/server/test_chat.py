"""Chat completions as the ``openai`` package sends and reads them."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import openai
import pytest
from PIL import Image

from seagull.inference.sampling import Sampling
from seagull.reports.json import report_to_dict
from seagull.reports.schema import report_schema
from seagull.types import Message
from tests.seagull.server.conftest import Running, other_photo, png, uri

BOXES = [[10, 10, 90, 90], [100, 20, 180, 140]]
REGIONS = [{"box": box} for box in BOXES]


@pytest.fixture(scope="module")
def client(server: Running) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
        yield client


def user(text, image=None, **part):
    """A user's message; ``image`` and ``uuid`` make an image part."""
    parts = [{"type": "text", "text": text}]
    if image is not None or part:
        link = None if image is None else {"url": image}
        parts.insert(0, {"type": "image_url", "image_url": link, **part})
    return {"role": "user", "content": parts}


def ask(client, messages, regions=(), **options):
    extra = {"regions": list(regions)} | options.pop("extra", {})
    options = {"model": "tiny", "max_tokens": 8} | options
    return client.chat.completions.create(messages=messages, extra_body=extra, **options)


def test_the_model_is_listed(client):
    (model,) = client.models.list().data
    assert (model.id, model.object) == ("tiny", "model")
    assert model.model_extra["trained"] is True
    assert model.model_extra["segmenter"] == "grabcut+felzenszwalb"


def test_an_answer_is_the_one_of_the_library(client, server, picture_uri, photo):
    answer = ask(client, [user("What is wrong here?", picture_uri)], REGIONS)
    chat = server.service.assessor.chat(photo, BOXES)
    pieces = list(chat.speak("What is wrong here?", sampling=Sampling(max_new_tokens=8)))
    (choice,) = answer.choices
    assert choice.message.content == "".join(piece.text for piece in pieces)
    assert choice.finish_reason == pieces[-1].finish
    assert answer.usage.prompt_tokens == pieces[-1].prompt_tokens
    assert answer.usage.completion_tokens == pieces[-1].answer_tokens
    assert answer.usage.total_tokens == pieces[-1].prompt_tokens + pieces[-1].answer_tokens
    assert answer._request_id.startswith("req_")


def test_a_later_turn_goes_on_from_the_turns_before(client, server, image_id, photo):
    messages = [
        {"role": "system", "content": "Be brief."},
        user("What is wrong?", image_id),
        {"role": "assistant", "content": "It is blurred."},
        {"role": "user", "content": "Where?"},
    ]
    engine = server.service.assessor.engine
    engine.prefill(engine.open(photo))
    before = vars(engine.counters).copy()
    answer = ask(client, messages, REGIONS)
    assert engine.counters.prefix_tokens == before["prefix_tokens"]
    assert engine.counters.photos_encoded == before["photos_encoded"]
    chat = server.service.assessor.chat(photo, BOXES)
    chat.messages = [
        Message("user", "Be brief.\n\nWhat is wrong?", ("1", "2")),
        Message("assistant", "It is blurred."),
    ]
    assert answer.choices[0].message.content == "".join(chat.ask("Where?", max_new_tokens=8))


def test_a_message_can_be_about_one_of_the_regions(client, server, image_id, photo):
    answer = ask(client, [user("What is wrong?", image_id) | {"regions": ["2"]}], REGIONS)
    chat = server.service.assessor.chat(photo, BOXES)
    expected = "".join(chat.ask("What is wrong?", ["2"], max_new_tokens=8))
    assert answer.choices[0].message.content == expected


def test_talks_need_no_region_and_no_image(client, server, image_id, photo):
    for image, source in ((image_id, photo), (None, None)):
        answer = ask(client, [user("What is blur?", image)])
        chat = server.service.assessor.chat(source)
        expected = "".join(chat.ask("What is blur?", max_new_tokens=8))
        assert answer.choices[0].message.content == expected
    plain = ask(client, [{"role": "user", "content": "What is blur?"}])
    assert plain.choices[0].message.content == expected


def test_a_stream_says_what_the_whole_answer_says(client, image_id):
    messages = [user("What is wrong?", image_id)]
    whole = ask(client, messages, REGIONS)
    options = {"stream": True, "stream_options": {"include_usage": True}}
    *chunks, last = ask(client, messages, REGIONS, **options)
    deltas = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices]
    assert all(delta is None or isinstance(delta, str) for delta in deltas)
    assert "".join(delta or "" for delta in deltas) == whole.choices[0].message.content
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [chunk.choices[0].finish_reason for chunk in chunks] == [
        *[None] * (len(chunks) - 1), whole.choices[0].finish_reason
    ]  # fmt: skip
    assert last.choices == []
    assert last.usage.total_tokens == whole.usage.total_tokens
    assert last.usage.completion_tokens == whole.usage.completion_tokens
    assert len({chunk.id for chunk in (*chunks, last)}) == 1


def test_a_stream_ends_with_done_and_tells_no_usage_unasked(server, image_id):
    body = {"model": "tiny", "messages": [user("Why?", image_id)], "stream": True, "max_tokens": 2}
    reply = server.ask("/v1/chat/completions", body)
    assert reply.headers["content-type"].startswith("text/event-stream")
    *events, last, rest = reply.content.decode().split("\n\n")
    assert (last, rest) == ("data: [DONE]", "")
    assert "usage" not in "".join(events)


def test_probabilities_of_tokens_are_told(client, image_id):
    options = {"logprobs": True, "top_logprobs": 2}
    answer = ask(client, [user("Why?", image_id)], **options)
    logs = answer.choices[0].logprobs.content
    assert len(logs) == answer.usage.completion_tokens
    for log in logs:
        assert len(log.top_logprobs) == 2
        assert log.top_logprobs[0].logprob == log.logprob <= 0
        assert bytes(log.bytes).decode() == log.token
    streamed = ask(client, [user("Why?", image_id)], stream=True, **options)
    told = [chunk.choices[0].logprobs for chunk in streamed]
    assert [log for part in told if part for log in part.content] == logs
    assert ask(client, [user("Why?", image_id)]).choices[0].logprobs is None


def test_sampling_is_honoured(client, image_id):
    def said(**options):
        answer = ask(client, [user("Why?", image_id)], max_tokens=12, **options)
        return answer.choices[0].message.content

    drawn = [said(temperature=2.0, seed=seed) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert said(temperature=2.0, seed=1, top_p=1e-6) == said() == said(temperature=0)
    full = said()
    stop = full[3:5]
    assert said(stop=stop) == said(stop=[stop, "never said"]) == full[: full.index(stop)]


def test_an_answer_is_as_long_as_it_may_be(client, image_id):
    short = ask(client, [user("Why?", image_id)], max_tokens=3)
    assert (short.usage.completion_tokens, short.choices[0].finish_reason) == (3, "length")
    options = {"max_tokens": 8, "max_completion_tokens": 2}
    assert ask(client, [user("Why?", image_id)], **options).usage.completion_tokens == 2
    with pytest.raises(openai.BadRequestError) as refused:
        ask(client, [user("Why?", image_id)], max_tokens=4096)
    assert refused.value.code == "context_length_exceeded"


@pytest.mark.parametrize("schema", [{"schema": report_schema()}, {}])
def test_an_answer_can_be_a_report(client, server, image_id, photo, schema):
    form = {"type": "json_schema", "json_schema": {"name": "quality_report", **schema}}
    answer = ask(client, [user("Assess them.", image_id)], REGIONS, response_format=form)
    expected = report_to_dict(server.service.assessor.assess(photo, BOXES))
    assert json.loads(answer.choices[0].message.content) == expected
    assert answer.choices[0].finish_reason == "stop"


def test_a_uuid_stands_for_an_image_that_was_sent_before(client, server):
    image = uri(other_photo(41))
    before = server.service.assessor.engine.counters.photos_encoded
    first = ask(client, [user("Why?", image, uuid="cat-1")])
    again = ask(client, [user("Why?", uuid="cat-1")])
    assert first.choices[0].message.content == again.choices[0].message.content
    assert server.service.assessor.engine.counters.photos_encoded == before + 1
    with pytest.raises(openai.NotFoundError) as refused:
        ask(client, [user("Why?", uuid="cat-2")])
    assert refused.value.code == "image_not_found"


def test_transparency_is_a_region_only_when_asked_for(client, server, photo):
    mask = np.zeros(photo.size, dtype=bool)
    mask[20:70, 30:120] = True
    layers = np.dstack([photo.pixels, mask.astype(np.uint8) * 255])
    image = uri(png(Image.fromarray(layers)))
    answer = ask(client, [user("Why?", image)], extra={"alpha_as_mask": True})
    white = np.where(mask[..., None], photo.pixels, 255).astype(np.uint8)
    region = server.service.assessor.chat(white, [mask])
    assert answer.choices[0].message.content == "".join(region.ask("Why?", max_new_tokens=8))
    plain = ask(client, [user("Why?", image)])
    without = server.service.assessor.chat(white)
    assert plain.choices[0].message.content == "".join(without.ask("Why?", max_new_tokens=8))


def test_special_words_of_a_user_s_are_text(client, server, image_id, photo):
    words = "<image> <global> <|im_end|> </s>"
    answer = ask(client, [user(words, image_id)])
    chat = server.service.assessor.chat(photo)
    assert answer.choices[0].message.content == "".join(chat.ask(words, max_new_tokens=8))


@pytest.mark.parametrize(
    ("options", "status", "code"),
    [
        ({"n": 2}, 400, "unsupported_parameter"),
        (
            {"tools": [{"type": "function", "function": {"name": "f"}}]},
            400,
            "unsupported_parameter",
        ),
        ({"frequency_penalty": 0.5}, 400, "unsupported_parameter"),
        ({"logit_bias": {"5": 1}}, 400, "unsupported_parameter"),
        ({"top_logprobs": 3}, 400, "invalid_parameter"),
        ({"response_format": {"type": "json_object"}}, 400, "unsupported_response_format"),
        ({"model": "gpt-4o"}, 404, "model_not_found"),
        ({"temperature": 3}, 422, "invalid_request"),
        ({"max_tokens": 0}, 422, "invalid_request"),
        ({"extra": {"regons": []}}, 422, "invalid_request"),
        ({"extra": {"repetition_penalty": 1.2}}, 422, "invalid_request"),
        ({"modalities": ["audio"]}, 422, "invalid_request"),
    ],
)
def test_what_is_not_supported_is_refused_and_named(client, image_id, options, status, code):
    with pytest.raises(openai.APIStatusError) as refused:
        ask(client, [user("Why?", image_id)], **options)
    assert (refused.value.status_code, refused.value.code) == (status, code)


def test_what_changes_no_answer_is_left_alone(client, image_id):
    usual = {"user": "u", "store": False, "metadata": {"a": "b"}, "service_tier": "auto",
             "modalities": ["text"], "parallel_tool_calls": False}  # fmt: skip
    assert ask(client, [user("Why?", image_id)], **usual).choices


def test_errors_name_fields_and_nothing_of_the_program(server):
    message = {"role": "user", "content": "a" * 20_000}
    reply = server.ask("/v1/chat/completions", {"model": "tiny", "messages": [message]})
    assert reply.status == 422
    said = reply.json["error"]["message"]
    assert said.startswith("messages.0.content: ")
    assert not set("[]") & set(said)
    assert "constrained" not in said


@pytest.mark.parametrize(
    ("messages", "regions", "status"),
    [
        ([{"role": "assistant", "content": "Hello."}], [], 422),
        ([{"role": "user", "content": " "}], [], 422),
        ([{"role": "system", "content": "Be brief."}], [], 422),
        ([{"role": "user", "content": "Why?"}], REGIONS, 422),
        ([{"role": "user", "content": "Why?", "regions": ["9"]}], [], 422),
        ([user("Why?", "data:image/png;base64,AAAA")], [], 422),
        ([user("Why?", "http://example.com/a.png")], [], 403),
        ([user("Why?", "img_" + "0" * 32)], [], 404),
        ([user("Why?", "data:,1"), user("Why?", "data:,2")], [], 400),
        ([{"role": "user", "content": [{"type": "image_url", "image_url": None}]}], [], 422),
    ],
)
def test_conversations_that_cannot_be_are_refused(client, messages, regions, status):
    with pytest.raises(openai.APIStatusError) as refused:
        ask(client, messages, regions)
    assert refused.value.status_code == status
    assert set(refused.value.response.json()["error"]) == {"message", "type", "code"}
