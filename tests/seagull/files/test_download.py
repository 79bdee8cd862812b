"""Downloads against a server on this machine: resumed, checked, and refused in plain words."""

import hashlib
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from seagull.files.download import (
    DOWNLOADS,
    Download,
    DownloadError,
    WebFile,
    cache_dir,
    cached,
    download,
    fetch,
    find_download,
)

CONTENT = bytes(range(256)) * 4096
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves CONTENT; ``ranges`` and ``break_after`` say how well."""

    ranges = True
    break_after: int | None = None
    redirect: str | None = None

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str | None] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/file.bin"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.server.asked.append(wanted)
        if self.server.redirect or self.path.partition("?")[0] != "/file.bin":
            self.send_response(302 if self.server.redirect else 404)
            self.send_header("Location", self.server.redirect or "")
            self.end_headers()
            return
        start = int(wanted[6:-1]) if wanted and self.server.ranges else 0
        if start >= len(CONTENT):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(CONTENT)}")
            self.end_headers()
            return
        self.send_response(206 if wanted and self.server.ranges else 200)
        if wanted and self.server.ranges:
            self.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
        body = CONTENT[start:]
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: self.server.break_after])

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_file_arrives_whole_and_progress_is_told(server: Server, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    target = tmp_path / "new" / "file.bin"
    fetch(server.url, target, sha256=DIGEST, progress=lambda *now: seen.append(now))
    assert target.read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert [p.name for p in target.parent.iterdir()] == ["file.bin"]


def test_a_broken_connection_is_resumed_where_it_stopped(server: Server, tmp_path: Path) -> None:
    server.break_after = 400_000
    fetch(server.url, tmp_path / "f", sha256=DIGEST, size=len(CONTENT))
    assert server.asked == [None, "bytes=400000-", "bytes=800000-"]
    assert (tmp_path / "f").read_bytes() == CONTENT


def test_what_arrived_is_kept_for_the_next_command(server: Server, tmp_path: Path) -> None:
    server.break_after = 1000
    with pytest.raises(DownloadError, match="run the command again"):
        fetch(server.url, tmp_path / "f", sha256=DIGEST)
    assert not (tmp_path / "f").exists()
    server.break_after = None
    fetch(server.url, tmp_path / "f", sha256=DIGEST)
    assert server.asked[-1] == "bytes=3000-"


def test_a_server_without_ranges_sends_it_all_again(server: Server, tmp_path: Path) -> None:
    server.ranges = False
    (tmp_path / "f.part").write_bytes(CONTENT[:5000])
    fetch(server.url, tmp_path / "f", sha256=DIGEST)
    assert (tmp_path / "f").read_bytes() == CONTENT


@pytest.mark.parametrize("size", [None, len(CONTENT)])
def test_a_whole_part_is_only_checked(server: Server, tmp_path: Path, size: int | None) -> None:
    (tmp_path / "f.part").write_bytes(CONTENT)
    fetch(server.url, tmp_path / "f", sha256=DIGEST, size=size)
    assert (tmp_path / "f").read_bytes() == CONTENT


def test_a_wrong_digest_removes_the_file(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="SHA-256"):
        fetch(server.url, tmp_path / "f", sha256="0" * 64)
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_another_size_is_refused_before_it_is_read(
    server: Server, tmp_path: Path
) -> None:
    with pytest.raises(DownloadError, match=f"{len(CONTENT)} bytes, expected 7"):
        fetch(server.url, tmp_path / "f", sha256=DIGEST, size=7)
    with pytest.raises(DownloadError, match="at most 1000"):
        fetch(server.url, tmp_path / "f", sha256=DIGEST, max_size=1000)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_noticed_before_the_download(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=10)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)
    with pytest.raises(DownloadError, match="make room"):
        fetch(server.url, tmp_path / "f", sha256=DIGEST)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/f",
        "ftp://127.0.0.1/f",
        "file:///etc/hosts",
        "http://127.0.0.1.evil.org/",
    ],
)
def test_only_https_is_fetched(url: str, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="only https"):
        fetch(url, tmp_path / "f", sha256=DIGEST)


def test_a_redirect_cannot_leave_https(server: Server, tmp_path: Path) -> None:
    server.redirect = "http://example.org/f"
    with pytest.raises(DownloadError, match="only https"):
        fetch(server.url, tmp_path / "f", sha256=DIGEST)


def test_a_server_that_is_not_there_is_one_line(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="404"):
        fetch(server.url + "x", tmp_path / "f", sha256=DIGEST)
    with pytest.raises(DownloadError, match="check the network") as caught:
        fetch("http://127.0.0.1:9/f", tmp_path / "f", sha256=DIGEST)
    assert "\n" not in str(caught.value)


def test_the_cache_follows_xdg(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_dir() == tmp_path / "seagull"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache_dir() == Path.home() / ".cache" / "seagull"


def test_an_unfinished_file_is_not_cached(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cached("sam-vit-b") is None
    (tmp_path / "seagull").mkdir()
    DOWNLOADS["sam-vit-b"].path.write_bytes(b"short")
    assert cached("sam-vit-b") is None


def test_a_download_of_two_files_is_a_folder_with_one_progress(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = WebFile(server.url, len(CONTENT), DIGEST)
    small = WebFile(f"{server.url}?/second.bin", len(CONTENT), DIGEST)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setitem(DOWNLOADS, "both", Download("both", (file, small), "two files", "both"))
    server.break_after = 1000
    with pytest.raises(DownloadError):
        download("both")
    assert cached("both") is None
    server.break_after = None
    seen: list[tuple[int, int]] = []
    folder = download("both", lambda *now: seen.append(now))
    assert folder == cached("both") == tmp_path / "seagull/both"
    assert {path.name for path in folder.iterdir()} == {"file.bin", "second.bin"}
    assert seen == sorted(seen)
    assert seen[-1] == (2 * len(CONTENT), 2 * len(CONTENT))
    asked = len(server.asked)
    assert download("both") == folder
    assert len(server.asked) == asked


def test_nothing_is_fetched_for_a_package_that_is_not_there(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = WebFile(server.url, len(CONTENT), DIGEST)
    needy = Download("needy", (file,), "one file", package="not_installed", extra="sam")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setitem(DOWNLOADS, "needy", needy)
    with pytest.raises(DownloadError, match=r"pip install 'seagull-iqa\[sam\]' first"):
        download("needy")
    assert not server.asked
    needy.path.parent.mkdir(parents=True)
    needy.path.write_bytes(CONTENT)
    assert download("needy") == needy.path


def test_an_unknown_name_names_the_nearest() -> None:
    with pytest.raises(DownloadError, match="sam-vit-b"):
        find_download("sam-vit-bb")
