"""``seagull serve``: what cannot work is said before a model is loaded."""

from __future__ import annotations

import importlib.util
import socket
from types import SimpleNamespace

import pytest

from seagull.server import run as server_run


@pytest.fixture
def services(cli):
    cli.services.assessor.engine = SimpleNamespace(sessions=SimpleNamespace(budget=0), device="cpu")
    return cli.services


@pytest.fixture
def served(monkeypatch, services):
    """Servers that the command would have run, with their addresses."""
    ran = []

    def run(server, address):
        ran.append((server, address.getsockname()))
        address.close()

    monkeypatch.setattr(server_run, "run_server", run)
    return ran


def test_options_reach_the_server(cli, services, served, tmp_path):
    keys = tmp_path / "keys"
    keys.write_text("a-key-that-is-long-enough\n")
    done = cli(
        "serve", "--port", "0", "--api-key-file", str(keys), "--image-minutes", "2", "--cache-mb",
        "64", "--max-body-mb", "3", "--max-megapixels", "2", "--queue", "5", "--root-path", "/iqa",
        "--allow-domain", "Pictures.Example.", "--allow-origin", "https://a.example",
    )  # fmt: skip
    assert (done.code, services.loads) == (0, 1), done.err
    ((server, (host, port)),) = served
    settings = server.config.app.state.service.settings
    assert (host, server.config.root_path) == ("127.0.0.1", "/iqa")
    assert port > 0
    assert len(settings.keys) == 1
    assert (settings.image_minutes, settings.cache_bytes) == (2, 64 << 20)
    assert (settings.domains, settings.origins) == (("pictures.example",), ("https://a.example",))
    limits = settings.limits
    assert (limits.body_bytes, limits.pixels, limits.in_progress) == (3 << 20, 2_000_000, 5)


def test_label_studio_s_files_are_asked_where_it_is_named(cli, services, served, tmp_path):
    token = tmp_path / "token"
    token.write_text("a-token\n")
    words = ("--port", "0", "--label-studio", "http://localhost:8080", "--label-studio-key-file")
    assert cli("serve", *words, token).code == 0
    assert cli("serve", "--port", "0").code == 0
    (named, _), (unnamed, _) = served
    assert named.config.app.state.label_studio.holds("/data/upload/1/a.png")
    assert unnamed.config.app.state.label_studio is None
    assert cli("serve", "--label-studio-key-file", token).code == 2
    assert cli("serve", "--label-studio", "localhost").code == 2
    assert services.loads == 2


def test_an_open_server_for_everybody_is_said_to_be_one(cli, served):
    assert "--api-key-file" in cli("serve", "--host", "0.0.0.0", "--port", "0").err
    assert "--api-key-file" not in cli("serve", "--port", "0").err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--api-key-file", "missing"], "missing"),
        (["--root-path", "iqa"], "root path"),
        (["--image-minutes", "0"], "more than 0 minutes"),
        (["--allow-origin", "a.example"], "origin"),
        (["--host", "no.such.host.invalid"], "cannot listen on no.such.host.invalid"),
    ],
)
def test_settings_that_cannot_be_are_explained_first(cli, services, arguments, complaint):
    done = cli("serve", *arguments)
    assert (done.code, services.loads) == (2, 0)
    assert complaint in done.err
    assert "Traceback" not in done.err


def test_a_port_that_is_taken_is_named(cli, services):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = cli("serve", "--port", port)
    assert (done.code, services.loads) == (2, 0)
    assert f"port {port}" in done.err


def test_without_the_extra_it_is_said_what_to_install(cli, services, monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "uvicorn" else real(name)
    )
    done = cli("serve")
    assert (done.code, services.loads) == (2, 0)
    assert "seagull-iqa[serve]" in done.err
