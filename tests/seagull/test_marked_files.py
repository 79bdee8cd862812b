"""Every reader of people's text files takes a byte order mark."""

import codecs
import json

import pytest

from data_tools.compat import iter_rows
from data_tools.config import DataConfig
from data_tools.converters import OpinionColumns, convert_opinions
from data_tools.given import prepare_given
from data_tools.region_sets import convert_regions
from data_tools.state import OutputTree
from seagull.evaluation.given import read_given
from seagull.evaluation.predictions import Prediction, PredictionLog, Row
from seagull.files.config import load_settings, read_yaml
from seagull.records import InstructionRecord, RegionLabels, read_records
from seagull.records.files import read_record, records_of
from seagull.regions.spec import RegionSpec
from seagull.training.loop.launch import Launch, from_hostfile
from seagull.types import Message

TALK = (Message("user", "?"), Message("assistant", "!"))
RECORD = InstructionRecord("1", "é.png", (RegionSpec("1", whole=True),), TALK).to_dict()
COCO = {
    "images": [{"id": 1, "file_name": "a.png", "width": 8, "height": 8}],
    "categories": [],
    "annotations": [{"id": 1, "image_id": 1, "bbox": [0, 0, 4, 4], "area": 16, "quality": 0.5}],
}
SEGMENTS = {"image": "a.png", "segments": [{"size": [2, 2], "counts": [0, 4]}]}


def _lines(read):
    return lambda path, tmp: [record.id for record in read(path)]


def _by_place(path, tmp):
    ((place, record),) = records_of(path)
    assert read_record(path, place) == record
    return [record.id]


def _opinions(path, tmp):
    made = convert_opinions(path, OpinionColumns(), None, tmp / "out.jsonl")
    return [record.labels["1"].quality for record in made]


def _given(path, tmp):
    return prepare_given(OutputTree(tmp), path)


READERS = {
    "settings": ("a: é", lambda path, tmp: read_yaml(path), {"a": "é"}),
    "data settings": ("seed: 3", lambda path, tmp: load_settings(DataConfig, path).seed, 3),
    "records": (json.dumps(RECORD), _lines(read_records), ["1"]),
    "records by place": (json.dumps(RECORD), _by_place, ["1"]),
    "predictions": (
        '{"image": "a.png", "quality": 0.5}',
        lambda path, tmp: [row.item for row in read_given(path).rows],
        ["a.png"],
    ),
    "hostfile": (
        "here slots=2",
        lambda path, tmp: from_hostfile(Launch(hostfile=path), "here").processes,
        2,
    ),
    "opinions.csv": ("image,mos\na.png,0.5", _opinions, [0.5]),
    "opinions with semicolons.csv": ("image;mos\na.png;0,5", _opinions, [0.5]),
    "opinions.jsonl": ('{"image": "a.png", "mos": 0.5}', _opinions, [0.5]),
    "regions": (
        json.dumps(COCO),
        lambda path, tmp: len(list(convert_regions(path, tmp, tmp / "out.jsonl"))),
        1,
    ),
    "given.json": (json.dumps(COCO), _given, 1),
    "given.jsonl": (
        json.dumps(SEGMENTS),
        _given,
        1,
    ),
    "published rows": ('[{"image": "a"}]', lambda path, tmp: len(list(iter_rows(path, {}))), 1),
}


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_reader_takes_the_mark(tmp_path, name, encoding):
    text, read, expected = READERS[name]
    file = tmp_path / (name.replace(" ", "_") if "." in name else f"{name.replace(' ', '_')}.txt")
    file.write_text(text, encoding=encoding)
    assert read(file, tmp_path) == expected


@pytest.mark.parametrize("name", ["records", "predictions", "opinions.csv", "opinions.jsonl"])
def test_text_that_powershell_or_excel_wrote_as_utf_16_is_read(tmp_path, name):
    text, read, expected = READERS[name]
    file = tmp_path / (name if "." in name else f"{name}.txt")
    file.write_text(text, encoding="utf-16")
    assert read(file, tmp_path) == expected


@pytest.mark.parametrize("name", ["records by place", "given.json"])
def test_where_bytes_are_needed_utf_16_is_refused_with_what_to_do(tmp_path, name):
    text, read, _ = READERS[name]
    file = tmp_path / name
    file.write_text(text, encoding="utf-16")
    with pytest.raises(ValueError, match="save it as UTF-8"):
        read(file, tmp_path)


def test_files_of_ours_that_an_editor_marked_are_gone_on_with(tmp_path):
    row = Row("i", "1", "a.png", "g", RegionLabels(), Prediction(0.5))
    file = tmp_path / "p.jsonl"
    with PredictionLog(file, "s") as log:
        log.add([row])
    file.write_bytes(codecs.BOM_UTF8 + file.read_bytes())
    with PredictionLog(file, "s") as log:
        assert log["i", "1"] == row
