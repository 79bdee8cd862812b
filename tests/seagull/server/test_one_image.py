"""OpenAI's package, curl and SeagullClient share one image on a server that is really started."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import openai
import pytest

from seagull import SeagullClient
from tests.seagull.server.conftest import Running

BOXES = [(10, 10, 90, 90), (100, 20, 180, 140)]
QUESTION = "What is wrong here?"


def curl(*words: str) -> Any:
    """The JSON that curl gets."""
    command = ["curl", "--silent", "--show-error", "--fail-with-body", "--max-time", "60", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_openai_curl_and_the_client_share_one_image(
    server: Running, picture: bytes, tmp_path: Path
):
    photo = tmp_path / "photo.png"
    photo.write_bytes(picture)
    sent = curl("-F", f"file=@{photo}", f"{server.url}/v1/images")
    engine = server.service.assessor.engine
    encoded = engine.counters.photos_encoded

    body = {"image": sent["id"], "regions": [{"box": list(box)} for box in BOXES]}
    by_curl = curl("--json", json.dumps(body), f"{server.url}/v1/assess")

    client = SeagullClient(server.url)
    assert client.upload(photo).sha256 == sent["sha256"]
    by_client = client.assess(photo, BOXES)
    scores = [one["quality"]["score"] for one in by_curl["regions"]]
    assert [one.quality.score for one in by_client.regions] == pytest.approx(scores, abs=1e-5)

    chat = client.chat(photo, BOXES)
    said = "".join(chat.ask(QUESTION, max_new_tokens=8))
    content = [
        {"type": "image_url", "image_url": None, "uuid": sent["id"]},
        {"type": "text", "text": QUESTION},
    ]
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as other:
        answer = other.chat.completions.create(
            model=other.models.list().data[0].id,
            messages=[{"role": "user", "content": content}],  # type: ignore[list-item,misc]
            max_tokens=8,
            extra_body={"regions": body["regions"]},
        )
    assert answer.choices[0].message.content == said
    # A later turn, about one of the regions, goes on from it.
    assert list(chat.ask("And here?", ["2"], max_new_tokens=4))
    assert [message.role for message in chat.messages] == ["user", "assistant"] * 2
    with pytest.raises(ValueError, match="no region 3; known are 1, 2"):
        chat.ask("And there?", ["3"])
    assert engine.counters.photos_encoded == encoded
