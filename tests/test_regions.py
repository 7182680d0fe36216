import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate import lexicons
from curate.regions import names, regions


def region(url):
    return regions(pa.array([url], pa.string())).to_pylist()[0]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://www.example.co.ke/page?x=1.uk", "eastern_africa"),
        ("http://user:word@EXAMPLE.com.BR:8080/a", "south_america"),
        ("https://example.kr./", "eastern_asia"),
        ("https://пример.рф/страница", "eastern_europe"),
        ("https://xn--e1afmkfd.xn--p1ai", "eastern_europe"),
        ("example.in/path", "southern_asia"),
        ("https://example.com/x.de", None),
        ("https://example.io", None),
        ("https://192.168.0.1/x", None),
        ("https://[::1]/x.kr", None),
        ("", None),
        ("kr", "eastern_asia"),
        (None, None),
    ],
)
def test_a_site_is_where_its_domain_is_registered(url, expected):
    assert region(url) == expected


def test_a_domain_is_in_one_region_and_none_that_is_sold_is():
    table = lexicons.read("regions.toml")
    domains = [domain for listed in table["regions"].values() for domain in listed]

    assert len(domains) == len(set(domains))
    assert not set(domains) & set(table["sold"])
    assert all(domain == domain.lower() and domain.isascii() for domain in domains)


@given(st.lists(st.none() | st.text(), max_size=5))
def test_any_text_may_stand_for_a_url(urls):
    found = regions(pa.array(urls, pa.string()))

    assert found.type == pa.string()
    assert len(found) == len(urls)
    assert set(found.to_pylist()) <= {None, *names()}
