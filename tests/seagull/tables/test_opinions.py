"""Tables of opinions as people have them: read, or refused with the row and what to do."""

from pathlib import Path

import numpy as np
import pytest

from seagull.tables.opinions import (
    FORMS,
    LeftOutRow,
    OpinionForm,
    OpinionRow,
    form_of,
    photos_folder,
    read_opinions,
)
from seagull.tables.rows import TableError, number_of


def rows(path: Path, content: str, form: OpinionForm | None = None, **options) -> list:
    path.write_text(content, encoding="utf-8")
    return list(read_opinions(path, form or form_of(path), **options))


def scores(found: list) -> list[tuple[str, float]]:
    return [(str(row.image), row.mos) for row in found if isinstance(row, OpinionRow)]


@pytest.mark.parametrize(
    "content",
    ["image,mos\na.jpg,3.5\nb.jpg,4\n", "image;mos\na.jpg;3,5\nb.jpg;4,0\n",
     "image\tmos\na.jpg\t3.5\nb.jpg\t4\n", "sep=;\nimage;mos\na.jpg;3,5\nb.jpg;4\n",
     '\ufeffimage,mos\na.jpg,"3,5"\nb.jpg,4\n', "Image name,MOS\na.jpg,3.5\nb.jpg,4\n",
     "image,mos,note\na.jpg,3.5\nb.jpg,4,good\n", "image,mos\na.jpg,3.5,\nb.jpg,4\n,\n\n"],
)  # fmt: skip
def test_delimiters_decimals_and_marks_of_programs_are_told(tmp_path, content):
    assert scores(rows(tmp_path / "t.csv", content)) == [("a.jpg", 3.5), ("b.jpg", 4.0)]


def test_rows_that_cannot_be_used_are_there_with_their_reasons(tmp_path):
    content = (
        "image,mos,sd\na.jpg,,\nb.jpg,good,\n,3,\nc.jpg,3,5,1\nd.jpg,3,-1\ne.jpg,3,x\nf.jpg,1,\n"
    )
    found = rows(tmp_path / "t.csv", content)
    left_out = [(row.number, row.faulty) for row in found if isinstance(row, LeftOutRow)]
    assert left_out == [(1, False), (2, True), (3, True), (4, True), (5, True), (6, True)]
    assert scores(found) == [("f.jpg", 1.0)]
    assert "4 values under 3 columns" in found[3].reason


@pytest.mark.parametrize(
    ("value", "number"), [("3,5", 3.5), (" 4 ", 4.0), (2, 2.0), ("1e-1", 0.1), ("-2,25", -2.25)]
)
def test_numbers_are_read(value, number):
    assert number_of(value) == number


@pytest.mark.parametrize("value", ["1,234.5", "1,2,3", "good", True, "inf", ""])
def test_what_is_no_single_number_is_refused(value):
    with pytest.raises(ValueError, match="a number is needed"):
        number_of(value)


def test_columns_named_by_the_user_go_before_the_usual_ones(tmp_path):
    form = OpinionForm().with_columns("Photo", "Rating mean", "Rating-SD")
    content = "image,mos,Photo,Rating mean,Rating SD\nx.jpg,1,a.jpg,4.5,0.5\n"
    (row,) = rows(tmp_path / "t.csv", content, form)
    assert (row.image, row.mos, row.std) == ("a.jpg", 4.5, 0.5)
    with pytest.raises(TableError, match=r"no score for the score; the table has the columns x, y"):
        rows(tmp_path / "t.csv", "x,y\n1,2\n", OpinionForm().with_columns("x", "score"))


def test_kadid_is_told_by_its_columns(tmp_path):
    (row,) = rows(tmp_path / "dmos.csv", "dist_img,ref_img,dmos,var\na.png,r.png,3.5,0.25\n")
    assert (row.image, row.reference, row.mos, row.std) == ("a.png", "r.png", 3.5, 0.5)
    assert form_of(tmp_path / "dmos.csv").scales == ((1, 5),)


def test_koniq_and_spaq_have_their_own_scales(tmp_path):
    content = "image_name,c1,c_total,MOS,SD,MOS_zscore\n1.jpg,0,9,3.9,0.5,70.1\n"
    (row,) = rows(tmp_path / "k.csv", content, FORMS["koniq"])
    assert (row.image, row.mos, row.std) == ("1.jpg", 3.9, 0.5)
    (row,) = rows(tmp_path / "s.csv", "Image name,MOS,Brightness\n1.jpg,0.9,5\n", FORMS["spaq"])
    assert (row.mos, FORMS["spaq"].scales) == (0.9, ((0, 100),))


def test_tid2013_has_no_header_and_names_references_in_photos(tmp_path):
    content = "5.51429 I01_01_1.bmp\n5.56757 i01_01_2.bmp\n"
    found = rows(tmp_path / "mos_with_names.txt", content)
    assert scores(found) == [("I01_01_1.bmp", 5.51429), ("i01_01_2.bmp", 5.56757)]
    assert {row.reference for row in found} == {"I01"}


def test_live_in_the_wild_is_read_from_its_three_files(tmp_path):
    from scipy.io import savemat

    data = tmp_path / "Data"
    data.mkdir()
    names = np.empty((2, 1), object)
    names[:, 0] = ["t1.bmp", "2.bmp"]
    savemat(data / "AllImages_release.mat", {"AllImages_release": names})
    savemat(data / "AllMOS_release.mat", {"AllMOS_release": np.array([[60.0, 70.5]])})
    savemat(data / "AllStdDev_release.mat", {"AllStdDev_release": np.array([[10.0, 20.0]])})
    path = data / "AllMOS_release.mat"
    found = list(read_opinions(path, FORMS["clive"]))
    assert [(row.image, row.mos, row.std) for row in found] == [
        ("t1.bmp", 60.0, 10.0), ("2.bmp", 70.5, 20.0)
    ]  # fmt: skip
    assert photos_folder(path, None) == tmp_path


def test_live_counts_its_photos_folder_by_folder_and_leaves_originals_out(tmp_path):
    from scipy.io import savemat

    path = tmp_path / "dmos_realigned.mat"
    originals = np.zeros((1, 982))
    originals[0, 5] = 1
    savemat(path, {"dmos_new": np.arange(982.0)[None], "orgs": originals})
    found = list(read_opinions(path, FORMS["live"]))
    assert scores(found)[0] == ("jp2k/img1.bmp", 0.0)
    assert scores(found)[227 - 1] == ("jpeg/img1.bmp", 227.0)
    assert scores(found)[-1] == ("fastfading/img174.bmp", 981.0)
    assert [row.number for row in found if isinstance(row, LeftOutRow)] == [6]
    savemat(path, {"dmos": np.zeros((1, 5)), "orgs": np.zeros((1, 5))})
    with pytest.raises(TableError, match="982"):
        list(read_opinions(path, FORMS["live"]))


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [("t.xlsx", "PK", "csv"), ("t.mat", "no", "not a MATLAB file"),
     ("t.csv", "a,b\n1,2\n", "photo"), ("t.csv", "image,mos\n\xe4.jpg,1\n", "UTF-8")],
)  # fmt: skip
def test_other_files_are_refused_by_name(tmp_path, name, content, reason):
    path = tmp_path / name
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(TableError, match=reason):
        list(read_opinions(path, OpinionForm()))


def test_unknown_forms_are_refused_with_those_there_are(tmp_path):
    with pytest.raises(ValueError, match="known are kadid, koniq, spaq, live, clive, tid2013"):
        form_of(tmp_path / "t.csv", "kaddid")


@pytest.mark.parametrize("ending", [".parquet", ".arrow"])
def test_tables_with_pictures_in_them_are_read_with_and_without(tmp_path, ending):
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    table = pa.table({"image": [{"bytes": b"x", "path": "p.png"}], "MOS": [0.5], "id": ["p"]})
    path = tmp_path / f"t{ending}"
    if ending == ".parquet":
        pq.write_table(table, path)
    else:
        with pa.ipc.new_stream(str(path), table.schema) as writer:
            writer.write_table(table)
    (row,) = read_opinions(path, OpinionForm())
    assert (row.image, row.mos, row.name) == (b"x", 0.5, "p")
    (row,) = read_opinions(path, OpinionForm(), pictures=False)
    assert (row.image, row.mos) == (None, 0.5)


def test_lines_before_the_header_may_be_empty_and_an_underscore_is_in_no_number(tmp_path):
    found = rows(tmp_path / "t.csv", "\n ,\n\nimage;mos\na.jpg;1\nb.jpg;1_0\n".replace(" ,", ""))
    assert scores(found) == [("a.jpg", 1.0)]
    assert found[1].faulty


def test_a_quote_that_is_not_closed_swallows_no_rows(tmp_path):
    for content in ('image,mos\na.jpg,1\n"b.jpg,2\nc.jpg,3\n', 'image,mos\n"a.jpg,1\nb.jpg,"2\n'):
        with pytest.raises(TableError, match="a quote is not closed"):
            rows(tmp_path / "t.csv", content)


def test_a_column_of_the_form_that_is_named_keeps_its_scale():
    live, kadid = FORMS["live"], FORMS["kadid"]
    assert live.with_columns(mos="DMOS new").scales == live.scales
    assert live.with_columns(mos="opinion").scales == ()
    assert kadid.with_columns(std="var").variance
    assert not kadid.with_columns(std="sd").variance
