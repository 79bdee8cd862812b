"""Photos from addresses, where the operator allows it: only from named hosts, only from the net.

The host's name is resolved once, every address must be a public one, and the connection goes to
just that address. Redirects are not followed. No proxy of the environment is used.
"""

from __future__ import annotations

import asyncio
import http.client
import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from urllib.parse import SplitResult, urlsplit

from seagull.server.errors import ApiError

_PORTS = {"http": 80, "https": 443}
_UNICAST = ipaddress.ip_network("2000::/3")
_PIECE = 64 << 10


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open net, and stands for no other."""
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        # All others, and these two kinds within, may lead to an IPv4 address.
        wrapped = parsed.sixtofour is not None or parsed.teredo is not None
        return parsed in _UNICAST and not wrapped and parsed.is_global
    return parsed.is_global and not parsed.is_multicast


async def fetch(
    url: str,
    domains: Sequence[str],
    *,
    seconds: float,
    most: int,
    allowed: Callable[[str], bool] = is_public,
) -> bytes:
    """What is at an address.

    Args:
        url: http or https, on the usual port.
        domains: hosts that may be asked, each for itself and the hosts below it.
        seconds: longest time for all of it.
        most: most bytes.
        allowed: whether an IP address may be asked.

    Raises:
        ApiError: 403, if the address is not allowed; 422, if nothing usable came.
    """
    parts = _checked(url, domains)
    deadline = time.monotonic() + seconds
    try:
        async with asyncio.timeout(seconds):
            return await asyncio.to_thread(_get, parts, deadline, most, allowed)
    except (TimeoutError, OSError, http.client.HTTPException) as error:
        raise ApiError(
            422, f"the image at {parts.hostname} could not be fetched in {seconds:g} s", "no_image"
        ) from error


def _checked(url: str, domains: Sequence[str]) -> SplitResult:
    if not domains:
        raise ApiError(
            403,
            "this server fetches no images; send the image itself, as a data URI or to /v1/images",
            "url_not_allowed",
        )
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError as error:
        raise ApiError(422, "the image's address is not a URL", "invalid_image") from error
    allowed = any(host == domain or host.endswith(f".{domain}") for domain in domains)
    plain = parts.username is None and parts.password is None
    if parts.scheme not in _PORTS or port not in (None, _PORTS[parts.scheme]) or not plain:
        raise ApiError(
            403, "images are fetched by http and https, on the usual ports", "url_not_allowed"
        )
    if not allowed:
        raise ApiError(
            403, f"images are not fetched from {host:.60}; send it itself", "url_not_allowed"
        )
    if any(character <= " " or character > "~" for character in url):
        raise ApiError(422, "the image's address has characters that a URL cannot", "invalid_image")
    return parts


def _get(parts: SplitResult, deadline: float, most: int, allowed: Callable[[str], bool]) -> bytes:
    host, port = str(parts.hostname), _PORTS[parts.scheme]
    resolved = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in resolved]
    if not addresses or not all(map(allowed, addresses)):
        raise ApiError(403, f"{host:.60} is not a host of the open net", "url_not_allowed")
    with socket.create_connection((addresses[0], port), _left(deadline)) as plain:
        stream = plain
        if parts.scheme == "https":
            stream = ssl.create_default_context().wrap_socket(plain, server_hostname=host)
        connection = http.client.HTTPConnection(host, port)
        connection.sock = stream
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("GET", path, headers={"Accept": "image/*", "Connection": "close"})
        response = connection.getresponse()
        if response.status != 200:
            raise ApiError(
                422, f"{host:.60} answered {response.status} instead of the image", "no_image"
            )
        return _read(response, stream, deadline, most)


def _read(
    response: http.client.HTTPResponse, stream: socket.socket, deadline: float, most: int
) -> bytes:
    content = bytearray()
    while True:
        stream.settimeout(_left(deadline))
        piece = response.read1(_PIECE)
        if not piece:
            return bytes(content)
        content += piece
        if len(content) > most:
            raise ApiError(413, f"the image has more than {most} bytes", "image_too_large")


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the time is over")
    return left
