"""What can go wrong between a client and a server; each message says what to do about it."""


class ServerError(ValueError):
    """The server refused this request, or failed in it; another one may do.

    Attributes:
        status: of HTTP.
        code: the server's word for it, such as ``image_not_found``; None if it gave none.
    """

    def __init__(self, message: str, status: int, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class ServerUnavailable(Exception):  # noqa: N818 - it says what is the matter, as ConnectionError
    """No answer can be had from this server now: not reached, too busy, or not for this key.

    It is neither a ValueError nor an OSError: a run over many photos ends with it, instead of
    taking it for a fault of one photo.
    """
