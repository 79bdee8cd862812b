"""OpenAI's package, curl and SeagullClient share one image on ``seagull serve`` with an API key."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from seagull import SeagullClient
from tests.seagull.server.process import started

BOXES = [(10, 10, 90, 90), (100, 20, 180, 140)]
REGIONS = [{"box": list(box)} for box in BOXES]
QUESTION = "What is wrong here?"
KEY = "one-key-for-all-three"


def curl(*words: str) -> str:
    """What curl gets with the key."""
    command = ["curl", "--silent", "--show-error", "--fail-with-body", "--max-time", "60"]
    command += ["-H", f"Authorization: Bearer {KEY}", *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def url(model_folder: Path, tmp_path_factory) -> Iterator[str]:
    keys = tmp_path_factory.mktemp("keys") / "keys.txt"
    keys.write_text(f"{KEY}\n")
    with started(model_folder, "--api-key-file", str(keys)) as (_, port):
        yield f"http://127.0.0.1:{port}"


def user(text: str, image: str) -> dict[str, Any]:
    """A user's message about an image by its id."""
    parts = [
        {"type": "image_url", "image_url": None, "uuid": image},
        {"type": "text", "text": text},
    ]
    return {"role": "user", "content": parts}


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_openai_curl_and_the_client_share_one_image(url: str, picture: bytes, tmp_path: Path):
    photo = tmp_path / "photo.png"
    photo.write_bytes(picture)
    sent = json.loads(curl("-F", f"file=@{photo}", f"{url}/v1/images"))
    body = {"image": sent["id"], "regions": REGIONS}
    by_curl = json.loads(curl("--json", json.dumps(body), f"{url}/v1/assess"))

    client = SeagullClient(url, api_key=KEY)
    assert client.upload(photo).sha256 == sent["sha256"]
    by_client = client.assess(photo, BOXES)
    scores = [region["quality"]["score"] for region in by_curl["regions"]]
    assert [one.quality.score for one in by_client.regions] == pytest.approx(scores, abs=1e-5)

    chat = client.chat(photo, BOXES)
    said = "".join(chat.ask(QUESTION, max_new_tokens=8))
    messages = [user(QUESTION, sent["id"])]
    with openai.OpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0) as other:
        options = {
            "model": other.models.list().data[0].id,
            "max_tokens": 8,
            "extra_body": {"regions": REGIONS},
        }
        first = other.chat.completions.create(messages=messages, **options)
        assert first.choices[0].message.content == said
        # A further turn goes on from what this key's talk has computed, whoever began it.
        messages += [{"role": "assistant", "content": said}, {"role": "user", "content": "Why?"}]
        second = other.chat.completions.create(messages=messages, **options)
    assert second.usage.prompt_tokens_details.cached_tokens >= first.usage.prompt_tokens
    assert "".join(chat.ask("Why?", max_new_tokens=8)) == second.choices[0].message.content
    assert [message.role for message in chat.messages] == ["user", "assistant"] * 2
    with pytest.raises(ValueError, match="no region 3; known are 1, 2"):
        chat.ask("And there?", ["3"])
    counts = curl(f"{url}/metrics")
    assert re.search(r"^seagull_photos_encoded 1\.0$", counts, re.MULTILINE)
    assert re.search(r"^seagull_conversations 1\.0$", counts, re.MULTILINE)
