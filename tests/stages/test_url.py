import json
import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.errors import AssetError
from curate.ops import url as ops
from curate.stage import buffers
from curate.stages.url import Url
from curate.testing import batch, signals, verdict

DATA = Path(__file__).parents[2] / "../shared/data"


@pytest.fixture(scope="module")
def lists(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lists")
    (folder / "domains.txt").write_text(
        "# a comment\n\nexample.com\n0.0.0.0 ads.example tracker.example # two names\n::1 six.example\nfade.de www.dead.cafe\n"
        "||blocked.example^\n*.wild.example\n.dotted.example\nHTTP://Full.Example/page\n127.0.0.1 localhost\n"
        "münchen.example\nbad.co.uk\n[2001:db8::1]\n10.0.0.1\n! an ad blocker's comment\n",
        encoding="utf-8",
    )
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
        ("http://freepornvideos.example/", "hard_words.max"),
        ("http://x.example/p%6Frn", "hard_words.max"),
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
    stage = Url(domains=lists / "domains.txt", urls=lists / "urls.txt")

    assert verdict(stage, "", url=url) == (reason and f"url_filter.{reason}")


def test_the_users_words_add_to_the_projects_own_and_override_them(lists):
    stage = Url(words=lists / "words.txt")

    assert signals(stage, "", url="http://a.example/grill/gardening")["soft_words"] == 3
    assert signals(stage, "", url="http://a.example/sex")["soft_words"] == 0
    assert signals(stage, "", url="http://a.example/정원")["soft_words"] == 1
    assert signals(stage, "", url="http://a.example/casino")["soft_words"] == 1


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


@pytest.mark.parametrize("field", ["domains", "urls", "words"])
def test_a_missing_list_is_an_error(field):
    with pytest.raises(AssetError, match=rf"url_filter\.{field}: cannot read absent"):
        Url(**{field: "absent"}).prepare()


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
    slots = ops.table(ops.hash_hosts(ops.normalise(*buffers(pa.array(sorted(listed), pa.string())))))
    names = {ops.normalise(*buffers(pa.array([name]))).host(0).decode() for name in listed}
    host = ops.normalise(*buffers(pa.array([f"http://{host}/"]))).host(0).decode()

    found = ops.on_domains(ops.normalise(*buffers(pa.array([f"http://{host}/"]))), slots)[0]

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


def test_a_large_block_list_holds_exactly_its_entries():
    rng = random.Random(1)
    names = pa.array([f"{rng.getrandbits(48):x}.example" for _ in range(20_000)])
    slots = ops.table(ops.hash_hosts(ops.normalise(*buffers(names[:10_000]))))

    found = ops.on_domains(ops.normalise(*buffers(names)), slots)

    assert found.tolist() == [True] * 10_000 + [False] * 10_000


@pytest.mark.skipif(not DATA.exists(), reason="needs the shared data")
def test_hardly_any_ordinary_page_is_condemned_by_its_address():
    with pa.input_stream(DATA / "INDEX_web_pages.jsonl.zst", compression="zstd") as stream:
        urls = [json.loads(line)["url"] for line in stream.read().decode().splitlines()]

    stage = Url()
    broken = stage.verdicts(stage.column(batch(*[""] * len(urls), url=urls)))

    assert (broken >= 0).mean() < 0.002
