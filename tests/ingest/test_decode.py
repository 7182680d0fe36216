"""Bytes → text: declared, detected or repaired."""

import json
import tarfile
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.ingest.decode import clean, decode

SHARED = Path(__file__).parents[2] / "../shared/data"
RUSSIAN = "Все счастливые семьи похожи друг на друга, каждая несчастливая семья несчастлива по-своему. "
JAPANESE = "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。"


def meta(charset: str, text: str) -> str:
    return f'<html><head><meta charset="{charset}"></head><body>{text}</body></html>'


@given(st.binary(), st.sampled_from([None, "utf-8", "iso-8859-1", "shift_jis", "utf-16", "euc-kr", "nonsense", ""]))
def test_any_bytes_become_text_that_utf8_can_hold(data, charset):
    found = decode(data, charset)

    assert found.text.encode().decode() == found.text
    assert "\0" not in found.text
    assert found.decoding in ("declared", "detected", "repaired")


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0\ufeff\x1b")))
def test_valid_utf8_is_never_touched(text):
    found = decode(text.encode(), markup=False)

    assert found.text == text
    assert found.decoding != "repaired"


@pytest.mark.parametrize(
    ("codec", "text"),
    [
        ("cp1251", RUSSIAN),
        ("koi8-u", RUSSIAN),
        ("iso8859-5", RUSSIAN),
        ("iso8859-7", "Όλες οι ευτυχισμένες οικογένειες μοιάζουν μεταξύ τους. "),
        ("gb18030", "春眠不觉晓，处处闻啼鸟。夜来风雨声，花落知多少。"),
        ("cp949", "동해 물과 백두산이 마르고 닳도록 하느님이 보우하사 우리나라 만세"),
    ],
)
@pytest.mark.parametrize("charset", ["iso-8859-1", "windows-1252", "us-ascii"])
def test_a_western_declaration_over_another_script_gives_way_to_detection(charset, codec, text):
    page = meta(charset, text * 4)

    assert decode(page.encode(codec)) == (page, codec, "detected")
    assert decode(page.encode(codec), charset) == (page, codec, "detected")


@pytest.mark.parametrize(
    "text", ["Où est-il? Naïve café, très fatigué", "·····", "¡¡¡Olé!!! ¿¿Qué??", "«¡Así!»", "Größe: süß"]
)
def test_a_western_declaration_over_western_text_is_believed(text):
    page = meta("iso-8859-1", f"{text} — {'é à ü ö ñ ' * 3}")

    assert decode(page.encode("cp1252")).text == page


@pytest.mark.parametrize(
    ("charset", "codec", "text"),
    [
        ("windows-1251", "cp1251", RUSSIAN),
        ("koi8-r", "koi8-u", RUSSIAN),
        ("shift_jis", "cp932", JAPANESE),
        ("euc-jp", "euc_jp", JAPANESE),
        ("iso-2022-jp", "iso2022_jp", JAPANESE),
        ("gb2312", "gb18030", "春眠不觉晓，处处闻啼鸟。"),
        ("euc-kr", "cp949", "동해 물과 백두산이 마르고 닳도록"),
        ("iso-8859-1", "cp1252", "“Où est-il?” – naïve café"),
    ],
)
def test_a_declaration_that_the_bytes_bear_out_is_believed(charset, codec, text):
    page = meta(charset, text)

    found = decode(page.encode(codec))

    assert found == (page, codec, "declared")


def test_the_transport_speaks_before_the_page():
    data = meta("shift_jis", RUSSIAN).encode("cp1251")

    found = decode(data, "windows-1251")

    assert (found.text, found.decoding) == (meta("shift_jis", RUSSIAN), "declared")


def test_valid_utf8_is_utf8_whatever_is_declared():
    page = meta("iso-8859-1", RUSSIAN)

    found = decode(page.encode(), "iso-8859-1")

    assert found == (page, "utf-8", "detected")


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("mark", [True, False])
def test_utf16_is_told_by_its_mark_or_its_markup(codec, mark):
    page = meta("utf-8", RUSSIAN)
    data = (("\ufeff" if mark else "") + page).encode(codec)

    found = decode(data)

    assert found == (page, codec, "declared" if mark else "detected")


@pytest.mark.parametrize(
    ("codec", "text"),
    [
        ("cp1251", RUSSIAN),
        ("cp932", JAPANESE),
        ("cp949", "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다. "),
    ],
)
def test_what_nothing_declares_is_detected(codec, text):
    page = f"<p>{text * 5}</p>"

    found = decode(page.encode(codec))

    assert (found.text, found.decoding) == (page, "detected")


def test_a_few_western_letters_are_not_taken_for_another_region():
    page = "<p>" + "plain words of English " * 100 + "and one café.</p>"

    found = decode(page.encode("cp1252"))

    assert found == (page, "cp1252", "detected")


def test_utf8_with_a_broken_byte_is_repaired_as_utf8():
    data = meta("utf-8", RUSSIAN).encode().replace("семьи".encode(), "семьи".encode() + b"\xff")

    found = decode(data)

    assert found == (meta("utf-8", RUSSIAN).replace("семьи", "семьи\ufffd"), "utf-8", "repaired")


def test_nul_is_removed_and_counted_as_a_repair():
    found = decode(b"a\0b")

    assert found == ("ab", "utf-8", "repaired")


def test_surrogates_are_paired_or_replaced():
    found = [clean(text) for text in ("\ud83d\ude00", "a\ud83d", "\ude00b", "plain")]

    assert found == [("😀", True), ("a\ufffd", True), ("\ufffdb", True), ("plain", False)]


@pytest.mark.skipif(not SHARED.exists(), reason="needs the shared data beside the checkout")
def test_pages_with_known_encodings_are_read_as_people_said():
    rows = map(json.loads, (SHARED / "web_autopager/meta.jsonl").read_text().splitlines())
    known = {row["file"]: row["encoding"] for row in rows}
    right = []

    packed = str(SHARED / "web_autopager/pages.tar.zst")
    with pa.input_stream(packed, compression="zstd") as stream, tarfile.open(fileobj=stream, mode="r|") as pages:
        for member in pages:
            data = pages.extractfile(member).read()
            said = data.decode(known[member.name.split("/")[-1]], "replace").removeprefix("\ufeff")
            right.append(decode(data).text == said)

    assert len(right) == 203
    assert sum(right) >= 0.97 * len(right)
