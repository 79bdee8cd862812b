"""Files that Label Studio holds."""

from __future__ import annotations

import pytest

from seagull.server.label_studio.source import LabelStudioFiles
from tests.seagull.conftest import Answer


class TestFiles:
    """What is fetched from Label Studio, and what is not."""

    @pytest.mark.parametrize(
        "place",
        ["/api/users", "/data/../api/token", "//evil.org/data/a", "data/a", "/data/a b", "/data/",
         "/data/./x", "/data/a\r\nX: y", "/data/%2e%2E/api/users", "/data/x/..%2f..%2fapi",
         "/data/%252e%252e/x", "/data/..%5cx"],
    )  # fmt: skip
    def test_other_places_are_never_asked(self, told, place):
        files = LabelStudioFiles(told.url)
        assert not files.holds(place)
        with pytest.raises(ValueError, match="no file of Label Studio"):
            files.read(place, 100)
        assert told.asked == []

    def test_redirects_large_files_and_refusals_end_in_words(self, told):
        files = LabelStudioFiles(told.url)
        elsewhere = {"Location": "http://127.0.0.1:1/x"}
        for answer, message in (
            (Answer({}, 302, elsewhere), "answered 302"),
            (Answer({}, 404), "answered 404"),
            (Answer(lines=[b"x" * 101]), "more than 100 bytes"),
        ):
            told.answer = lambda asked, answer=answer: answer
            with pytest.raises(ValueError, match=message):
                files.read("/data/upload/a.png", 100)
        told.close()
        with pytest.raises(ValueError, match="cannot be reached"):
            files.read("/data/upload/a.png", 100)
        for url, key in (("ftp://x", None), ("http://", None), ("http://x", "a b")):
            with pytest.raises(ValueError, match="Label Studio's"):
                LabelStudioFiles(url, key)
