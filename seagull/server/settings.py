"""Settings of a server: addresses, keys, and the limits of what it takes."""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

MEGAPIXEL = 1_000_000


@dataclass(frozen=True)
class Limits:
    """How much one request, and all of them together, may cost.

    Args:
        body_bytes: largest body.
        body_seconds: longest time that a body may take to arrive.
        bodies_bytes: memory for the bodies of all requests together.
        pixels: largest photo, in pixels.
        photos_bytes: memory for the photos of all requests together, beside those that are kept.
        mask_bytes: memory for the masks of one request: a byte for each pixel of each region. As
            many pixels are gone through to make those of its polygons.
        masks_bytes: the same for all requests together.
        json_values: most values in a JSON body.
        json_depth: deepest nesting of a JSON body.
        in_progress: requests that are worked on or wait; one more is answered 429.
        decoding: threads that decode photos and make, compare and write masks.
        pass_regions: most regions in one pass of the model.
        talks: answers in words that are made at the same time; each holds a cache of its own.
        kept_conversations: conversations whose computed turns are kept.
        kept_regions: regions whose tokens are kept for each photo.
        fetch_seconds: longest time that fetching a photo may take.
    """

    body_bytes: int = 32 << 20
    body_seconds: float = 30.0
    bodies_bytes: int = 512 << 20
    pixels: int = 50 * MEGAPIXEL
    photos_bytes: int = 1 << 30
    mask_bytes: int = 2 << 30
    masks_bytes: int = 4 << 30
    json_values: int = 500_000
    json_depth: int = 32
    in_progress: int = 64
    decoding: int = 2
    pass_regions: int = 32
    talks: int = 4
    kept_conversations: int = 64
    kept_regions: int = 1024
    fetch_seconds: float = 5.0


@dataclass(frozen=True)
class ServerSettings:
    """How a server runs.

    Args:
        host: address to listen on.
        port: 0 takes a free one.
        root_path: path under which a proxy shows the server.
        image_minutes: how long a photo is kept after its last use.
        cache_bytes: memory for photos; as much again for what the model computed of them, and of
            conversations.
        keys: SHA-256 digests of the API keys; none lets everybody in.
        domains: hosts that photos may be fetched from; none fetches nothing.
        origins: other web sites whose pages may use the server, as ``https://name``.
        drain_seconds: how long requests in progress may take after SIGTERM.
        limits: see ``Limits``.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    root_path: str = ""
    image_minutes: float = 15.0
    cache_bytes: int = 1 << 30
    keys: tuple[bytes, ...] = ()
    domains: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    drain_seconds: float = 30.0
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        if not self.image_minutes > 0:
            raise ValueError(f"photos are kept for more than 0 minutes, got {self.image_minutes}")
        if self.root_path and (not self.root_path.startswith("/") or self.root_path.endswith("/")):
            raise ValueError(
                f"the root path begins with / and does not end with it, got {self.root_path!r}"
            )
        for origin in self.origins:
            scheme, _, name = origin.partition("://")
            if scheme not in ("http", "https") or not name or "/" in name:
                raise ValueError(f"an origin is http(s)://NAME[:PORT], got {origin!r}")

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the server."""
        return is_loopback(self.host)

    @property
    def knows_owners(self) -> bool:
        """Whether it is known whose a request is: by its key, or as only this machine asks."""
        return bool(self.keys) or self.is_local


def is_loopback(host: str) -> bool:
    """Whether a host is this machine under a name or address that no other reaches."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def key_digest(key: str) -> bytes:
    """What is kept of an API key."""
    return hashlib.sha256(key.encode("utf-8", errors="replace")).digest()


def read_keys(path: Path) -> tuple[bytes, ...]:
    """Digests of the keys in a file: one a line; empty lines and those with # are left out.

    Raises:
        ValueError: if it has none, or one that a header cannot hold.
        OSError: if it cannot be read.
    """
    lines = (line.strip() for line in path.read_text("utf-8-sig").splitlines())
    keys = [line for line in lines if line and not line.startswith("#")]
    if not keys:
        raise ValueError(f"{path}: there is no API key in it; write one a line")
    if any(len(key) < 16 or not key.isascii() or " " in key for key in keys):
        raise ValueError(f"{path}: an API key is 16 or more ASCII characters without spaces")
    return tuple(map(key_digest, keys))
