"""A conversation's further request computes its new tokens alone; what is kept is its owner's."""

from __future__ import annotations

import torch

from seagull.inference.turn_cache import ComputedTurns
from seagull.photos import Photo
from seagull.regions.classical import ClassicalSegmenter
from seagull.server.service import Service
from seagull.server.settings import Limits, ServerSettings, key_digest
from tests.seagull.server.conftest import Running, other_photo, running, uri
from tests.seagull.server.test_worker import until

ANNA, BEN = "anna-has-a-long-key", "ben-has-another-one"
REGIONS = [{"id": "face", "box": [10, 10, 90, 90]}, {"box": [100, 20, 180, 140]}]


def ask(server: Running, turns, image: str | None, key: str = "", **more):
    """The answer and its usage; turns are texts, the user's first."""
    messages = [
        {"role": ("user", "assistant")[place % 2], "content": text}
        for place, text in enumerate(turns)
    ]
    if image is not None:
        picture = {"type": "image_url", "image_url": {"url": image}}
        messages[0]["content"] = [picture, {"type": "text", "text": turns[0]}]
    regions = [] if image is None else REGIONS
    body = {"model": "nano", "messages": messages, "regions": regions, "max_tokens": 8} | more
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    reply = server.ask("/v1/chat/completions", body, headers=headers)
    assert reply.status == 200, reply.content
    usage = reply.json["usage"]
    return reply.json["choices"][0]["message"]["content"], usage


def cached(usage) -> int:
    return usage["prompt_tokens_details"]["cached_tokens"]


def test_a_further_turn_computes_its_new_tokens_alone(make_assessor):
    forgetful = ServerSettings(port=0, limits=Limits(kept_conversations=0))
    with (
        running(make_assessor(), ServerSettings(port=0)) as server,
        running(make_assessor(), forgetful) as other,
    ):
        counters = server.service.assessor.engine.counters
        for image in (uri(other_photo(61)), None):
            turns, before = ["What is wrong here?"], 0
            for question in ("Why?", "And where?", ""):
                start = counters.suffix_tokens + counters.prefix_tokens
                answer, usage = ask(server, turns, image)
                computed = counters.suffix_tokens + counters.prefix_tokens - start
                assert cached(usage) >= before  # the whole prompt of the turn before
                new = usage["prompt_tokens"] - cached(usage)
                assert new - 1 <= computed - usage["completion_tokens"] <= new
                anew, usage_anew = ask(other, turns, image)
                assert answer == anew
                assert cached(usage_anew) == 0
                turns += [answer, question]
                before = usage["prompt_tokens"]
        # The photo's talk and the one without a photo, each as its last turn left it.
        assert len(server.service.turns) == 2
        assert len(other.service.turns) == 0


def test_another_ending_goes_on_from_what_is_shared(server):
    image = uri(other_photo(62))
    first, usage = ask(server, ["What is wrong here?"], image)
    ask(server, ["What is wrong here?", first, "Why?"], image)
    _, other = ask(server, ["What is wrong here?", first, "Since when?"], image)
    assert cached(other) >= usage["prompt_tokens"]
    _, edited = ask(server, ["What is good here?", first, "Why?"], image)
    assert 0 < cached(edited) < usage["prompt_tokens"]  # the photo, and the words before "good"


def test_neither_keys_nor_photos_share_a_conversation(make_assessor):
    keys = (key_digest(ANNA), key_digest(BEN))
    with running(make_assessor(), ServerSettings(port=0, keys=keys)) as server:
        image = uri(other_photo(63))
        turns = ["What is wrong here?"]
        answer, _ = ask(server, turns, image, ANNA)
        turns += [answer, "Why?"]
        said, usage = ask(server, turns, image, BEN)
        assert cached(usage) == 0
        assert cached(ask(server, turns, uri(other_photo(64)), ANNA)[1]) == 0
        assert cached(ask(server, turns, None, ANNA)[1]) == 0
        again, usage = ask(server, turns, image, ANNA)
        assert cached(usage) > 0
        assert again == said


def test_where_owners_are_unknown_nothing_is_kept(server, monkeypatch):
    monkeypatch.setattr(ServerSettings, "knows_owners", property(lambda self: False))
    image = uri(other_photo(65))
    answer, _ = ask(server, ["What is wrong here?"], image)
    assert cached(ask(server, ["What is wrong here?", answer, "Why?"], image)[1]) == 0
    settings = ServerSettings(host="0.0.0.0")
    monkeypatch.undo()
    assert not settings.knows_owners
    assert ServerSettings(host="0.0.0.0", keys=(b"1",)).knows_owners


def test_no_more_is_kept_than_may_be(make_assessor):
    limits = Limits(kept_conversations=2)
    with running(make_assessor(), ServerSettings(port=0, limits=limits)) as server:
        image = uri(other_photo(66))
        for question in ("What?", "Why?", "Where?", "When?"):
            ask(server, [question], image)
        assert len(server.service.turns) == 2
        assert server.service.turns.nbytes <= server.service.settings.cache_bytes


def test_a_conversation_is_kept_no_longer_than_photos(make_assessor):
    with running(make_assessor(), ServerSettings(port=0, image_minutes=0.005)) as server:
        ask(server, ["What is wrong here?"], uri(other_photo(67)))
        until(lambda: len(server.service.turns) == 0)


def test_a_photo_that_is_dropped_takes_its_owner_s_conversations_along(make_assessor, photo):
    service = Service(make_assessor(), ClassicalSegmenter, ServerSettings())
    turns = ComputedTurns((1,), ((torch.zeros(2), torch.zeros(2)),), 1)
    for owner in ("anna", "ben"):
        service.images.name("cat", photo, owner)
        service.turns.keep(owner, photo.sha256, turns)
    service.clear_up()
    assert len(service.turns) == 2
    service.images.name("cat", Photo(photo.pixels[::-1].copy()), "anna")
    service.clear_up()
    assert service.turns.longest("anna", photo.sha256, (1,)) is None
    assert service.turns.longest("ben", photo.sha256, (1,)) is turns
