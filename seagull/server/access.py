"""Who may ask: API keys, and which web pages' requests are taken."""

from __future__ import annotations

import base64
import hmac
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from seagull.server.errors import ApiError
from seagull.server.settings import ServerSettings, is_loopback, key_digest

OPEN_PATHS = frozenset(("/", "/healthz", "/readyz", "/openapi.json"))
OPEN_FOLDERS = ("/page/",)
"""What is served without a key: nothing there depends on what anybody sent."""


def check_access(settings: ServerSettings, headers: Headers, path: str) -> str:
    """The owner that a request's key stands for; empty where no keys are set.

    Args:
        settings: keys, and the pages that are let in.
        headers: of the request.
        path: of the route.

    Raises:
        ApiError: 401 without a known key, 403 from a web page of another site.
    """
    _check_page(settings, headers)
    if not settings.keys or path in OPEN_PATHS or path.startswith(OPEN_FOLDERS):
        return ""
    digest = key_digest(_key(headers.get("authorization", "")))
    # Every key is compared, so that the time says nothing about them.
    matches = [hmac.compare_digest(digest, known) for known in settings.keys]
    if not any(matches):
        raise ApiError(
            401,
            "an API key is needed: Authorization: Bearer KEY (or HTTP Basic, as the password)",
            headers={"WWW-Authenticate": "Bearer"},
        )
    return digest.hex()


def _key(authorization: str) -> str:
    """The key in a header: a bearer's, or a password with any name, where a tool has only that."""
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(value, validate=True).decode("utf-8").partition(":")[2]
    except ValueError:
        return ""


def _check_page(settings: ServerSettings, headers: Headers) -> None:
    """Refuses what a browser sends for a page of another site.

    A local server without keys is also asked by its own name only: a page may have let its own
    name lead here (DNS rebinding).
    """
    origin, host = headers.get("origin"), headers.get("host", "")
    allowed_hosts = {urlsplit(allowed).netloc for allowed in settings.origins}
    if origin is not None and origin not in settings.origins and urlsplit_host(origin) != host:
        raise ApiError(403, "requests of other sites' pages are not taken", "cross_origin")
    name = urlsplit_host(f"http://{host}", name_only=True)
    if (
        settings.is_local
        and not settings.keys
        and not is_loopback(name)
        and host not in allowed_hosts
    ):
        raise ApiError(403, "this server is asked as localhost or 127.0.0.1", "unknown_host")


def urlsplit_host(url: str, *, name_only: bool = False) -> str:
    """Host and port of a URL, or the host alone; empty if it is none."""
    try:
        parts = urlsplit(url)
        return (parts.hostname or "") if name_only else parts.netloc
    except ValueError:
        return ""
