import gzip
import json
import random
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.errors import AssetError
from curate.ops import blocklist
from curate.ops import url as ops
from curate.recipe import Recipe
from curate.stage import buffers
from curate.stages.url import Url
from curate.testing import batch, signals, verdict

DATA = Path(__file__).parents[2] / "../shared/data"


@pytest.fixture(scope="module")
def lists(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lists")
    (folder / "domains.txt").write_text(
        "# a comment\n\nexample.com\n0.0.0.0 ads.example tracker.example # two names\n::1 six.example\nfade.de www.dead.cafe\n"
        "||blocked.example^\n*.wild.example\n.dotted.example\n127.0.0.1 localhost\n"
        "münchen.example\nbad.co.uk\n[2001:db8::1]\n10.0.0.1\n! an ad blocker's comment\n",
        encoding="utf-8",
    )
    (folder / "pages.txt").write_text("HTTP://Full.Example/page\n")
    (folder / "urls.txt").write_text(
        "https://news.example/spam/\npages.example/~user?id=1\nwww.whole.example\n", encoding="utf-8"
    )
    (folder / "words.txt").write_text("# mine\ngrill\t2\ngarden*\nsex\t0\n정원\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://example.com/", "blocked_domain.max"),
        ("https://a.b.EXAMPLE.com:8443/x?y#z", "blocked_domain.max"),
        ("http://notexample.com/", None),
        ("http://example.com.evil.example/", None),
        ("http://user:pw@example.com/", "blocked_domain.max"),
        ("http://example.com@safe.example/", None),
        ("http://ex%61mple.com./", "blocked_domain.max"),
        ("//example.com/x", "blocked_domain.max"),
        ("example.com", "blocked_domain.max"),
        ("https:\\\\example.com\\x", "blocked_domain.max"),
        ("http://exam\tple.com/", "blocked_domain.max"),
        ("http://tracker.example/", "blocked_domain.max"),
        ("http://six.example/", "blocked_domain.max"),
        ("http://fade.de/", "blocked_domain.max"),
        ("http://dead.cafe/", "blocked_domain.max"),
        ("http://x.wild.example/", "blocked_domain.max"),
        ("http://dotted.example/", "blocked_domain.max"),
        ("http://full.example/other", "blocked_domain.max"),
        ("http://localhost/", None),
        ("http://MÜNCHEN.example/", "blocked_domain.max"),
        ("http://xn--mnchen-3ya.example/", "blocked_domain.max"),
        ("http://co.uk/", None),
        ("http://[2001:db8::1]:80/", "blocked_domain.max"),
        ("http://10.0.0.1/", "blocked_domain.max"),
        ("https://news.example/spam", "blocked_url.max"),
        ("http://www.news.example/spam/a?b", "blocked_url.max"),
        ("https://news.example/spammer", None),
        ("https://news.example/", None),
        ("http://pages.example/~user?id=1&x=2", "blocked_url.max"),
        ("http://pages.example/~user?id=12", None),
        ("http://whole.example/any", "blocked_url.max"),
        ("http://other.whole.example/", None),
        ("http://freepornvideos.example/", "strict_words.max"),
        ("http://p.o-r_n.hub.example/", "strict_words.max"),
        ("http://x.example/free%2Dp%6Frn", "strict_words.max"),
        ("http://x.example/p%6Frn", "hard_words.max"),
        ("http://shop-ornaments.example/max-videos/olives-export", None),
        ("http://xn--2q1bl84a.example/", "hard_words.max"),
        ("http://야동.example/", "hard_words.max"),
        ("http://en.wikipedia.org/wiki/Harbour", None),
        ("http://pornichet.example/plage", None),
        ("http://x.example/sexy-teens", "soft_words.max"),
        ("http://x.example/sex-education", None),
        ("http://essex.example/middlesex/cockpit", None),
        ("http://scunthorpe.example/analysis/cumulative", None),
        ("http://gay-lesbian-trans-center.example/lgbt/queer-teen-support", None),
        ("http://x.example/%EC%95%BC%EB%8F%99", "hard_words.max"),
        (None, None),
        ("", None),
        ("not a url at all", None),
    ],
)
def test_verdicts(lists, url, reason):
    stage = Url(domains=[lists / "domains.txt", lists / "pages.txt"], urls=lists / "urls.txt")

    assert verdict(stage, "", url=url) == (reason and f"url_filter.{reason}")


def test_the_users_words_add_to_the_projects_own_and_override_them(lists):
    stage = Url(words=lists / "words.txt")

    assert signals(stage, "", url="http://a.example/grill/gardening")["soft_words"] == 3
    assert signals(stage, "", url="http://a.example/sex")["soft_words"] == 0
    assert signals(stage, "", url="http://a.example/정원")["soft_words"] == 1
    assert signals(stage, "", url="http://a.example/casino")["soft_words"] == 1


def test_words_of_every_grade_come_from_files(tmp_path):
    (tmp_path / "hard.txt").write_text("# mine\ngrill*\n")
    (tmp_path / "strict.txt").write_text("garden\n")
    (tmp_path / "soft.txt").write_text("grill*\n")
    lists = {"hard": tmp_path / "hard.txt", "strict": tmp_path / "strict.txt", "words": tmp_path / "soft.txt"}
    stage = Url(**lists, default_words=False)

    assert verdict(stage, "", url="http://a.example/grilling") == "url_filter.hard_words.max"
    assert verdict(stage, "", url="http://a.example/g-a-r-d-e-n-s") == "url_filter.strict_words.max"
    assert verdict(stage, "", url="http://porn.example/xxx") is None


def test_the_folders_of_ut1_and_packed_lists_are_read(tmp_path):
    (tmp_path / "adult").mkdir()
    (tmp_path / "adult" / "domains").write_text("one.example\n")
    (tmp_path / "adult" / "urls").write_text("pages.example/~one\n")
    (tmp_path / "games").mkdir()
    (tmp_path / "games" / "domains.gz").write_bytes(gzip.compress(b"two.example\n"))
    (tmp_path / "mine.gz").write_bytes(gzip.compress(b"three.example\n"))
    stage = Url(domains=[tmp_path / "adult", tmp_path / "games", tmp_path / "mine.gz"], urls=tmp_path / "adult")

    urls = [f"http://{name}.example/" for name in ("one", "two", "three", "four")] + ["http://pages.example/~one/x"]
    found = stage.measure(batch(*[""] * len(urls), url=urls))

    assert found["blocked_domain"].to_pylist() == [1, 1, 1, 0, 0]
    assert found["blocked_url"].to_pylist() == [0, 0, 0, 0, 1]
    assert stage.assets()["domains[0]"] == tmp_path / "adult" / "domains"
    assert stage.assets()["domains[1]"] == tmp_path / "games" / "domains.gz"


def test_a_broken_gzip_list_is_an_error(tmp_path):
    (tmp_path / "list.gz").write_bytes(gzip.compress(b"one.example\n" * 99)[:-9])

    with pytest.raises(AssetError, match=r"url_filter\.domains: cannot read .*list\.gz"):
        Url(domains=tmp_path / "list.gz").prepare()


def test_an_allowed_site_breaks_no_rule(tmp_path):
    (tmp_path / "good").write_text("museum.example\n")
    stage = Url(domains=tmp_path / "good", allow=tmp_path / "good")

    measured = signals(stage, "", url="http://erotic-art.museum.example/nude/sex")

    assert measured.pop("allowed") == 1
    assert set(measured.values()) == {None, 0}


def test_sites_that_corpora_are_made_of_are_left_out_on_request():
    stage = Url(curated_site={"max": 0})

    assert verdict(stage, "", url="https://en.wikipedia.org/wiki/Harbour") == "url_filter.curated_site.max"
    assert verdict(stage, "", url="https://meta.stackexchange.com/") == "url_filter.curated_site.max"
    assert verdict(stage, "", url="https://notwikipedia.org/") is None


def test_a_host_of_any_length_costs_little():
    hosts = ["xn--" + "a" * 200_000, "ä" * 100_000, "xn--" * 50_000 + "-a"]

    measured = Url().measure(batch("", "", "", url=[f"http://{host}.example/" for host in hosts]))

    assert measured["hard_words"].to_pylist() == [0, 0, 0]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text("aB0 -./é한_%", max_size=12), max_size=4))
def test_squeezing_leaves_letters_digits_and_all_beyond_ascii(texts):
    urls = ops.normalise(*buffers(pa.array(texts, pa.string())))

    offsets, data = ops.squeezed(urls)

    for row in range(len(texts)):
        whole = bytes(urls.data[urls.offsets[row] : urls.offsets[row + 1]])
        kept = bytes(byte for byte in whole if byte >= 0x80 or chr(byte).isalnum())
        assert bytes(data[offsets[row] : offsets[row + 1]]) == kept


def test_the_projects_own_words_can_be_left_out(lists):
    stage = Url(words=lists / "words.txt", default_words=False)

    assert verdict(stage, "", url="http://porn.example/xxx") is None
    assert verdict(stage, "", url="http://a.example/grill") == "url_filter.soft_words.max"


def test_a_repeated_soft_word_counts_once():
    assert signals(Url(), "", url="http://casino.example/casino/casino")["soft_words"] == 1


def test_a_null_url_has_null_signals():
    assert set(signals(Url(), "").values()) == {None, 0}


def test_addresses_instead_of_names_are_told():
    urls = ["http://127.0.0.1/", "http://[::1]/", "http://2130706433/", "http://1.example/", "http://a.1a/", ""]

    found = Url().measure(batch(*[""] * len(urls), url=urls))["ip_address"].to_pylist()

    assert found == [1, 1, 1, 0, 0, 0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("grill\tmany\n", "not a number"),
        ("***\n", "needs a word"),
        ("grill\t-1\n", "weight of 0 or more"),
        ("a\tnan\n", "needs a word"),
    ],
)
def test_a_bad_word_list_is_an_error(tmp_path, content, message):
    (tmp_path / "words.txt").write_text(content)

    with pytest.raises(AssetError, match=rf"url_filter\.words: .*{message}"):
        Url(words=tmp_path / "words.txt").prepare()


@pytest.mark.parametrize("field", ["hard", "strict"])
def test_a_word_that_cannot_be_found_is_an_error(tmp_path, field):
    (tmp_path / "words.txt").write_text("18teen\n")

    with pytest.raises(AssetError, match=rf"url_filter\.{field}: '18teen': needs a word that begins with a letter"):
        Url(**{field: tmp_path / "words.txt"}).prepare()


@pytest.mark.parametrize("field", ["domains", "urls", "allow", "words", "hard", "strict"])
def test_a_missing_list_is_an_error(field):
    with pytest.raises(AssetError, match=rf"url_filter\.{field}: cannot read absent"):
        Url(**{field: "absent"}).prepare()


def test_settings_reach_the_stage_by_either_of_its_names():
    url = Recipe.load("dolma", ["url_filter.domains=bad.txt", "url.urls=worse.txt"]).stages[0]

    assert [str(*url.domains), str(*url.urls)] == ["bad.txt", "worse.txt"]


def test_of_an_ad_blockers_list_only_whole_sites_are_blocked(tmp_path):
    rules = ["[Adblock Plus 2.0]", "! comment", "||ads.example^", "||news.example/ads^", "||shop.example^$third-party"]
    rules += [
        "@@||good.example^",
        "blog.example##.banner",
        "wiki.example#@#.ad",
        ".com/ads/",
        "&ad=",
        "|https://a.example|",
    ]
    (tmp_path / "easylist.txt").write_text("\n".join(rules))
    stage = Url(domains=tmp_path / "easylist.txt")

    names = ["ads.example", "news.example", "shop.example", "good.example", "blog.example", "wiki.example", "any.com"]
    found = stage.measure(batch(*[""] * 8, url=[f"http://{name}/" for name in [*names, "a.example"]]))

    assert found["blocked_domain"].to_pylist() == [1, 0, 0, 0, 0, 0, 0, 0]


def test_lists_of_any_bytes_are_read(tmp_path):
    (tmp_path / "list").write_bytes(bytes(range(256)) * 20 + b"\nexample.com\r\n")

    assert verdict(Url(domains=tmp_path / "list"), "", url="http://example.com/") == "url_filter.blocked_domain.max"


def slow_normal(url):
    """Host and rest of a plain URL, said slowly."""
    rest = url.split("#")[0].split("://")[1]
    host, slash, path = rest.partition("/")
    host = host.rpartition("@")[2].partition(":")[0].lower().rstrip(".")
    return host.removeprefix("www.") if host.count(".") > 1 else host, (slash + path).rstrip("/")


LABEL = st.text("abcwx19-", min_size=1, max_size=4)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["http", "HTTPS", "ftp"]),
    st.sampled_from(["", "user@", "u:p@"]),
    st.lists(LABEL, min_size=1, max_size=4).map(".".join),
    st.sampled_from(["", ":80", "."]),
    st.sampled_from(["", "www.", "WWW."]),
    st.text("abC/?=&.", max_size=10),
    st.sampled_from(["", "#x"]),
)
def test_plain_urls_are_normalised_as_the_slow_reference_says(scheme, user, host, port, www, path, fragment):
    url = f"{scheme}://{user}{www}{host}{port}/{path}{fragment}"

    urls = ops.normalise(*buffers(pa.array([url])))

    expected_host, expected_rest = slow_normal(url)
    assert urls.host(0).decode() == expected_host
    assert bytes(urls.data).decode() == expected_host + expected_rest


@settings(max_examples=200, deadline=None)
@given(
    st.lists(LABEL, min_size=1, max_size=4).map(".".join),
    st.sets(st.lists(LABEL, min_size=1, max_size=3).map(".".join), max_size=6),
)
def test_a_domain_is_blocked_where_it_or_one_above_it_is_listed(host, listed):
    slots = blocklist.table(blocklist.hash_hosts(ops.normalise(*buffers(pa.array(sorted(listed), pa.string())))))
    names = {ops.normalise(*buffers(pa.array([name]))).host(0).decode() for name in listed}
    host = ops.normalise(*buffers(pa.array([f"http://{host}/"]))).host(0).decode()

    found = blocklist.on_domains(ops.normalise(*buffers(pa.array([f"http://{host}/"]))), slots)[0]

    labels = host.split(".")
    assert found == any(".".join(labels[i:]) in names for i in range(len(labels)))


URLISH = st.one_of(st.none(), st.text(max_size=30), st.text("htp:/.@[]%#?\\w 0aé한\0", max_size=30))


@settings(max_examples=100, deadline=None)
@given(st.lists(URLISH, min_size=1, max_size=6), st.integers(0, 6))
def test_any_url_is_measured_alike_in_any_batch(urls, cut):
    stage = Url()
    whole = stage.column(batch(*[""] * len(urls), url=urls)).to_pylist()

    parts = [stage.column(batch(*[""] * len(part), url=part)).to_pylist() for part in (urls[:cut], urls[cut:]) if part]

    assert [row for part in parts for row in part] == whole
    padded = batch(*[""] * (len(urls) + 2), url=["http://x.example", *urls, None])
    assert stage.column(padded.slice(1, len(urls))).to_pylist() == whole


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(max_size=40), max_size=5))
def test_any_text_has_a_normal_form_no_longer_than_itself(urls):
    forms = ops.normalise(*buffers(pa.array(urls, pa.string())))

    sizes = np.diff(forms.offsets).tolist()
    assert all(0 <= host <= size <= len(url.encode()) for host, size, url in zip(forms.hosts, sizes, urls, strict=True))


GIVEN = {"strict": ["grill", "mart"], "hard": ["tent", "oak"], "words": ["sea", "garden", "lamp"]}


def slow_reason(url, domains):
    """RefinedWeb's rules in datatrove's order, but for words that are runs of letters here, without digits."""
    host, rest = slow_normal(url)
    labels = host.split(".")
    if {".".join(labels[i:]) for i in range(len(labels))} & domains:
        return "url_filter.blocked_domain.max"
    squeezed = "".join(character for character in host + rest if character.isalnum())
    words = set(re.split(r"[^a-z]+", host + rest))
    if any(word in squeezed for word in GIVEN["strict"]):
        return "url_filter.strict_words.max"
    if words & set(GIVEN["hard"]):
        return "url_filter.hard_words.max"
    return "url_filter.soft_words.max" if len(words & set(GIVEN["words"])) > 1 else None


@pytest.fixture(scope="module")
def given_lists(tmp_path_factory):
    folder = tmp_path_factory.mktemp("given")
    for name, words in {**GIVEN, "domains": ["oak.example", "sea"]}.items():
        (folder / name).write_text("\n".join(words))
    return Url(**{name: folder / name for name in (*GIVEN, "domains")}, default_words=False)


PART = st.sampled_from(["grill", "gr", "ill", "tent", "oak", "sea", "garden", "lamp", "mart", "x", "1", "example"])


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(PART, st.sampled_from(["", "-", "/", ".", "_"])), min_size=1, max_size=6))
def test_a_url_is_judged_as_the_rules_say_one_after_the_other(given_lists, parts):
    url = "http://a." + "".join(part + sign for part, sign in parts)

    assert verdict(given_lists, "", url=url) == slow_reason(url, {"oak.example", "sea"})


def test_a_large_block_list_holds_exactly_its_entries():
    rng = random.Random(1)
    names = pa.array([f"{rng.getrandbits(48):x}.example" for _ in range(20_000)])
    slots = blocklist.table(blocklist.hash_hosts(ops.normalise(*buffers(names[:10_000]))))

    found = blocklist.on_domains(ops.normalise(*buffers(names)), slots)

    assert found.tolist() == [True] * 10_000 + [False] * 10_000


@pytest.mark.skipif(not DATA.exists(), reason="needs the shared data")
def test_hardly_any_ordinary_page_is_condemned_by_its_address():
    with pa.input_stream(DATA / "INDEX_web_pages.jsonl.zst", compression="zstd") as stream:
        urls = [json.loads(line)["url"] for line in stream.read().decode().splitlines()]

    stage = Url()
    broken = stage.verdicts(stage.column(batch(*[""] * len(urls), url=urls)))

    assert (broken >= 0).mean() < 0.002
