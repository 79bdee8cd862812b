"""SeagullClient and ``seagull assess --server`` against a server that is really started."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from seagull import SeagullClient, compare
from seagull.cli import build_app
from seagull.cli.services import Services
from seagull.client import ServerError, ServerUnavailable
from seagull.comparison.json import comparison_to_dict
from seagull.comparison.types import Resized
from seagull.photos import read_photo
from seagull.regions.asked import asked_regions
from seagull.regions.classical import ClassicalSegmenter
from seagull.regions.everything import Selection
from seagull.regions.spec import RegionSpec
from seagull.reports.json import report_to_dict
from seagull.server.images import ImageStore
from seagull.server.settings import ServerSettings, key_digest
from tests.seagull.cli.test_imports import COMMAND, HEAVY, REPORT, loaded
from tests.seagull.server.conftest import Running, running

BOXES = [(10, 10, 90, 70), (100, 40, 180, 140)]


class LocalServices(Services):
    """The server's model and segmenter, used here."""

    def __init__(self, assessor: Any) -> None:
        self.assessor = assessor

    def load(self, model: str, *, device: str, dtype: str, quantization: str | None) -> Any:
        return self.assessor

    def segmenter(self, name: str | None, device: str) -> Any:
        return ClassicalSegmenter()


@pytest.fixture
def client(server: Running) -> SeagullClient:
    return SeagullClient(server.url, retries=2)


@pytest.fixture
def photo_file(picture: bytes, tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    path.write_bytes(picture)
    return path


@pytest.fixture
def cli(make_assessor):
    """Runs the command and gives code, stdout and stderr."""
    app = build_app(LocalServices(make_assessor()))

    def run(*words: object) -> tuple[int, str, str]:
        done = CliRunner().invoke(app, [str(word) for word in words])
        return done.exit_code, done.stdout, done.stderr

    return run


def rounded(plain: Any) -> Any:
    """Numbers to four digits: sums over several regions at once differ in the last."""
    if isinstance(plain, float):
        return round(plain, 4)
    if isinstance(plain, dict):
        return {key: rounded(value) for key, value in plain.items()}
    return [rounded(one) for one in plain] if isinstance(plain, list) else plain


def test_a_servers_report_is_the_local_one(client, make_assessor, photo_file):
    here = make_assessor().assess(photo_file, BOXES, text=True)
    there = client.assess(photo_file, BOXES, text=True)
    assert rounded(report_to_dict(there)) == rounded(report_to_dict(here))


def test_points_and_automatic_regions_are_made_by_the_servers_segmenter(client, photo_file):
    photo = read_photo(photo_file)
    opened = ClassicalSegmenter().open(photo)
    found = client.segment(photo_file, [(60, 40)])
    assert np.array_equal(found.mask, opened.segment([(60, 40, 1)]).mask)
    assert (found.source, found.segmenter) == ("points", ClassicalSegmenter().name)
    inside = client.segment(photo_file, box=(20, 20, 120, 100))
    assert np.array_equal(inside.mask, opened.segment((), (20, 20, 120, 100)).mask)
    automatic = client.regions(photo_file, limit=3)
    expected = opened.everything(Selection(3))
    assert [region.source for region in automatic] == ["everything"] * len(expected)
    assert all(np.array_equal(a.mask, b.mask) for a, b in zip(automatic, expected, strict=True))
    spec = RegionSpec("dot", points=((60.0, 40.0, 1),))
    report = client.assess(photo_file, [spec], everything=True, max_regions=2)
    assert [one.region.id for one in report.regions] == ["dot", "1", "2"]
    assert np.array_equal(report.regions[0].region.mask, found.mask)
    with pytest.raises(ValueError, match="give points or a box"):
        client.segment(photo_file)


def test_the_server_names_its_model_and_its_segmenter(client):
    (model,) = client.models()
    assert (model.id, model.info.revision, model.info.trained) == ("tiny", "0", True)
    assert model.segmenter == client.segmenter.name == ClassicalSegmenter().name


@pytest.fixture
def later_file(picture: bytes, tmp_path: Path) -> Path:
    """The photo, darker."""
    path = tmp_path / "later.png"
    with Image.open(io.BytesIO(picture)) as opened:
        opened.point(lambda value: value // 2).save(path)
    return path


def test_a_servers_comparison_is_the_local_one(client, make_assessor, photo_file, later_file):
    regions = [RegionSpec("face", box=(10, 10, 90, 70)), RegionSpec("sky", box=(100, 40, 180, 140))]
    here = compare(photo_file, later_file, regions, model=make_assessor())
    there = client.compare(photo_file, later_file, regions)
    assert rounded(comparison_to_dict(there)) == rounded(comparison_to_dict(here))
    automatic = client.compare(photo_file, later_file, everything=True, max_regions=2)
    assert len(automatic.regions) == 2
    with pytest.raises(ServerError, match="differ in size"):
        client.compare(photo_file, np.zeros((75, 100, 3), np.uint8))
    resized = client.compare(photo_file, np.zeros((75, 100, 3), np.uint8), resize="before")
    assert (resized.resized, resized.before.image.path) == (
        Resized("before", 200, 150), str(photo_file))  # fmt: skip


def test_many_regions_are_compared_in_several_requests(
    client, make_assessor, photo_file, later_file
):
    boxes = [(n, 10, n + 20, 40) for n in range(130)]
    own = asked_regions(read_photo(photo_file), boxes)
    there = client.compare(photo_file, later_file, own)
    assert [one.region for one in there.regions] == own
    assert there.regions[129].after is there.after.regions[129]
    here = compare(photo_file, later_file, own, model=make_assessor())
    assert rounded(comparison_to_dict(there)) == rounded(comparison_to_dict(here))


def test_photos_that_the_server_forgot_are_sent_again_to_be_compared(
    make_assessor, photo_file, later_file
):
    with running(make_assessor(), ServerSettings(port=0)) as server:
        client = SeagullClient(server.url)
        sent = [client.upload(one) for one in (photo_file, later_file)]
        server.service.images = ImageStore(900, 1 << 20)
        assert server.ask("/v1/assess", {"image": sent[1].id}).status == 404
        assert len(client.compare(photo_file, later_file, BOXES).regions) == 2


def test_comparing_imports_nothing_that_a_model_needs(server, photo_file, later_file):
    code = (
        "import sys, seagull\n"
        "made = seagull.SeagullClient(sys.argv[1]).compare(*sys.argv[2:])\n"
        "assert made.regions[0].change.verdict.value\n"
    )
    assert not HEAVY & loaded(code, server.url, str(photo_file), str(later_file))


def test_assessments_come_as_they_are_made(client, photo_file):
    each = client.assess_each(photo_file, BOXES, tasks=["quality"])
    whole = client.assess(photo_file, BOXES, tasks=["quality"])
    for one, expected in zip(each, whole.regions, strict=True):
        assert one.region.id == expected.region.id
        assert one.quality.score == pytest.approx(expected.quality.score, abs=1e-5)
        assert one.importance is None


def test_a_photo_that_the_server_forgot_is_sent_again(make_assessor, photo_file):
    with running(make_assessor(), ServerSettings(port=0, image_minutes=0.002)) as server:
        client = SeagullClient(server.url)
        first = client.upload(photo_file)
        time.sleep(0.3)
        assert server.ask("/v1/assess", {"image": first.id}).status == 404
        assert len(client.assess(photo_file, BOXES).regions) == 2
        assert len(list(client.assess_each(photo_file, BOXES))) == 2


def test_a_server_with_keys_wants_one(make_assessor, photo_file, tmp_path, cli):
    key = "0123456789abcdef"
    keys = tmp_path / "key"
    keys.write_text(f"# ours\n{key}\n")
    with running(make_assessor(), ServerSettings(port=0, keys=(key_digest(key),))) as server:
        assert SeagullClient(server.url, api_key=key).assess(photo_file).regions
        with pytest.raises(ServerUnavailable, match="wants a valid API key"):
            SeagullClient(server.url).models()
        asked = ("assess", photo_file, "--json", "--server", server.url)
        code, out, err = cli(*asked)
        assert (code, out) == (2, "")
        assert "wants a valid API key" in err
        code, out, err = cli(*asked, "--api-key-file", keys)
        assert (code, err) == (0, "")
        assert json.loads(out)["regions"][0]["source"] == "whole"


def test_what_the_server_refuses_is_said_in_its_words(client, photo_file):
    with pytest.raises(ServerError, match=r"leaves the photo|outside") as caught:
        client.assess(photo_file, [(0, 0, 5000, 5000)])
    assert caught.value.status == 422
    with pytest.raises(ServerError, match=r"not a picture|no photo|cannot"):
        client.assess(b"\xff\xd8\xff nothing more", BOXES)


class TestCommand:
    """``seagull assess --server``: all that the command does without it."""

    def test_json_is_that_of_a_local_run(self, server, cli, photo_file):
        mask = np.zeros((150, 200), bool)
        mask[20:60, 30:90] = True
        Image.fromarray(mask).save(photo_file.with_name("mask.png"))
        words = [
            "assess", photo_file, "--json", "--box", "face=10,10,90,70", "--point", "60,40",
            "--mask", photo_file.with_name("mask.png"), "--everything", "--max-regions", 3,
        ]  # fmt: skip
        code, here, _ = cli(*words)
        remote, there, err = cli(*words, "--server", server.url)
        assert (code, remote, err) == (0, 0, "")
        assert rounded(json.loads(there)) == rounded(json.loads(here))

    def test_table_and_pictures_are_those_of_a_local_run(self, server, cli, photo_file):
        words = ["assess", photo_file, "--box", "10,10,90,70", "--box", "100,40,180,140"]
        drawn = {}
        for name, more in (("here", ()), ("there", ("--server", server.url))):
            picture = photo_file.with_name(f"{name}.png")
            said = cli(*words, "--overlay", picture, *more)
            # By its pixels: the file also holds a digest of numbers, whose last digits may differ.
            with Image.open(picture) as opened:
                drawn[name] = said, opened.tobytes()
        assert drawn["here"] == drawn["there"]

    def test_a_run_goes_on_and_one_bad_photo_is_left_out(self, server, cli, photo_file, tmp_path):
        folder = tmp_path / "photos"
        folder.mkdir()
        for name in ("a.png", "b.png"):
            (folder / name).write_bytes(photo_file.read_bytes())
        (folder / "c.png").write_bytes(photo_file.read_bytes()[:80])
        out = tmp_path / "out.jsonl"
        words = ["assess", folder, "--box", "10,10,90,70", "--jsonl", out, "--server", server.url]
        code, _, err = cli(*words)
        assert (code, len(out.read_text().splitlines())) == (2, 2)
        assert "c.png" in err
        before = out.read_bytes()
        (folder / "c.png").unlink()
        code, _, err = cli(*words)
        assert (code, out.read_bytes()) == (0, before)
        assert "2 done before" in err

    def test_a_server_that_is_gone_ends_the_run_at_once(self, make_assessor, cli, photo_file):
        with running(make_assessor(), ServerSettings(port=0)) as server:
            url = server.url
        code, out, err = cli("assess", photo_file, photo_file.parent, "--server", url)
        assert (code, out) == (2, "")
        assert len(err.splitlines()) == 1
        assert "cannot be reached; is a server running there" in err

    def test_a_process_says_one_line_of_a_server_that_is_not_there(self, photo_file):
        words = ["assess", str(photo_file), "--server", "http://127.0.0.1:9"]
        done = subprocess.run(
            [sys.executable, "-m", "seagull", *words], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)

    def test_options_that_are_the_servers_choice_are_refused(self, server, cli, photo_file):
        for words in (("--model", "nano"), ("--device", "cpu"), ("--segmenter", "classical")):
            code, _, err = cli("assess", photo_file, *words, "--server", server.url)
            assert code == 2
            assert f"{words[0]} is the server's own choice" in err
        code, _, err = cli("assess", photo_file, "--api-key-file", "key")
        assert code == 2
        assert "name it with --server URL" in err

    def test_nothing_that_a_model_needs_is_imported(self, server, photo_file, tmp_path):
        words = ["assess", str(photo_file), "--point", "60,40", "--everything", "--json",
                 "--overlay", str(tmp_path / "drawn.png"), "--server", server.url]  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-c", COMMAND + REPORT, *words],
            capture_output=True,
            text=True,
            check=True,
        )
        assert len(json.loads(done.stdout)["regions"]) > 1
        with Image.open(io.BytesIO((tmp_path / "drawn.png").read_bytes())) as drawn:
            assert drawn.width >= 800
        assert not HEAVY & set(json.loads(done.stderr.splitlines()[-1]))
