"""Who a document speaks about, from where, and in what: measured on text and address."""

import pyarrow as pa
import pytest

from curate import lexicons
from curate.audit.lists import LISTS
from curate.audit.membership import BUCKETS, WINDOW, Measure
from curate.ops.lexicon import fold
from curate.testing import batch


def groups(*texts, labels=None, **columns):
    """The groups of each text, but for `all`."""
    measure = Measure(named_sources=True)
    rows = batch(*texts, **columns)
    members = measure.read(rows, None if labels is None else pa.array(labels, pa.string()), measure.raw(rows))
    names = measure.groups.listed().to_pylist()
    return [
        {names[g] for g in members.groups[members.bounds[i] : members.bounds[i + 1]]} - {"all"}
        for i in range(len(texts))
    ]


def buckets(**columns):
    rows = len(next(iter(columns.values())))
    return Measure(named_sources=True).raw(batch(*["text"] * rows, **columns)).bucket.tolist()


def test_a_text_is_of_the_groups_that_it_mentions_and_of_no_others():
    found = groups("The Sikhs of the town met.", "Nobody is mentioned here.", "Two black cats and one blind alley.")

    assert "religion.sikhs" in found[0]
    assert {name.partition(".")[0] for name in found[1]} == {"length", "script", "source"}
    assert not [name for name in found[2] if name.startswith(("race", "disability"))]


def test_korean_terms_count_in_korean_text():
    assert "gender.women" in groups("여성들에게는 투표권이 없었다.")[0]


def test_where_languages_are_known_lists_count_in_their_own_alone():
    text = "El muslim y la women: palabras sueltas."

    assert "religion.muslims" in groups(text)[0]
    assert "religion.muslims" not in groups(text, labels=["es"])[0]
    assert "language.es" in groups(text, labels=["es"])[0]


def test_naming_languages_later_takes_back_what_their_lists_should_not_have_counted():
    measure = Measure(named_sources=True)
    rows = batch("Muslim palabras", "A Muslim baker.", "Muslim", source="s|x")
    before = measure.read(rows, None, measure.raw(rows))

    after = measure.labelled(before, pa.array(["es", "en", None]))

    names = measure.groups.listed().to_pylist()
    found = [{names[g] for g in after.groups[after.bounds[i] : after.bounds[i + 1]]} for i in range(3)]
    assert ["religion.muslims" in one for one in found] == [False, True, False]
    assert [{n for n in one if n.startswith("language")} for one in found] == [
        {"language.es"},
        {"language.en"},
        {"language.und"},
    ]
    assert after.bucket.tolist() == before.bucket.tolist()
    strata = measure.strata.listed().take(pa.array(after.stratum)).to_pylist()
    assert [stratum.split("|")[1] for stratum in strata] == ["es", "en", "und"]


def test_a_dialect_s_cues_tell_it_and_questions_are_no_habitual_be():
    told = groups("They be trying and ain't nobody stopping them.", "Will they be trying? Would he be going?")

    assert "dialect.african_american" in told[0]
    assert "dialect.african_american" not in told[1]


def test_one_cue_is_not_enough_where_a_group_asks_for_two():
    told = groups("The colour of it.", "The colour of the neighbourhood.")

    assert ["dialect.british" in one for one in told] == [False, True]


def test_korean_dialects_are_told_by_their_endings():
    assert "dialect.jeolla" in groups("그랑께 내가 했당께.")[0]
    assert "dialect.gyeongsang" in groups("니 지금 머라카노.")[0]


def test_only_the_beginning_of_a_text_is_searched():
    filler = "word " * (WINDOW // 5)

    assert "religion.sikhs" in groups("Sikhs " + filler)[0]
    assert "religion.sikhs" not in groups(filler + "Sikhs")[0]


@pytest.mark.parametrize(
    ("url", "region"),
    [
        ("https://news.example.co.kr/a?b=c", {"region.eastern_asia"}),
        ("http://EXAMPLE.DE:8080/x", {"region.western_europe"}),
        ("https://example.com/in.fr", set()),
        ("https://chat.io/x", set()),
        ("http://192.168.1.12/", set()),
        (None, set()),
        ("\u202e<script>", set()),
    ],
)
def test_a_region_is_what_the_host_ends_in(url, region):
    assert {name for name in groups("text", url=[url])[0] if name.startswith("region")} == region


def test_pages_of_one_site_share_a_bucket_and_documents_without_an_address_do_not():
    same = buckets(url=[f"https://www.example.org/{i}" for i in range(50)])
    apart = buckets(id=[f"a.jsonl#{i}" for i in range(500)])

    assert len(set(same)) == 1
    assert len(set(apart)) > BUCKETS / 2


def test_script_and_length_are_groups_too():
    found = groups("Привет всем", "日本語の文章です", "字" * 5000)

    assert "script.cyrillic" in found[0]
    assert "script.kana" in found[1]
    assert {"script.han", "length.4096"} <= found[2]


def test_many_sources_are_put_into_few_groups():
    rows = batch(*["x"] * 300, source=[f"file-{i}" for i in range(300)])
    measure = Measure(named_sources=False)

    measure.read(rows, None, measure.raw(rows))

    assert len([name for name in measure.groups.listed().to_pylist() if name.startswith("source.")]) <= 50


@pytest.mark.parametrize("language", LISTS)
def test_a_file_of_cues_is_well_formed(language):
    table = lexicons.read(f"dialect/{language}.toml")

    assert table["language"] == language
    assert table["source"]
    assert table["licence"] == "Apache-2.0"
    cues = [fold(cue.strip("*")) for group in table["group"] for cue in group["cues"]]
    assert len(cues) == len(set(cues))
    assert all(group["id"].isidentifier() for group in table["group"])
