"""NaN in JSON is one number's fault: the rest is read, and strings are left as they are."""

import io
import json
from pathlib import Path

import pytest

from data_tools.coco import categories, coco_annotations
from data_tools.lenient_json import LenientStream


@pytest.mark.parametrize("size", [1, 7, 64, -1])
def test_words_outside_strings_become_texts_wherever_the_reads_end(size: int) -> None:
    text = r'{"NaN": [NaN,-Infinity, Infinity], "a\"NaN\\": "b, -Infinity", "c": "\\", "d": NaN}'
    stream = LenientStream(io.BytesIO(text.encode()))
    read = b"".join(iter(lambda: stream.read(size), b""))
    assert json.loads(read) == {
        "NaN": ["NaN", "-Infinity", "Infinity"], 'a"NaN\\': "b, -Infinity", "c": "\\", "d": "NaN",
    }  # fmt: skip


def test_annotations_beside_a_faulty_number_are_read(tmp_path: Path) -> None:
    plain = {
        "categories": [{"id": 1, "name": "NaN, a bread"}],
        "annotations": [{"id": 1, "area": float("nan")}, {"id": 2, "bbox": [0, 0, 9, 9]}],
    }
    (tmp_path / "set.json").write_text(json.dumps(plain))
    assert categories(tmp_path / "set.json") == {"1": "NaN, a bread"}
    assert [item for _, item in coco_annotations(tmp_path / "set.json")] == [
        {"id": 1, "area": "NaN"}, {"id": 2, "bbox": [0, 0, 9, 9]},
    ]  # fmt: skip
