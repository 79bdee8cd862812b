"""Pages of other web sites that may use the server."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response

from seagull.server.errors import ApiError


class OtherOrigins(CORSMiddleware):
    """Answers a browser's question beforehand; a refusal has the form of all errors."""

    def preflight_response(self, request_headers: Headers) -> Response:
        """The answer to an OPTIONS request of a page."""
        answer = super().preflight_response(request_headers)
        if answer.status_code < 400:
            return answer
        refusal = ApiError(
            403, "pages of this origin, or requests of this kind, are not let in", "forbidden"
        ).response()
        refusal.headers.update(
            {name: text for name, text in answer.headers.items() if name.startswith("access-")}
        )
        return refusal
