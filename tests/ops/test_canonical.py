"""URLs in the form in which two addresses of one page are the same, against a slow and obvious reference."""

import re
from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.ops import canonical as ops
from curate.stage import buffers

NAMES = ("sid", "utm_*")
EVERYTHING = int(ops.SCHEME | ops.WWW | ops.SLASH | ops.QUERY | ops.FRAGMENT)


def canonical(*urls, counts=int(ops.QUERY), names=NAMES):
    offsets, data = ops.canonical(*buffers(pa.array(urls, pa.string())), counts, *buffers(pa.array(names, pa.string())))
    return [bytes(data[a:b]) for a, b in pairwise(offsets)]


def escaped(part):
    def one(found):
        byte = int(found[1], 16)
        plain = re.match(rb"[A-Za-z0-9._~ -]|[^\x00-\x7f]", bytes([byte]))
        return bytes([byte]) if plain else b"%" + found[1].upper()

    pieces = re.split(rb"(%[0-9A-Fa-f]{2})", part)
    return b"".join(
        re.sub(rb"%(..)", one, piece) if i % 2 else re.sub(rb"[\t\n\r]", b"", piece) for i, piece in enumerate(pieces)
    )


def trimmed(url):
    return re.sub(rb"^[\x00-\x20]+|[\x00-\x20]+$", b"", url.encode())


def reference(url, counts, names=NAMES):
    address, _, fragment = trimmed(url).partition(b"#")
    scheme, rest = re.fullmatch(rb"(?s)((?:[A-Za-z+,\-.0-9]+:(?=[/\\]))?[/\\]*)(.*)", address).groups()
    secure = bool(re.match(rb"[^:]*[sS]:", scheme))
    before, mark, query = rest.partition(b"?")
    authority, path = re.fullmatch(rb"(?s)([^/\\]*)(.*)", before).groups()
    made = b":" * bool(secure and counts & ops.SCHEME) + host(authority, secure, counts)
    path = escaped(path).replace(b"\\", b"/")
    path = path if counts & ops.SLASH else path.rstrip(b"/")
    made += b"" if path == b"/" else path
    if mark and counts & ops.QUERY:
        kept = [part for part in query.split(b"&") if part and not ignored(part, names)]
        made += b"".join(b"?&"[i > 0 :][:1] + escaped(part) for i, part in enumerate(kept))
    if fragment and (counts & ops.FRAGMENT or fragment.startswith(b"!")):
        made += escaped(b"#" + fragment)
    return made


def host(authority, secure, counts):
    authority = authority.rpartition(b"@")[2]
    name, port = re.fullmatch(rb"(?s)(\[[^\]]*\]?|[^:]*)(.*)", authority).groups()
    name = re.sub(rb"[A-Z]+", lambda found: found[0].lower(), escaped(name)).rstrip(b".")
    if not counts & ops.WWW and re.match(rb"www\.[^.]*\.", name):
        name = name[4:]
    port = port[1:]
    default = re.fullmatch(rb"0{0,3}443" if secure else rb"0{0,3}80", port) and len(port) < 6
    return name + (b"" if not port or default else b":" + escaped(port))


def ignored(part, names):
    name = re.sub(rb"[A-Z]", lambda found: found[0].lower(), part.partition(b"=")[0]).decode("latin-1")
    return any(name.startswith(known[:-1]) if known.endswith("*") else name == known for known in names)


PARTS = ["http", "HTTPS", "://", "/", "\\", "www.", "Example", ".com", ".", ":80", ":443", ":8080", ":", "@", "[::1]"]
PARTS += ["?", "&", "=", "utm_source", "UTM_X", "sid", "a", "#", "!", "%2f", "%7E", "%c3%a4", "%", "%4", " ", "\t", "ä"]
urls = st.lists(st.sampled_from(PARTS) | st.text(max_size=3), max_size=14).map("".join)


@given(st.lists(urls, max_size=4), st.integers(0, EVERYTHING))
def test_the_kernel_does_what_the_reference_does(many, counts):
    assert canonical(*many, counts=counts) == [reference(url, counts) for url in many]


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/a?b=1",
        "HTTP://user:pw@WWW.EXAMPLE.com.:80/a//?b=1",
        " http://example.com/%61?utm_source=x&b=1&UTM_medium=y&&sid#part ",
        "//example.com:/a?b=%31",
        "http:\\\\example.com\\a?b=1",
    ],
)
def test_addresses_of_one_page_have_one_form(url):
    assert canonical(url) == [b"example.com/a?b=1"]


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/A?b=1",
        "http://example.com:8080/a?b=1",
        "http://example.com/a?b=2",
        "http://example.com/a?b=1#!/c",
        "http://example.com/a%2F?b=1",
        "http://sub.example.com/a?b=1",
        "http://example.com/a?b=1&side=2",
    ],
)
def test_addresses_of_other_pages_have_another(url):
    assert canonical(url) != canonical("http://example.com/a?b=1")


def test_what_counts_is_told_apart():
    pairs = {
        ops.SCHEME: "https://example.com/a/?b#c",
        ops.WWW: "http://www.example.com/a/?b#c",
        ops.SLASH: "http://example.com/a?b#c",
        ops.QUERY: "http://example.com/a/?d#c",
        ops.FRAGMENT: "http://example.com/a/?b#d",
    }
    for counts, other in pairs.items():
        assert len(set(canonical("http://example.com/a/?b#c", other, counts=int(counts)))) == 2
        assert len(set(canonical("http://example.com/a/?b#c", other, counts=EVERYTHING & ~int(counts)))) == 1


def test_a_hundred_thousand_parameters_are_read_in_one_pass():
    url = "http://example.com/?" + "&".join(f"utm_{i}=1" for i in range(100_000))

    assert canonical(url) == [b"example.com"]


def test_slices_and_nulls_are_read_as_they_stand():
    column = pa.array(["http://a.example/", None, "http://b.example/"]).slice(1)

    offsets, data = ops.canonical(*buffers(column), 0, *buffers(pa.array([], pa.string())))

    assert (offsets.tolist(), bytes(data)) == ([0, 0, 9], b"b.example")
