"""The ``--server`` option: the model and the segmenter are a server's, everything else is ours."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import typer

from seagull.files.text import read_text

_SERVERS_OWN = {
    "model": "--model", "device": "--device", "dtype": "--dtype",
    "quantization": "--quantization", "segmenter": "--segmenter",
}  # fmt: skip
_MAX_KEY_BYTES = 4096


@dataclass(frozen=True)
class ServerRequest:
    """The server options."""

    url: str
    api_key_file: Path | None = None

    def api_key(self) -> str | None:
        """The key in the file, if one was named: its first line that is neither empty nor a ``#``.

        Raises:
            ValueError: if the file has none.
            OSError: if it cannot be read.
        """
        path = self.api_key_file
        if path is None:
            return None
        if path.stat().st_size > _MAX_KEY_BYTES:
            raise ValueError(f"--api-key-file {path}: too large for a file with a key")
        lines = [line.strip() for line in read_text(path).splitlines()]
        for line in lines:
            if line and not line.startswith("#"):
                return line
        raise ValueError(f"--api-key-file {path}: there is no key in it")


def server_request(
    context: typer.Context, url: str | None, api_key_file: Path | None
) -> ServerRequest | None:
    """What the server options ask for; None without a server.

    Raises:
        ValueError: if an option was given that only the server's operator can choose.
    """
    if url is None:
        if api_key_file is not None:
            raise ValueError("--api-key-file is for a server: name it with --server URL")
        return None
    for name, option in _SERVERS_OWN.items():
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            raise ValueError(f"{option} is the server's own choice; leave it out with --server")
    return ServerRequest(url, api_key_file)
