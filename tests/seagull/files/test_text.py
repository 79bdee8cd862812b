"""Text files as Notepad, Excel and PowerShell write them, and names that are no UTF-8."""

import codecs
import json

import pytest

from seagull.files.text import (
    TextError,
    check_unmarked,
    open_marked,
    read_line_bytes,
    read_lines,
    read_text,
    to_json,
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path, encoding):
    file = tmp_path / "a.txt"
    file.write_text("é: 1\r\nb\n", encoding=encoding, newline="")
    assert read_text(file) == "é: 1\r\nb\n"
    assert list(read_lines(file)) == ["é: 1\r\n", "b\n"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_lines_as_bytes_are_utf_8_without_the_mark(tmp_path, encoding):
    file = tmp_path / "a.txt"
    file.write_text("é: 1\r\nb", encoding=encoding, newline="")
    assert list(read_line_bytes(file)) == ["é: 1\r\n".encode(), b"b"]


def test_a_line_that_is_no_text_leaves_the_other_lines_readable(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"a\ncaf\xe9\nb\n")
    assert list(read_line_bytes(tmp_path / "a.txt")) == [b"a\n", b"caf\xe9\n", b"b\n"]
    (tmp_path / "b.txt").write_bytes(codecs.BOM_UTF16_LE + b"a\x00\n")
    with pytest.raises(TextError, match=r"b\.txt: not UTF-16.*save it as UTF-8"):
        list(read_line_bytes(tmp_path / "b.txt"))


def test_an_empty_file_is_empty_text(tmp_path):
    (tmp_path / "a.txt").touch()
    assert read_text(tmp_path / "a.txt") == ""


def test_other_bytes_are_named_with_their_file(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"caf\xe9")
    with pytest.raises(TextError, match=r"a\.txt: not UTF-8 text .*; save it as UTF-8"):
        read_text(tmp_path / "a.txt")


def test_bytes_begin_after_the_mark(tmp_path):
    file = tmp_path / "a.json"
    for start in (b"", codecs.BOM_UTF8):
        file.write_bytes(start + b"[]")
        with open_marked(file) as stream:
            assert (stream.tell(), stream.read()) == (len(start), b"[]")
    file.write_text("[]", encoding="utf-16")
    with pytest.raises(TextError, match=r"UTF-16.*save it as UTF-8"):
        open_marked(file)


@pytest.mark.parametrize(("encoding", "wrong"), [("utf-16", "UTF-16"), ("utf-8-sig", "mark")])
def test_files_of_libraries_have_no_mark(tmp_path, encoding, wrong):
    file = tmp_path / "config.json"
    file.write_text("{}", encoding="utf-8")
    check_unmarked(file)
    file.write_text("{}", encoding=encoding)
    with pytest.raises(TextError, match=rf"config\.json: .*{wrong}.*save it as UTF-8"):
        check_unmarked(file)


@pytest.mark.parametrize("text", ["plain", "Größe 日本 😀", "f\udce9.jpg", "\udcff\udcfeß"])
def test_json_can_be_written_as_utf_8_and_reads_back_the_same(text):
    written = to_json({"path": text}).encode("utf-8")
    assert json.loads(written) == {"path": text}


def test_json_has_no_nan():
    with pytest.raises(ValueError, match="JSON"):
        to_json(float("nan"))
